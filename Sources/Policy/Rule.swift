// SPDX-License-Identifier: Apache-2.0

/// One rule file: which devices it is for, and what is done with them.
public struct Rule: Sendable, Hashable {
    /// The file's name without `.toml`; it is told wherever the rule decides.
    public var name: String
    public var profile: Profile

    public init(name: String, profile: Profile) {
        self.name = name
        self.profile = profile
    }
}
