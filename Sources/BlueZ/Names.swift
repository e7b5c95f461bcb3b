// SPDX-License-Identifier: Apache-2.0

import DBus

/// The names that BlueZ has on the bus (`doc/org.bluez.*.rst` in its source).
enum Names {
    static let service = "org.bluez"
    static let root: ObjectPath = "/"
    static let namespace: ObjectPath = "/org/bluez"
    static let agentManager = "org.bluez.AgentManager1"
    static let agent = "org.bluez.Agent1"
    static let adapter = "org.bluez.Adapter1"
    static let advertisingManager = "org.bluez.LEAdvertisingManager1"
    static let advertisement = "org.bluez.LEAdvertisement1"
    static let device = "org.bluez.Device1"
    static let objectManager = "org.freedesktop.DBus.ObjectManager"
    static let properties = "org.freedesktop.DBus.Properties"
}
