// SPDX-License-Identifier: Apache-2.0

import Control
import DBus
import EventLoop
import Foundation

/// What the parts of the pages are made from.
struct Declarations {
    var version: String
    var command: HelpDump.Command
    /// What `pairingd --help` prints.
    var daemonHelp: String
    var interfaces: [InterfaceDocumentation]
}

extension Declarations {
    /// Asks the programs.
    ///
    /// - Throws: when one of them cannot be run, or says something else than expected.
    @LoopActor init(programsIn folder: URL) throws {
        func output(_ program: String, _ option: String) throws -> Data {
            let process = Process()
            let pipe = Pipe()
            process.executableURL = folder.appendingPathComponent(program)
            process.arguments = [option]
            process.standardOutput = pipe
            try process.run()
            defer { process.waitUntilExit() }
            return pipe.fileHandleForReading.readDataToEndOfFile()
        }
        let version = String(decoding: try output("pairingd", "--version"), as: UTF8.self)
        let help = try JSONDecoder().decode(HelpDump.self, from: output("pairingctl", "--experimental-dump-help"))
        self.init(
            // "pairingd 0.1.0"
            version: version.trimmingCharacters(in: .newlines), command: help.command,
            daemonHelp: String(decoding: try output("pairingd", "--help"), as: UTF8.self),
            interfaces: Server.documentation)
    }
}
