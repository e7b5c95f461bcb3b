// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc
import Policy

/// Writes a rule to start from.
struct PolicyNew: Verb {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a rule for a device, to start from.",
        discussion: """
            The rule is made of what BlueZ knows of the device; one that it does not know yet has to be heard first, with \
            pairingctl scan. Without <file> it is written to /etc/pairingd/devices.d, named after the device. A file that is there \
            is never replaced. The rule is in force after pairingctl reload.
            """)

    @Argument(help: "An address, hci0/ADDRESS, an object path, or its name.", completion: Candidates.devices)
    var device: String
    @Argument(
        help: "The file to write, ending in .toml; - prints the rule instead.", completion: .file(extensions: ["toml"]))
    var file: String?
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        if let file, file != "-", !file.hasSuffix(".toml") {
            throw ValidationError("the file of a rule ends in .toml, and \(file) does not.")
        }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let device = try await find(try await session.connect())
        guard let starter = StarterRule(device) else {
            throw Failure(
                .failed, "\(self.device): its address changes, and it has sent no name and no company to tell it by")
        }
        let (path, output) = (file ?? "/etc/pairingd/devices.d/" + starter.fileName, session.output)
        let rule: Rule
        do throws(PolicyErrors) {
            rule = try Rule(parsing: Array(starter.text.utf8), file: path)
        } catch {
            throw Failure(.failed, "the rule would have errors: \(error)")
        }
        if path != "-" { try create(path, starter.text) }
        if output.isJSON {
            output.document([
                "file": .optional(path == "-" ? nil : path), "rule": .optional(path == "-" ? nil : rule.name),
                "address": .string(device.address.description), "text": .string(starter.text),
            ])
        } else if path == "-" {
            for line in starter.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                output.line(Line(String(line)))
            }
        } else {
            output.note(
                "\("●", .green) \(path, .bold) is a rule to start from; nothing has changed yet. Read it, then:")
            output.note("   pairingctl policy check \(RemoteCommand.quoted(path))")
            output.note("   pairingctl reload")
            output.note("   pairingctl policy test \(device.address)")
        }
        return .done
    }

    @LoopActor private func find(_ client: Client) async throws(Failure) -> AirDevice {
        let devices = try await BlueZ(connection: client.connection).devices()
        let subject = ExplainSubject(device, fileExists: { _ in false })
        guard let found = devices.first(where: { fits($0, subject) }) else {
            throw Failure(.notFound, "\(device): BlueZ knows no such device; pairingctl scan lists what is on the air")
        }
        return found
    }

    private func fits(_ candidate: AirDevice, _ subject: ExplainSubject) -> Bool {
        switch subject {
        case .device(let address, let adapter):
            candidate.address == address && (adapter == nil || candidate.adapter == adapter)
        case .name(let name): [candidate.name?.raw, candidate.name?.description].contains(name)
        case .latest, .pairing, .capture: false
        }
    }

    /// Never replaces anything, also not through a link.
    private func create(_ path: String, _ text: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            switch errno {
            case EEXIST: throw Failure(.failed, "\(path) is there already; name another file")
            case EACCES, EPERM:
                throw Failure(.notAuthorized, "\(path) may not be written: use sudo, or name another file")
            default: throw Failure(.failed, "\(path): \(String(cString: strerror(errno)))")
            }
        }
        defer { close(descriptor) }
        guard write(text, to: descriptor) else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw Failure(.failed, "\(path): \(reason)")
        }
    }
}
