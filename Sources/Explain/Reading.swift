// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

/// What a trace says of one attempt, sorted by what an explanation asks: each packet once, each end once, with its place.
struct Reading: Sendable {
    /// Something of the trace, with when it was and where it stands.
    struct Seen<Value: Sendable>: Sendable {
        var value: Value
        /// Microseconds since the epoch.
        var time: UInt64
        var index: Int
    }

    struct Features: Sendable {
        var direction: MonitorDirection
        var features: PairingFeatures
    }

    struct Failure: Sendable {
        var direction: MonitorDirection
        var reason: PairingFailureReason
    }

    /// A question of the kernel, and what became of it.
    struct Question: Sendable {
        var kind: ManagementQuestion
        var isHint: Bool
        var answer: Seen<Bool>?
    }

    var transport: Transport?
    var role: LinkRole?
    var stage = Report.Stage.notStarted

    var connected: Seen<Void>?
    var connectionFailed: Seen<HCIErrorCode>?
    var disconnected: Seen<HCIErrorCode>?
    /// The kernel's word for the end of the link, where HCI's was not seen.
    var managementEnd: Seen<UInt8>?

    var securityRequest: Seen<(direction: MonitorDirection, requirements: AuthenticationRequirements)>?
    var request: Seen<Features>?
    var response: Seen<Features>?
    var publicKeys: [MonitorDirection: PublicKeyKind] = [:]
    var dhKeyChecks: Set<MonitorDirection> = []
    var failure: Seen<Failure>?
    var lastPacket: Seen<MonitorDirection>?

    var isEncrypted = false
    /// Encryption that was tried and failed, on an LE link with the key of a bond.
    var encryptionFailed: Seen<HCIErrorCode>?
    /// Authentication over BR/EDR.
    var authenticationFailed: Seen<HCIErrorCode>?
    var longTermKeyMissingHere: Seen<Void>?
    var classicFeatures: [MonitorDirection: SimplePairingFeatures] = [:]
    var classicRefused: Seen<HCIErrorCode>?
    /// Simple Pairing that came to a bad end.
    var classicFailed: Seen<HCIErrorCode>?
    var usedPIN = false
    /// Did the host say no, over BR/EDR?
    var isRefusedByHost = false

    var keys: [PairingKey] = []
    var pairDevice: Seen<UInt8>?
    var pairDeviceEnded: Seen<ManagementStatus>?
    /// The kernel's word that authentication failed.
    var failedStatus: Seen<ManagementStatus>?
    var cancelCommand: Seen<Void>?
    var question: Seen<Question>?
    var passkeyShown = false
    var isBondable: Bool?
    /// The adapter's capability as programs set it, the oldest first.
    var capabilities: [Seen<UInt8>] = []
    var unreadable = 0

    var attempt = 1
    var pairCalled: IOCapability?
    /// The name of the error that `Pair()` returned.
    var pairError: String?
    var isCancelledHere = false
    var ownAnswer: Seen<(isPositive: Bool, by: String)>?
    var wasAsked = false

    /// Each attempt that a trace has; there is at least one.
    static func attempts(in trace: Trace) -> [Reading] {
        var earlier: [Reading] = []
        var current = Reading()
        for (index, step) in trace.steps.enumerated() {
            if current.endsBefore(step.event) {
                earlier.append(current)
                current = Reading(after: current)
            }
            current.take(step.event, Stamp(time: step.time, index: index))
        }
        return earlier + [current]
    }

    private init() {}

    /// What goes on from one attempt to the next: the link, and the adapter's state.
    private init(after earlier: Reading) {
        transport = earlier.transport
        role = earlier.role
        isBondable = earlier.isBondable
        capabilities = earlier.capabilities
        attempt = earlier.attempt
        unreadable = earlier.unreadable
        if earlier.disconnected == nil, earlier.connected != nil {
            connected = earlier.connected
            stage = .connected
        }
    }

