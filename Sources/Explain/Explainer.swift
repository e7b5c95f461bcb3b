// SPDX-License-Identifier: Apache-2.0

extension Report {
    /// Explains what was seen.
    public init(explaining trace: Trace) {
        self.init(finding: .unknown, summary: "Nothing was seen that tells why.", stage: .notStarted)
    }
}
