// SPDX-License-Identifier: Apache-2.0

/// What is released: both programs, the manual pages and the packages.
public enum Release {
    /// The one place that says it; CHANGELOG.md and debian/changelog are held against it by scripts/check.
    public static let version = "0.1.0"
}