    /// Is this the beginning of another attempt? A request after a failure is, and what the daemon says is.
    private func endsBefore(_ event: TraceEvent) -> Bool {
        switch event {
        case .own(.attempt(let number)): number > 1
        // Over BR/EDR it settles keys of the pairing that goes on.
        case .packet(_, .pairingRequest): transport != .bredr && (failure != nil || isComplete)
        case .command(.pairDevice): pairDeviceEnded != nil && pairCalled == nil
        default: false
        }
    }

    // MARK: One step

    /// When and where a step is.
    private struct Stamp {
        let time: UInt64
        let index: Int

        func on<Value>(_ value: Value) -> Seen<Value> { Seen(value: value, time: time, index: index) }
    }

    private mutating func take(_ event: TraceEvent, _ stamp: Stamp) {
        switch event {
        case .connected(let transport, let role):
            self.transport = transport
            self.role = role
            connected = stamp.on(())
            disconnected = nil
            managementEnd = nil
            connectionFailed = nil
            reach(.connected)
        case .connectionFailed(let code):
            connectionFailed = stamp.on(code)
            reach(.connecting)
        case .disconnected(let code): disconnected = disconnected ?? stamp.on(code)
        case .packet(let direction, let packet): take(packet, direction, stamp)
        case .encryption(let change) where change.status == .success:
            isEncrypted = change.isEnabled
            if change.isEnabled, stage >= .features { reach(.encryption) }
        case .encryption(let change): encryptionFailed = encryptionFailed ?? stamp.on(change.status)
        case .encryptionKeyRefreshed(.success):
            isEncrypted = true
            if stage >= .features { reach(.encryption) }
        case .encryptionKeyRefreshed(let status): encryptionFailed = encryptionFailed ?? stamp.on(status)
        case .authenticationFailed(let code): authenticationFailed = stamp.on(code)
        case .longTermKeyRequested, .longTermKeyAnswered(isKnown: true): break
        case .longTermKeyAnswered: longTermKeyMissingHere = stamp.on(())
        case .simplePairing(let step): take(step, stamp)
        case .command(let command): take(command, stamp)
        case .management(let event): take(event, stamp)
        case .own(let step): take(step, stamp)
        case .unreadable: unreadable += 1
        }
    }

    private mutating func take(_ packet: TracePacket, _ direction: MonitorDirection, _ stamp: Stamp) {
        lastPacket = stamp.on(direction)
        switch packet {
        case .securityRequest(let requirements):
            securityRequest = securityRequest ?? stamp.on((direction, requirements))
        case .pairingRequest(let features):
            request = stamp.on(Features(direction: direction, features: features))
            reach(.features)
        case .pairingResponse(let features):
            response = stamp.on(Features(direction: direction, features: features))
            reach(.features)
        case .pairingPublicKey(let kind):
            publicKeys[direction] = kind
            reach(.publicKeys)
        case .pairingConfirm, .pairingRandom, .pairingKeypressNotification: reach(.authentication)
        case .pairingDHKeyCheck:
            dhKeyChecks.insert(direction)
            reach(.dhKeyCheck)
        case .pairingFailed(let reason):
            failure = failure ?? stamp.on(Failure(direction: direction, reason: reason))
        case .encryptionInformation, .centralIdentification, .identityInformation, .identityAddressInformation,
            .signingInformation:
            reach(.keyDistribution)
        }
    }

    private mutating func take(_ step: SimplePairingStep, _ stamp: Stamp) {
        switch step {
        case .ioCapability(let direction, let features):
            classicFeatures[direction] = features
            reach(.features)
        case .ioCapabilityRefused(let code): classicRefused = stamp.on(code)
        case .asked(.pinCode):
            usedPIN = true
            reach(.authentication)
        case .asked(.confirmation), .asked(.passkey), .passkeyShown: reach(.authentication)
        case .completed(.success): reach(.encryption)
        case .completed(let code): classicFailed = classicFailed ?? stamp.on(code)
        case .answered(.linkKey, _), .answered(_, isPositive: true), .asked(.linkKey): break
        case .answered: isRefusedByHost = true
        }
    }

