// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Glibc

/// The folder in which systemd puts a unit's credentials, readable by the unit alone (`LoadCredential=`).
///
/// systemd fills it when the unit starts, and never again: a credential that came later needs a restart.
public struct CredentialFolder: Sendable, Hashable {
    public var path: String

    public init(path: String) { self.path = path }

    /// The one that systemd gave this process; where it gave none, one that is empty.
    public static var ofUnit: CredentialFolder {
        CredentialFolder(path: getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) } ?? "")
    }

    enum Problem: Error {
        case missing
        case unreadable(String)
        /// From 1.
        case wrongLine(Int)
    }

    /// systemd takes any file name (`systemd.exec(5)`, "Credentials"); these are the ones that need no quoting anywhere.
    static func isName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "._-".unicodeScalars.contains($0))
            }
    }

    /// The longest credential, in bytes: some thousand devices.
    private static let maximumLength = 65_536

    func read(_ name: String) throws(Problem) -> String {
        guard !path.isEmpty else { throw .missing }
        let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .missing }
            throw .unreadable(String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumLength + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: length), buffer.count - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
            if count == 0 { break }
            length += count
        }
        guard length <= Self.maximumLength else {
            throw .unreadable("it is longer than \(Self.maximumLength / 1024) KiB")
        }
        return String(decoding: bytes[..<length], as: UTF8.self)
    }
}

/// The secrets of a credential: one for every device, or one each.
public struct SecretTable<Secret: Sendable & Hashable>: Sendable, Hashable {
    private var secrets: [Entry] = []

    private struct Entry: Sendable, Hashable {
        let pattern: AddressPattern
        let secret: Secret
    }

    /// None.
    public init() {}

    /// A single secret, or lines of an address (also `00:5F:BF:*` or `*`) and a secret each; empty lines and those that
    /// begin with `#` are passed over.
    init(_ text: String, _ parse: (String) -> Secret?) throws(CredentialFolder.Problem) {
        // What ends the file belongs to no secret.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        let filled = lines.enumerated().filter { !$0.element.isEmpty && !$0.element.hasPrefix("#") }
        if filled.count == 1, let secret = parse(filled[0].element), let every = AddressPattern("*") {
            secrets = [Entry(pattern: every, secret: secret)]
            return
        }
        guard !filled.isEmpty else { throw .wrongLine(1) }
        for (number, line) in filled {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let pattern = AddressPattern(String(parts[0])), let secret = parse(String(parts[1]))
            else { throw .wrongLine(number + 1) }
            secrets.append(Entry(pattern: pattern, secret: secret))
        }
    }

    /// The secret of the first line that is for this device.
    public func secret(for address: Address, type: AddressType?) -> Secret? {
        secrets.first { $0.pattern.matches(address, type: type) }?.secret
    }
}
