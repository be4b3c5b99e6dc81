// swift-tools-version: 6.2
import PackageDescription

// Imports point downward only: the order of the targets below is the order of the layers (ARCHITECTURE.md).
// The build runs with `--explicit-target-dependency-import-check error`, so an import that is not listed here fails.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// Tests run on what ships, optimised; what they themselves are made of is compiled far faster without.
let unoptimised: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")

func pure(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + settings)
}
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + dependencies, resources: resources,
        swiftSettings: unoptimised)
}

let package = Package(
    name: "tidewatt",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "tidewatt", targets: ["tidewatt"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.1"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Foundations
        pure("Quantities", [.product(name: "BigInt", package: "BigInt")]),
        pure("Documents", ["Quantities", .product(name: "Yams", package: "Yams")]),
        pure("Assets", ["Quantities", "Documents"]),
        pure("Rulebook", ["Quantities", "Documents"]),
        // Protocols: bytes or text ↔ typed messages and session machines; no sockets, no clock, no domain
        pure("OCPPMessages", ["Quantities"], settings: [.enableExperimentalFeature("Lifetimes")]),
        pure("OCPP", ["Quantities", "OCPPMessages"], settings: [.enableExperimentalFeature("Lifetimes")]),
        // Domain
        pure("Charging", ["Quantities", "Assets"]),
        pure("Metering", ["Quantities", "Documents", "Assets"]),
        pure("Forecasting", ["Quantities", "Assets"]),
        pure("GridDispatch", ["Quantities", "Assets"]),
        pure("Scheduling", ["Quantities", "Documents", "Assets", "Rulebook", "GridDispatch"]),
        pure("Settlement", ["Quantities", "Documents", "Rulebook", "Metering"]),
        pure("Evaluation", ["Quantities", "Documents", "Rulebook", "Metering"]),
        // Machine room: still pure
        pure(
            "Operations",
            [
                "Quantities", "Assets", "Rulebook", "OCPPMessages", "OCPP", "Charging", "Metering", "Forecasting",
                "GridDispatch", "Scheduling",
            ]),
        // Shell: the only place with sockets, files, clocks, SQL
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "Credentials",
            dependencies: [
                "Quantities", "CArgon2", "CCrypto", .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ], swiftSettings: strict),
        .target(
            name: "Store",
            dependencies: [
                "Quantities", "Documents", "Assets", "Charging", "GridDispatch", "Operations", "CCrypto",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ], swiftSettings: strict),
        .target(
            name: "Gateway",
            dependencies: [
                "OCPPMessages", "OCPP", "CCrypto", "CZlib", nioCore, nioPosix, "Quantities", "Credentials",
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(
            name: "Simulation",
            dependencies: [
                "Quantities", "Documents", "Assets", "Rulebook", "OCPPMessages", "OCPP", "Charging", "Metering",
                "GridDispatch", "Scheduling", "Operations", "Gateway", "Credentials", nioCore, nioPosix,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], resources: [.copy("Resources")], swiftSettings: strict),
        .target(
            name: "Console",
            dependencies: [
                "Quantities", "Documents", "Assets", "Rulebook", "Charging", "Metering", "GridDispatch", "Operations",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"), nioCore,
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "tidewatt",
            dependencies: [
                "Quantities", "Documents", "Assets", "Rulebook", "OCPPMessages", "OCPP", "Charging", "Metering",
                "GridDispatch", "Scheduling", "Settlement", "Evaluation", "Operations", "Store", "Gateway",
                "Simulation",
                "Console", "Credentials", argumentParser, nioCore, nioPosix,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ], swiftSettings: strict),
        // Tests
        tests("Quantities"),
        tests("OCPPMessages", ["Quantities"], resources: [.copy("Samples"), .copy("Corpus")]),
        tests("OCPP", ["Quantities", "OCPPMessages"], resources: [.copy("Samples"), .copy("Corpus")]),
        tests("Forecasting", ["Quantities", "Assets"]),
        tests("GridDispatch", ["Quantities", "Assets"]),
        tests("Charging", ["Quantities", "Assets"]),
        tests(
            "Operations",
            [
                "Quantities", "Assets", "Rulebook", "OCPPMessages", "OCPP", "Charging", "Forecasting", "GridDispatch",
                "Scheduling",
            ]),
        tests("Documents", ["Quantities"]),
        tests("Assets", ["Quantities", "Documents"]),
        tests("Scheduling", ["Quantities"]),
        tests("Rulebook", ["Quantities", "Documents"]),
        tests("Metering", ["Quantities", "Documents"]),
        tests("Settlement", ["Quantities", "Documents", "Rulebook", "Metering"], resources: [.copy("Golden")]),
        tests("Evaluation", ["Quantities", "Documents", "Assets", "Rulebook", "Metering"]),
        tests("Credentials", ["Quantities", .product(name: "SwiftASN1", package: "swift-asn1")]),
        tests(
            "Gateway",
            [
                "Credentials", "OCPP", "Quantities", nioCore, nioPosix,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ], resources: [.copy("Corpus")]),
        .target(
            name: "StoreSupport", dependencies: ["Quantities", "Assets", "Charging", "Operations"],
            path: "Tests/StoreSupport", swiftSettings: unoptimised),
        .executableTarget(
            name: "store-probe", dependencies: ["Quantities", "Operations", "Store", "StoreSupport"],
            path: "Tests/StoreProbe", swiftSettings: unoptimised),
        tests(
            "Store",
            [
                "Quantities", "Documents", "Assets", "Charging", "GridDispatch", "Operations", "StoreSupport",
                "store-probe",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .target(
            name: "ConsoleSupport",
            dependencies: ["Quantities", "Assets", "Charging", "GridDispatch", "Operations"],
            path: "Tests/ConsoleSupport", swiftSettings: unoptimised),
        .executableTarget(
            name: "console-preview", dependencies: ["Quantities", "Console", "ConsoleSupport"],
            path: "Tests/ConsolePreview", swiftSettings: unoptimised),
        tests(
            "Console",
            ["Quantities", "Documents", "Assets", "Charging", "GridDispatch", "Operations", "ConsoleSupport"]),
        .testTarget(
            name: "StationFleetTests",
            dependencies: [
                "Quantities", "Documents", "OCPPMessages", "OCPP", "Gateway", "Credentials", "Simulation", nioPosix,
            ], swiftSettings: unoptimised),
        tests("Simulation", ["Quantities", "Operations"]),
        .testTarget(
            name: "StationTests",
            dependencies: ["Simulation", "OCPP", "OCPPMessages", "Quantities", "Credentials", "Charging"],
            swiftSettings: unoptimised),
        .testTarget(name: "ArchitectureTests", swiftSettings: unoptimised),
    ]
)

// `TIDEWATT_PURE=1` leaves out the shell and what it needs: a build of seconds for the targets below it, and the one
// that sanitizers run on.
if Context.environment["TIDEWATT_PURE"] != nil {
    let shell = ["CCrypto", "CArgon2", "CZlib", "Credentials", "Store", "Gateway", "Simulation", "Console", "tidewatt"]
    package.products = []
    package.targets.removeAll { target in
        shell.contains { target.name == $0 || target.name == $0 + "Tests" }
            || target.dependencies.contains { dependency in
                if case .byNameItem(let name, _) = dependency { return shell.contains(name) }
                return false
            }
    }
    package.dependencies = [
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ]
}
