// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@Suite("A gate")
struct GateTests {
    init() { TestLoop.start() }

    @Test("Lets as many in as fit, and the others in their order as those leave")
    @LoopActor func order() async {
        let gate = Gate(width: 2)
        var inside: [Int] = []
        for number in 0..<4 {
            onLoop {
                await gate.enter()
                inside.append(number)
            }
        }
        #expect(await eventually { inside == [0, 1] })
        await sleep(microseconds: 1000)
        #expect(inside == [0, 1])
        gate.leave()
        #expect(await eventually { inside == [0, 1, 2] })
        gate.leave()
        #expect(await eventually { inside == [0, 1, 2, 3] })
    }

    @Test("Has room again for each that left while nobody waited")
    @LoopActor func room() async {
        let gate = Gate(width: 1)
        for _ in 0..<3 {
            await gate.enter()
            gate.leave()
        }
        await gate.enter()
        var isInside = false
        onLoop {
            await gate.enter()
            isInside = true
        }
        await sleep(microseconds: 1000)
        #expect(!isInside)
    }
}
