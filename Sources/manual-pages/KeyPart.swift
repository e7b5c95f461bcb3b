// SPDX-License-Identifier: Apache-2.0

import Policy

/// The keys of a file, table by table.
enum KeyPart {
    static func tables(_ keys: [KeyDocumentation]) -> [String] {
        var tables: [String] = []
        for key in keys where !tables.contains(key.table) { tables.append(key.table) }
        return tables.flatMap { table in
            let own = keys.filter { $0.table == table && !($0.isTable && table.isEmpty) }
            guard !own.isEmpty else { return [String]() }
            let help = keys.first { $0.isTable && $0.name == table }?.help
            let heading = table.isEmpty ? "At the top" : table.contains(".") ? table : "[\(table)]"
            return [Roff.heading(heading)] + (help.map { [Roff.text($0)] } ?? []) + own.flatMap(item)
        }
    }

    private static func item(_ key: KeyDocumentation) -> [String] {
        let preset = key.defaultText.isEmpty ? "" : "\nWhere it is not given: \(Roff.text(key.defaultText))."
        return Roff.item(
            "\(Roff.bold(key.name)) = \(Roff.italic(key.form))", [Roff.text(key.help) + preset])
    }
}