    private mutating func take(_ command: ManagementCommand, _ stamp: Stamp) {
        switch command {
        case .setBondable(let value): isBondable = value
        case .setIOCapability(let value): capabilities.append(stamp.on(value))
        case .pairDevice(_, let value):
            pairDevice = stamp.on(value)
            reach(.connecting)
        case .cancelPairDevice: cancelCommand = stamp.on(())
        case .reply(let kind, _, let isPositive):
            guard question?.value.kind == kind, question?.value.answer == nil else { return }
            question?.value.answer = stamp.on(isPositive)
        case .unpairDevice, .disconnect: break
        }
    }

    private mutating func take(_ event: ManagementEvent, _ stamp: Stamp) {
        switch event {
        case .newKey(_, let key):
            keys.append(key)
            if stage >= .features { reach(.done) }
        case .settings(let value): isBondable = value
        case .pairDeviceEnded(_, let status):
            pairDeviceEnded = stamp.on(status)
            if status == .success { reach(.done) }
        case .asked(let kind, _, let isHint):
            // Mirrored once for each program that listens.
            guard question?.value.kind != kind || question?.value.answer != nil else { return }
            question = stamp.on(Question(kind: kind, isHint: isHint))
        case .passkeyShown: passkeyShown = true
        case .authenticationFailed(_, let status): failedStatus = stamp.on(status)
        case .connectFailed: reach(.connecting)
        case .disconnected(_, let reason): managementEnd = managementEnd ?? stamp.on(reason)
        case .newIdentity, .unpaired: break
        }
    }

    private mutating func take(_ step: OwnStep, _ stamp: Stamp) {
        switch step {
        case .attempt(let number): attempt = number
        case .pairCalled(let capability):
            pairCalled = capability
            reach(.connecting)
        case .pairReturned(let error): pairError = error
        case .asked: wasAsked = true
        case .answered(_, let isPositive, let by): ownAnswer = stamp.on((isPositive, by))
        case .cancelled: isCancelledHere = true
        case .questionCancelled, .disconnected, .undone, .pairableChanged: break
        }
    }

    private mutating func reach(_ stage: Report.Stage) { self.stage = max(self.stage, stage) }
}

extension Reading {
    /// What request and response lead to; `nil` until both are seen, and over BR/EDR.
    var agreement: PairingAgreement? {
        guard transport != .bredr, let request, let response, request.value.direction != response.value.direction
        else { return nil }
        return PairingAgreement(request: request.value.features, response: response.value.features)
    }

    /// What our side said in it.
    var ours: PairingFeatures? { features(.sent) }
    var theirs: PairingFeatures? { features(.received) }

    private func features(_ direction: MonitorDirection) -> PairingFeatures? {
        if let request, request.value.direction == direction { return request.value.features }
        if let response, response.value.direction == direction { return response.value.features }
        return nil
    }

    /// Did our side send the Pairing Request?
    var isInitiator: Bool? { request.map { $0.value.direction == .sent } ?? role.map { $0 == .central } }

    /// Has a pairing been seen to begin?
    var hasBegun: Bool { request != nil || !classicFeatures.isEmpty || usedPIN }

    /// Did it come to its good end, as far as can be seen?
    var isComplete: Bool { stage == .done && failure == nil && failedStatus == nil }

    /// Did a program become the default agent shortly before a pairing that the device, or a link, began?
    var hasNewDefaultAgent: Bool {
        guard pairDevice == nil, pairCalled == nil, capabilities.count > 1, let last = capabilities.last, let connected,
            capabilities.contains(where: { $0.value != last.value })
        else { return false }
        return last.time + 10_000_000 >= connected.time
    }

    /// Microseconds between a question of the kernel and its answer.
    var answerDelay: UInt64? {
        guard let question, let answer = question.value.answer else { return nil }
        return answer.time >= question.time ? answer.time - question.time : 0
    }
}
