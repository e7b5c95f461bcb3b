// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Glibc

/// What libFuzzer calls with one input after the other. A crash, a hang and a broken promise are findings.
public typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// Runs libFuzzer with the program's arguments until they say to end.
public func fuzz(_ target: FuzzTarget) -> Never {
    // SwiftPM links a program to its own module's main, never to the one in libFuzzer.
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, target))
}

/// One input as libFuzzer hands it over.
public func octets(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: bytes, count: count))
}

/// Ends the process if a promise is broken, which is how libFuzzer learns of it.
public func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) {
    if condition { return }
    let line = Array("broken: \(otherwise())\n".utf8)
    write(STDERR_FILENO, line, line.count)
    abort()
}
