// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import DBus
import EventLoop

/// One device, pairing or request in full.
struct Show: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show all that pairingd knows of one device, pairing or request.",
        discussion: """
            <what> is a device (its address, hci0/ADDRESS, an object path, or its name), or the number of a pairing or a \
            request, which never have the same. pairingctl devices and pairingctl requests list what there is.
            """)

    @ArgumentParser.Argument(
        help: "A device, or the number of a pairing or request.", completion: Candidates.everything)
    var what: String
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        // A device without a name is not meant.
        if what.isEmpty { throw ValidationError("name a device, a pairing or a request.") }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let objects = try await session.connect().objects()
        let subject = Subject(what)
        guard let found = objects.lazy.compactMap({ Shown($0, $1) }).filter({ subject.fits($0) }).min() else {
            throw Failure(
                .notFound,
                "\(what): pairingd knows no such device, pairing or request; pairingctl devices lists devices")
        }
        let output = session.output
        if output.isJSON { output.document(found.document) }
        for line in found.sheet.lines(within: output.columns) { output.line(line) }
        return .done
    }
}

/// What a person named.
private enum Subject {
    case number(UInt64)
    case path(ObjectPath)
    case device(Address, adapter: String?)
    case name(String)

    init(_ word: String) {
        // A file never matters here.
        switch ExplainSubject(word, fileExists: { _ in false }) {
        case .pairing(let number): self = .number(number)
        case .device(let address, let adapter): self = .device(address, adapter: adapter)
        case .latest, .capture, .name: self = ObjectPath(word).map { .path($0) } ?? .name(word)
        }
    }

    func fits(_ shown: Shown) -> Bool {
        switch (self, shown) {
        case (.number(let number), .pairing(let pairing)): pairing.number == number
        case (.number(let number), .request(let request)): request.number == number
        case (.path(let path), _): shown.path == path
        case (.device(let address, let adapter), .device(let device)):
            device.address == address.description && (adapter == nil || device.adapter == adapter)
        // pairingd gives names escaped.
        case (.name(let name), .device(let device)): [name, UntrustedText(name).description].contains(device.name)
        default: false
        }
    }
}

/// An object of pairingd's that can be shown.
private enum Shown: Comparable {
    case device(DeviceInfo)
    case pairing(PairingInfo)
    case request(RequestInfo)

    init?(_ path: ObjectPath, _ interfaces: [String: [String: Value]]) {
        if let device = DeviceInfo(path: path, interfaces: interfaces) {
            self = .device(device)
        } else if let request = RequestInfo(path: path, interfaces: interfaces) {
            self = .request(request)
        } else if let values = interfaces[Names.pairing] {
            self = .pairing(PairingInfo(path: path, properties: Properties(values)))
        } else {
            return nil
        }
    }

    var path: ObjectPath {
        switch self {
        case .device(let device): device.path
        case .pairing(let pairing): pairing.path
        case .request(let request): request.path
        }
    }

    /// Of several devices of one name the same is shown each time.
    static func < (left: Shown, right: Shown) -> Bool { left.path < right.path }
    static func == (left: Shown, right: Shown) -> Bool { left.path == right.path }

    var document: JSON {
        switch self {
        case .device(let device): return device.document
        case .request(let request): return request.document
        case .pairing(let pairing):
            let profile = pairing.properties.settings("Profile").map { (key: $0.key, value: JSON.string($0.value)) }
            return pairing.document.adding([(key: "profile", value: .object(profile))])
        }
    }

    var sheet: FactSheet {
        switch self {
        case .device(let device): device.sheet
        case .pairing(let pairing): pairing.sheet
        case .request(let request): request.sheet
        }
    }
}

extension DeviceInfo {
    fileprivate var sheet: FactSheet {
        let isPaired = properties.flag("Paired")
        var sheet = FactSheet("\("●", isPaired ? .green : .dim) \(title, .bold)")
        sheet.add("adapter", adapter)
        sheet.add("connected", properties.flag("Connected") ? "yes" : "no")
        let bond = properties.flag("Bonded") ? "bonded" : isPaired ? "paired, without a bond" : "none"
        sheet.add("bond", properties.text("BondState") == "lost" ? "lost: the device has forgotten it" : bond)
        sheet.add("keys", properties.strength)
        let rule = properties.text("Rule")
        sheet.add("rule", rule.isEmpty ? "none: it would be refused" : rule)
        sheet.add("last result", properties.text("LastResult"))
        sheet.add("last paired", properties.moment("LastPaired"))
        let failures = properties.count("Failures")
        sheet.add("failures", failures == 0 ? "" : "\(failures) in a row", .yellow)
        return sheet
    }
}

extension PairingInfo {
    fileprivate var sheet: FactSheet {
        let style: Style = result.isEmpty ? .yellow : ResultText(result).isSuccess ? .green : .red
        var sheet = FactSheet("\("●", style) pairing \(number ?? 0): \(title, .bold)")
        sheet.add("adapter", properties.text("Adapter"))
        sheet.add("origin", properties.text("Origin"))
        sheet.add("state", result.isEmpty ? state : "")
        sheet.add("attempt", attempt > 1 ? String(attempt) : "")
        sheet.add("result", result, style)
        sheet.add("meaning", ResultText(result).sentence)
        sheet.add("reason", reason)
        sheet.add("to do", ResultText(result).advice(for: properties.text("Address")))
        sheet.add("keys", properties.strength)
        sheet.add("began", properties.moment("StartedAt"))
        sheet.add("ended", properties.moment("FinishedAt"))
        let rule = properties.text("Rule")
        sheet.add("rule", rule.isEmpty ? "none" : rule)
        for setting in properties.settings("Profile") { sheet.add("  " + setting.key, setting.value) }
        return sheet
    }
}

extension RequestInfo {
    fileprivate var sheet: FactSheet {
        var sheet = FactSheet("\("●", isOpen ? .yellow : .dim) request \(number): \(device, .bold)")
        sheet.add("kind", properties.text("Kind"))
        sheet.add("state", isOpen ? "open" : "finished")
        if isOpen { sheet.add("left", secondsLeft.map { "\($0) s" } ?? "") }
        sheet.add("rule", rule.isEmpty ? "none" : rule)
        sheet.add("service", properties.text("Service"))
        sheet.add("typed", entered == 0 ? "" : "\(entered) of 6 digits, on the device")
        sheet.add("adapter", adapter ?? "")
        sheet.add("pairing", pairing.elements.last.map(String.init) ?? "")
        if isOpen { sheet.add("to answer", kind?.howToAnswer(number) ?? "") }
        return sheet
    }
}

extension Properties {
    /// `authenticated, Secure Connections, 16 octets`; empty where nothing is known.
    fileprivate var strength: String {
        let level = text("Security")
        guard !level.isEmpty, level != "unknown" else { return "" }
        let kind = text("SecureConnections") == "yes" ? "Secure Connections" : ""
        return [level, kind, keySize.map { "\($0) octets" } ?? ""].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    fileprivate func moment(_ name: String) -> String {
        time(name) == 0 ? "" : ExplanationText.time(time(name))
    }
}
