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
        .target(name: "Fuzzing", dependencies: ["CLibFuzzer"]),
        .executableTarget(
            name: "RuleFileFuzzer", dependencies: ["Fuzzing", .product(name: "Policy", package: "pairingd")]),
        .executableTarget(
            name: "MonitorRecordFuzzer", dependencies: ["Fuzzing", .product(name: "HCIMonitor", package: "pairingd")]),
        .executableTarget(
            name: "BTSnoopFuzzer", dependencies: ["Fuzzing", .product(name: "HCIMonitor", package: "pairingd")]),
        .executableTarget(
            name: "PCAPFuzzer", dependencies: ["Fuzzing", .product(name: "HCIMonitor", package: "pairingd")]),
        .executableTarget(
            name: "SMPFuzzer", dependencies: ["Fuzzing", .product(name: "HCIMonitor", package: "pairingd")]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
