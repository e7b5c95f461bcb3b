// SPDX-License-Identifier: Apache-2.0

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
    private var pairings: [PairingNumber: PairingObject] = [:]
    private var requests: [RequestNumber: RequestObject] = [:]
    private var devices: [ObjectPath: DeviceObject] = [:]

    public init(connection: Connection, commands: any Commands) {
        objects = connection.objects
        self.commands = commands
        manager = ManagerObject(commands: commands)
        let authorizer = Authorizer(connection: connection)
        objects.authorize = { (call, _) throws(DBusError) in try await authorizer.authorize(call) }
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
            objects.emit(
                RequestObject.path(snapshot.number), RequestObject.interface.name, "Finished",
                [.string(snapshot.outcome?.rawValue ?? ""), .uint32(snapshot.actor?.uid ?? UInt32.max)])
        case .requestRemoved(let number):
            requests[number] = nil
            objects.unexport(RequestObject.path(number))
        }
    }

    /// Shows a device, anew or with what has changed; `nil` takes it away.
    public func show(_ view: DeviceView?, at path: ObjectPath) {
        guard let view else {
            if let object = devices.removeValue(forKey: path) { objects.unexport(DeviceObject.path(object.view)) }
            return
        }
        // The object's path is made of the address, which a private one's resolution changes.
        if let object = devices[path], DeviceObject.path(object.view) == DeviceObject.path(view) {
            if object.view != view { objects.change(DeviceObject.path(view)) { object.view = view } }
            return
        }
        if let object = devices[path] { objects.unexport(DeviceObject.path(object.view)) }
        let object = DeviceObject(view, commands: commands)
        devices[path] = object
        objects.export(object, at: DeviceObject.path(view), [DeviceObject.interface])
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
