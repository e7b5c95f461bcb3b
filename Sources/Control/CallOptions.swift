// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus

/// How a pairing that somebody asks for is to be done.
public struct PairOptions: Sendable, Hashable {
    /// For the whole pairing, in seconds; `nil` for the rule's own.
    public var timeout: UInt32?
    /// Is a bond that is there replaced?
    public var isForced = false

    /// - Throws: ``ControlError/invalidArgument(_:)`` for options that are not known or have another type.
    init(_ values: [String: Value]) throws(DBusError) {
        let values = try options(values, allowing: ["force", "timeout"])
        isForced = try option("force", values, "true or false, of type b", as: Bool.self) ?? false
        let form = "a number of seconds from 1 to 3600, of type u"
        timeout = try option("timeout", values, form, as: UInt32.self)
        if let timeout, !(1...3600).contains(timeout) { throw ControlError.invalidArgument("timeout is \(form)") }
    }
}

/// The options of a call; one that is not known is refused rather than passed over.
func options(_ options: [String: Value], allowing known: Set<String>) throws(DBusError) -> [String: Value] {
    if let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
        throw ControlError.invalidArgument("there is no option \(UntrustedText(unknown))")
    }
    return options
}

/// An option of one type; `nil` when it is not given.
func option<Converted: ValueConvertible>(
    _ name: String, _ options: [String: Value], _ form: String, as type: Converted.Type
) throws(DBusError) -> Converted? {
    guard let value = options[name] else { return nil }
    guard let converted: Converted = value.converted() else {
        throw ControlError.invalidArgument("\(name) is \(form)")
    }
    return converted
}
