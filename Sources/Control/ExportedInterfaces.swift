// SPDX-License-Identifier: Apache-2.0

public import DBus

extension Server {
    /// Every interface of `org.pairingd`, for the manual.
    public static var documentation: [InterfaceDocumentation] {
        [
            ManagerObject.interface.documentation, DeviceObject.interface.documentation,
            PairingObject.interface.documentation, RequestObject.interface.documentation,
        ]
    }
}
