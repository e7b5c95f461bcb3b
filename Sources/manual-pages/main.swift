// SPDX-License-Identifier: Apache-2.0

import Control
import EventLoop
import Foundation

// Makes the manual pages: manual-pages TEMPLATES PAGES. It asks the programs that lie beside it what they understand.

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2, let templates = arguments.first, let pages = arguments.last else {
    FileHandle.standardError.write(Data("usage: manual-pages TEMPLATES PAGES\n".utf8))
    exit(2)
}
onLoop {
    do {
        try makePages(from: URL(fileURLWithPath: templates), into: URL(fileURLWithPath: pages))
        EventLoop.shared.stop(code: 0)
    } catch {
        FileHandle.standardError.write(Data("manual-pages: \(error)\n".utf8))
        EventLoop.shared.stop(code: 1)
    }
}
exit(EventLoop.shared.run())

@LoopActor private func makePages(from templates: URL, into pages: URL) throws {
    let declarations = try Declarations(programsIn: programs())
    try FileManager.default.createDirectory(at: pages, withIntermediateDirectories: true)
    let files = try FileManager.default.contentsOfDirectory(at: templates, includingPropertiesForKeys: nil)
    for file in files where file.pathExtension == "in" {
        let template = Template(name: file.lastPathComponent, text: try String(contentsOf: file, encoding: .utf8))
        let page = pages.appendingPathComponent(file.deletingPathExtension().lastPathComponent)
        try Data(template.page(declarations).utf8).write(to: page)
    }
}

/// The folder of this program.
private func programs() -> URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
}
