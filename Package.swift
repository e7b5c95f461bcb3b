// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "pairingd",
    products: [
        .executable(name: "pairingd", targets: ["pairingd"]),
        .executable(name: "pairingctl", targets: ["pairingctl"]),
        // For the fuzzers, which are a package of their own.
        .library(name: "Policy", targets: ["Bluetooth", "Policy"]),
        .library(name: "HCIMonitor", targets: ["Bluetooth", "HCIMonitor", "SecurityManager"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0")
    ],
    targets: [
        // The C libraries, as the system ships them.
        .systemLibrary(name: "CDBus", pkgConfig: "dbus-1", providers: [.apt(["libdbus-1-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CTOMLPlusPlus"),

        // The layers, lowest first; DESIGN and reasons are in docs/architecture.md.
        .target(name: "Bluetooth"),
        .target(name: "EventLoop", dependencies: ["CSystemd"]),
        .target(name: "DBus", dependencies: ["CDBus", "EventLoop"]),
        .target(name: "SecurityManager", dependencies: ["Bluetooth"]),
        .target(name: "HCIMonitor", dependencies: ["Bluetooth", "SecurityManager"]),
        .target(name: "BlueZ", dependencies: ["Bluetooth", "DBus", "EventLoop"]),
        .target(name: "Policy", dependencies: ["Bluetooth", "CTOMLPlusPlus"]),
        .target(name: "Explain", dependencies: ["Bluetooth", "HCIMonitor", "SecurityManager"]),
        .target(name: "Pairing", dependencies: ["Bluetooth", "Explain", "Policy", "SecurityManager"]),
        .target(name: "State", dependencies: ["Bluetooth", "Pairing"]),
        .target(name: "Journal", dependencies: ["CSystemd", "Explain", "Pairing"]),
        .target(name: "Control", dependencies: ["Bluetooth", "DBus", "EventLoop", "Explain", "Pairing", "Policy"]),

        .executableTarget(
            name: "pairingd",
            dependencies: [
                "BlueZ", "Control", "DBus", "EventLoop", "Explain", "HCIMonitor", "Journal", "Pairing", "Policy",
                "State",
            ]),
        .executableTarget(
            name: "pairingctl",
            dependencies: [
                "Bluetooth", "CSystemd", "DBus", "EventLoop", "Explain", "HCIMonitor", "Pairing", "Policy",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // `make manuals`.
        .executableTarget(
            name: "manual-pages",
            dependencies: ["Control", "DBus", "EventLoop", "Journal", "Pairing", "Policy"]),
        // `make bench`.
        .executableTarget(
            name: "policy-bench", dependencies: ["Bluetooth", "Policy"], path: "Tests/Benchmarks/Policy"),
        .executableTarget(name: "capture-bench", dependencies: ["HCIMonitor"], path: "Tests/Benchmarks/Capture"),

        .target(name: "TestSupport", dependencies: ["Bluetooth", "DBus", "EventLoop"], path: "Tests/TestSupport"),
        .testTarget(name: "BluetoothTests", dependencies: ["Bluetooth"]),
        .testTarget(name: "PolicyTests", dependencies: ["Bluetooth", "Policy"]),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "TestSupport"]),
        .testTarget(name: "DBusTests", dependencies: ["DBus", "EventLoop", "TestSupport"]),
        .testTarget(name: "SimulatedBlueZTests", dependencies: ["Bluetooth", "DBus", "EventLoop", "TestSupport"]),
        .testTarget(name: "SecurityManagerTests", dependencies: ["Bluetooth", "SecurityManager"]),
        .testTarget(
            name: "ExplainTests", dependencies: ["Bluetooth", "Explain", "HCIMonitor", "Policy", "SecurityManager"]),
        .testTarget(
            name: "PairingTests",
            dependencies: [
                "Bluetooth", "Explain", "HCIMonitor", "Journal", "Pairing", "Policy", "SecurityManager", "TestSupport",
            ]),
        .testTarget(name: "JournalTests", dependencies: ["Explain", "Journal", "Pairing", "TestSupport"]),
        .testTarget(name: "StateTests", dependencies: ["Bluetooth", "Pairing", "State"]),
        .testTarget(
            name: "PairingdTests",
            dependencies: [
                "BlueZ", "Bluetooth", "Control", "DBus", "EventLoop", "Explain", "Pairing", "TestSupport", "pairingctl",
                "pairingd",
            ]),
        .testTarget(
            name: "PairingCtlTests",
            dependencies: [
                "Bluetooth", "DBus", "EventLoop", "Explain", "HCIMonitor", "Journal", "SecurityManager", "TestSupport",
                "pairingctl",
            ]),
        .testTarget(
            name: "ManualTests",
            dependencies: [
                "DBus", "Pairing", "Policy", "TestSupport", "manual-pages", "pairingctl", "pairingd",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "HCIMonitorTests", dependencies: ["Bluetooth", "HCIMonitor", "SecurityManager"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
