// SPDX-License-Identifier: Apache-2.0
//
// Between BlueZ's objects on the bus and the values that the brain works with.

import BlueZ
import Bluetooth
import DBus
import Pairing
import Policy

extension AdapterSnapshot {
    init(_ adapter: Adapter) {
        self.init(
            reference: AdapterReference(path: adapter.path.text), address: adapter.address,
            isPowered: adapter.isPowered, isDiscovering: adapter.isDiscovering, isPairable: adapter.isPairable,
            isDiscoverable: adapter.isDiscoverable)
    }
}

extension DeviceReference {
    init(_ device: Device) {
        self.init(path: device.path.text, adapter: AdapterReference(path: device.adapter.text))
    }

    /// The path came from BlueZ, so it is one.
    var objectPath: ObjectPath { ObjectPath(path) ?? "/" }
}

extension AdapterReference {
    var objectPath: ObjectPath { ObjectPath(path) ?? "/" }
}

extension DeviceSnapshot {
    init(_ device: Device) {
        self.init(
            reference: DeviceReference(device), facts: DeviceFacts(device), isPaired: device.isPaired,
            isBonded: device.isBonded, isConnected: device.isConnected, isTrusted: device.isTrusted,
            isInRange: device.isInRange,
            heardAt: device.heardAt.map { MonotonicTime(microseconds: $0) })
    }
}

extension DeviceFacts {
    init(_ device: Device) {
        self.init(
            address: device.address, addressType: device.addressType, name: device.name, services: device.services,
            manufacturerData: device.manufacturerData)
        serviceData = device.serviceData
        advertisingData = device.advertisingData
        transports = device.transports
        appearance = device.appearance
        deviceClass = device.deviceClass
        icon = device.icon
    }
}

extension AgentRole {
    init(_ role: Agent.Role) {
        switch role {
        case .default: self = .default
        case .initiator(let capability): self = .capability(capability)
        }
    }
}

extension AgentQuestion.Kind {
    /// `nil` for the calls that are no question.
    init?(_ question: AgentCall.Question, token: AgentToken) {
        switch question {
        case .release, .cancel: return nil
        case .pinCode: self = .pinCode(token)
        case .displayPINCode(let pin): self = .displayPINCode(pin, token)
        case .passkey: self = .passkey(token)
        case .displayPasskey(let passkey, let entered): self = .displayPasskey(passkey, entered: entered)
        case .confirmation(let passkey): self = .confirmation(passkey, token)
        case .authorization: self = .authorization(token)
        case .service(let uuid): self = .service(uuid, token)
        }
    }
}

extension AgentCall.Answer {
    init(_ reply: AgentReply) {
        switch reply {
        case .accept: self = .accepted
        case .passkey(let passkey): self = .passkey(passkey)
        case .pinCode(let pin): self = .pinCode(pin)
        case .rejected: self = .rejected("pairingd: refused")
        case .canceled: self = .canceled("pairingd: nobody answered")
        }
    }
}

extension BlueZError {
    init(_ error: DBusError) {
        // Our calls have no deadline on the bus: no reply means that bluetoothd left without giving one.
        let isGone = error.name == "org.freedesktop.DBus.Error.NoReply"
        self.init(
            name: isGone ? "org.freedesktop.DBus.Error.ServiceUnknown" : error.name,
            message: UntrustedText(error.message))
    }
}
