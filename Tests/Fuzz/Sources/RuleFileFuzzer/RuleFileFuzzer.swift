// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Fuzzing
import Policy

/// A file with a rule, or the daemon's configuration.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRuleFile(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = octets(bytes, count)
    do throws(PolicyErrors) {
        let rule = try Rule(parsing: text, file: "50-fuzz.toml")
        decideSomeDevices(by: rule)
        readBack(rule)
    } catch {
        check(error, of: text)
    }
    do throws(PolicyErrors) {
        _ = try Configuration(parsing: text, file: "pairingd.toml")
    } catch {
        check(error, of: text)
    }
    return 0
}

/// What `policy show` shows of a rule, put in a file, is the same rule.
private func readBack(_ rule: Rule) {
    // Secrets are not shown, so they cannot be read back.
    let shown = rule.settings.filter { !$0.value.contains("…") }
    let text = shown.map { "\($0.key) = \($0.value)\n" }.joined()
    guard let again = try? Rule(parsing: Array(text.utf8), file: "50-fuzz.toml") else {
        // A rule that goes without the secret may be one that makes no sense.
        return require(shown.count < rule.settings.count, "what is shown of a rule is no rule:\n\(text)")
    }
    let values = again.settings.filter { !$0.value.contains("…") }.map { "\($0.key) = \($0.value)" }
    let isSame = shown.allSatisfy { values.contains("\($0.key) = \($0.value)") }
    require(isSame, "what is shown of a rule is another rule:\n\(text)")
}

/// Every error has a place in the text, and can be shown on a terminal as it is.
private func check(_ errors: PolicyErrors, of text: [UInt8]) {
    let lines = text.count { $0 == UInt8(ascii: "\n") } + 1
    require(!errors.errors.isEmpty, "refused without an error")
    for error in errors.errors {
        // One more, for what is missing after the last line's end.
        require((1...lines + 1).contains(error.line ?? 0), "an error in a line that there is not")
        require(error.column ?? 0 >= 1, "an error without a column")
        let isHarmless = error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        require(isHarmless, "an error's text repeats a control character")
    }
}

/// Looking rules up must say the same as holding a device against them one by one.
private func decideSomeDevices(by rule: Rule) {
    let policy = Policy(rules: [rule])
    let pattern = rule.match.names.first?.description
    let devices = [
        DeviceFacts(address: Address(bits: 0)),
        DeviceFacts(
            address: Address(bits: 0x005F_BF71_8118), addressType: .public,
            name: UntrustedText(pattern ?? "BLEsmart_00000116005FBF718118"), services: Set(rule.match.services),
            manufacturerData: Dictionary(rule.match.manufacturers.map { ($0, []) }) { first, _ in first }),
    ]
    for device in devices {
        let isConsistent =
            switch (policy.decide(device), policy.evaluate(device).rules.first?.outcome) {
            case (.matched, .matches), (.unmatched, .fails), (.undetermined, .waits): true
            default: false
            }
        require(isConsistent, "deciding and evaluating disagree")
    }
}
