// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own, because everything in it is built for the fuzzer: Tests/Fuzz/run gives the flags.
let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "pairingd", path: "../..")
    ],
    targets: [
        .systemLibrary(name: "CLibFuzzer"),
        .executableTarget(
            name: "RuleFileFuzzer", dependencies: ["CLibFuzzer", .product(name: "Policy", package: "pairingd")]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
