// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Control
import DBus
import EventLoop
import Explain
import Pairing
import Policy

extension Daemon: Commands {
    var managerState: ManagerState {
        var state = ManagerState()
        state.version = Release.version
        state.isBlueZRunning = client.isRunning
        state.defaultAgent = client.defaultAgent.rawValue
        state.defaultIOCapability = client.defaultCapability.rawValue
        state.adapters = client.objects.adapters.keys.sorted()
        state.policyFiles = policy.rules.map(\.file)
        state.policyErrors = policyErrors.map(\.description)
        state.policyWarnings = policy.warnings.map(\.description)
        state.windowUntil = coordinator.window?.until.realtime ?? 0
        state.pendingRequests = UInt32(clamping: coordinator.openRequestCount)
        state.activePairing = coordinator.oldestPairing
        state.isMonitorAvailable = isMonitorAvailable
        return state
    }

    func pair(_ device: String, _ options: PairOptions, actor: Actor) throws(DBusError) -> PairingNumber {
        let target = try target(device)
        let seconds = options.timeout.map { Duration.seconds(Int64($0)) }
        let result = try onTheBus { () throws(CommandError) in
            try coordinator.pair(target, timeout: seconds, isForced: options.isForced, actor: actor, at: now)
        }
        perform(result.effects)
        return result.number
    }

    func forget(_ device: String, actor: Actor, _ completion: @escaping @LoopActor (DBusError?) -> Void) {
        nextToken += 1
        let token = CommandToken(nextToken)
        do throws(DBusError) {
            let target = try target(device)
            let effects = try onTheBus { () throws(CommandError) in
                try coordinator.forget(target, token: token, actor: actor, at: now)
            }
            forgetting[token] = completion
            perform(effects)
        } catch {
            completion(error)
        }
    }

    func reload(actor: Actor) throws(DBusError) {
        do throws(PolicyErrors) {
            try reload()
        } catch {
            let others = error.errors.count > 1 ? " (and \(error.errors.count - 1) more)" : ""
            throw ControlError.policyInvalid("\(error.errors.first?.description ?? "")\(others)")
        }
    }

    func openWindow(_ seconds: UInt32, devices: [String], actor: Actor) throws(DBusError) -> UInt64 {
        let settings = policy.configuration.window
        let duration = seconds == 0 ? settings.duration : .seconds(Int64(seconds))
        guard duration <= settings.longest else {
            throw ControlError.invalidArgument(
                "a window may be open for \(Timespan.text(settings.longest)) at most ([window] longest in pairingd.toml)"
            )
        }
        guard devices.count <= Self.mostDevicesOfWindow else {
            throw ControlError.invalidArgument("a window is for \(Self.mostDevicesOfWindow) devices at most")
        }
        var addresses: Set<Address> = []
        for device in devices {
            switch try target(device) {
            case .address(let address, _): addresses.insert(address)
            case .device(let reference):
                if let address = client.objects.devices[reference.objectPath]?.address { addresses.insert(address) }
            }
        }
        let (window, effects) = coordinator.openWindow(for: duration, devices: addresses, actor: actor, at: now)
        perform(effects)
        return window.until.realtime
    }

    private static let mostDevicesOfWindow = 256

    func closeWindow(actor: Actor) {
        perform(coordinator.closeWindow(actor: actor, at: now))
    }

    func cancel(_ pairing: PairingNumber, actor: Actor) throws(DBusError) {
        let effects = try onTheBus { () throws(CommandError) in
            try coordinator.cancelPairing(pairing, actor: actor, at: now)
        }
        perform(effects)
    }

    func explain(_ pairing: PairingNumber) throws(DBusError) -> Report {
        try onTheBus { () throws(CommandError) in try coordinator.report(of: pairing) }
    }

    func answer(_ request: RequestNumber, with answer: RequestAnswer, actor: Actor) throws(DBusError) {
        let effects = try onTheBus { () throws(CommandError) in
            try coordinator.answer(request, with: answer, actor: actor, at: now)
        }
        perform(effects)
    }

    func digits(of request: RequestNumber) throws(DBusError) -> String {
        try onTheBus { () throws(CommandError) in try coordinator.digits(of: request, at: now) }.text
    }

    // MARK: Targets

    /// An address, `hci0/address`, or a BlueZ object path.
    func target(_ text: String) throws(DBusError) -> Target {
        if let path = ObjectPath(text) {
            guard let device = client.objects.devices[path] else {
                throw ControlError.unknownDevice("BlueZ has no device \(path)")
            }
            return .device(DeviceReference(device))
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.last.flatMap({ Address(String($0)) }), parts.count <= 2 else {
            throw ControlError.invalidArgument(
                "\(UntrustedText(text)) is no device: give an address such as 00:5F:BF:71:81:18, hci0/00:5F:BF:71:81:18,"
                    + " or a BlueZ object path")
        }
        guard parts.count == 2 else { return .address(address, adapter: nil) }
        let adapters = client.objects.adapters.values.map { AdapterReference(path: $0.path.text) }
        guard let adapter = adapters.first(where: { $0.name == parts[0] }) else {
            throw ControlError.notReady("there is no adapter \(UntrustedText(String(parts[0])))")
        }
        return .address(address, adapter: adapter)
    }

    private func onTheBus<Result>(_ body: () throws(CommandError) -> Result) throws(DBusError) -> Result {
        do throws(CommandError) {
            return try body()
        } catch {
            throw error.onTheBus
        }
    }
}
