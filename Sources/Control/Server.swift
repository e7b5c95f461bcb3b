// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import DBus
public import EventLoop
public import Pairing

/// `org.pairingd` on the bus: publishes what the brain and BlueZ tell, and takes commands.
@LoopActor
public final class Server {
    public static let name = "org.pairingd"

    private let objects: ObjectServer
    private let commands: any Commands
    private let manager: ManagerObject
    private let authorizer: Authorizer
    private var pairings: [PairingNumber: PairingObject] = [:]
    private var requests: [RequestNumber: RequestObject] = [:]
    /// By BlueZ's paths.
    private var devices: [ObjectPath: DeviceObject] = [:]
    /// By our own, the one that is shown last: BlueZ has two objects of one device while a private address was resolved to
    /// one that it knows.
    private var devicesByOwnPath: [ObjectPath: [DeviceObject]] = [:]

    public init(connection: Connection, commands: any Commands, authorizer: Authorizer) {
        objects = connection.objects
        self.commands = commands
        self.authorizer = authorizer
        manager = ManagerObject(commands: commands)
        objects.authorize = { [weak self] (call, access) throws(DBusError) in
            try await authorizer.authorize(call, access, about: self?.details(of: call) ?? [:])
        }
        objects.export(manager, at: ManagerObject.path, [ManagerObject.interface])
        objects.manageObjects(at: ManagerObject.path)
    }

    /// Announces what has changed in the manager's properties.
    public func managerChanged() {
        let state = commands.managerState
        guard state != manager.state else { return }
        objects.change(ManagerObject.path) { manager.state = state }
    }

    public func publish(_ publication: Publication) {
        switch publication {
        case .pairingAdded(let snapshot):
            let object = PairingObject(snapshot, commands: commands)
            pairings[snapshot.number] = object
            objects.export(object, at: PairingObject.path(snapshot.number), [PairingObject.interface])
        case .pairingChanged(let snapshot):
            guard let object = pairings[snapshot.number] else { return }
            let kept: Set = object.snapshot.profile == snapshot.profile ? ["Profile"] : []
            objects.change(PairingObject.path(snapshot.number), keeping: kept) { object.snapshot = snapshot }
        case .pairingRemoved(let number):
            pairings[number] = nil
            objects.unexport(PairingObject.path(number))
        case .requestAdded(let snapshot):
            let object = RequestObject(snapshot, commands: commands)
            requests[snapshot.number] = object
            objects.export(object, at: RequestObject.path(snapshot.number), [RequestObject.interface])
        case .requestChanged(let snapshot):
            change(snapshot)
        case .requestFinished(let snapshot):
            change(snapshot)
            let path = RequestObject.path(snapshot.number)
            if let outcome = snapshot.outcome {
                // Nobody needs to give a password for an answer that comes too late.
                let error = outcome == .expired ? CommandError.expired : .alreadyAnswered(outcome)
                authorizer.giveUp(on: path, error.onTheBus)
            }
            objects.emit(
                path, RequestObject.interface.name, "Finished",
                [.string(snapshot.outcome?.rawValue ?? ""), .uint32(snapshot.actor?.uid ?? UInt32.max)])
        case .requestRemoved(let number):
            requests[number] = nil
            objects.unexport(RequestObject.path(number))
        }
    }

    /// Shows a device, anew or with what has changed; `nil` takes it away.
    public func show(_ view: DeviceView?, at path: ObjectPath) {
        guard let view else {
            if let object = devices.removeValue(forKey: path) { hide(object) }
            return
        }
        // The object's path is made of the address, which a private one's resolution changes.
        if let object = devices[path], DeviceObject.path(object.view) == DeviceObject.path(view) {
            if object.view != view { objects.change(DeviceObject.path(view)) { object.view = view } }
            return
        }
        let old = devices[path]
        let object = DeviceObject(view, commands: commands)
        devices[path] = object
        if let old { hide(old) }
        export(object)
    }

    private func export(_ object: DeviceObject) {
        let path = DeviceObject.path(object.view)
        devicesByOwnPath[path, default: []].append(object)
        objects.export(object, at: path, [DeviceObject.interface])
    }

    /// Takes an object away; another of the same device takes its place.
    private func hide(_ object: DeviceObject) {
        let path = DeviceObject.path(object.view)
        let shown = devicesByOwnPath[path]?.last
        devicesByOwnPath[path]?.removeAll { $0 === object }
        if let next = devicesByOwnPath[path]?.last {
            if next !== shown { objects.export(next, at: path, [DeviceObject.interface]) }
        } else {
            devicesByOwnPath[path] = nil
            objects.unexport(path)
        }
    }

    /// Takes all devices away.
    public func showNoDevices() {
        for path in Array(devices.keys) { show(nil, at: path) }
    }

    private func change(_ snapshot: RequestSnapshot) {
        guard let object = requests[snapshot.number] else { return }
        objects.change(RequestObject.path(snapshot.number)) { object.snapshot = snapshot }
    }
}

extension Server {
    /// What polkit is told of what a call is about. Where it is about no device that is known, `device` says so.
    private func details(of call: MethodCall) -> [String: String] {
        let number = call.path.elements.last.flatMap { UInt64($0) }
        if let number, let pairing = pairings[PairingNumber(number)]?.snapshot,
            PairingObject.path(pairing.number) == call.path
        {
            return details(pairing.address, pairing.name, pairing.rule)
        }
        if let number, let request = requests[RequestNumber(number)]?.snapshot,
            RequestObject.path(request.number) == call.path
        {
            return details(request.address, request.name, request.rule)
        }
        if let view = devicesByOwnPath[call.path]?.last?.view {
            return details(view.address, view.name, view.rule)
        }
        // Elsewhere an argument may be a PIN.
        guard call.path == ManagerObject.path, case .string(let target)? = call.arguments.first else { return [:] }
        return details(ofDevice: target)
    }

    /// - Parameter target: An address, `hci0/address`, or a BlueZ object path.
    private func details(ofDevice target: String) -> [String: String] {
        if let path = ObjectPath(target), let view = devices[path]?.view {
            return details(view.address, view.name, view.rule)
        }
        let parts = target.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.last.flatMap({ Address(String($0)) }) else {
            return [Authorizer.Detail.device: "an unknown device"]
        }
        let views = devices.values.map(\.view).filter {
            $0.address == address && (parts.count == 1 || $0.adapter == parts[0])
        }
        // On several adapters it may have several rules.
        return details(address, views.first?.name, views.count == 1 ? views.first?.rule : nil)
    }

    private func details(_ address: Address, _ name: UntrustedText?, _ rule: String?) -> [String: String] {
        var details = [Authorizer.Detail.device: address.description]
        if let name { details[Authorizer.Detail.name] = name.description }
        if let rule, !rule.isEmpty { details[Authorizer.Detail.rule] = rule }
        return details
    }
}
