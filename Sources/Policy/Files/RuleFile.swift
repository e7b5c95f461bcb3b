// SPDX-License-Identifier: Apache-2.0

/// A rule file that was found, and what became of it.
public struct RuleFile: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case inForce
        /// Empty, or a link to `/dev/null`.
        case switchedOff
        /// A file of the same name in an earlier folder takes its place; it was not read.
        case masked(by: String)
        /// It has errors; a policy with such a file is not taken into force.
        case broken
    }

    public var path: String
    public var state: State

    public init(path: String, state: State) {
        self.path = path
        self.state = state
    }
}
