// swift-tools-version: 6.2
import PackageDescription

// The gateway alone, with a delegate that answers everything at once: what sockets, frames and the OCPP-J machine cost
// without the platform behind them. The targets are the program's own, by symbolic link.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]
let spans: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")

let package = Package(
    name: "gateway-benchmark",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
    ],
    targets: [
        .target(
            name: "Quantities", dependencies: [.product(name: "BigInt", package: "BigInt")], swiftSettings: strict),
        .target(name: "OCPPMessages", dependencies: ["Quantities"], swiftSettings: strict + spans),
        .target(name: "OCPP", dependencies: ["Quantities", "OCPPMessages"], swiftSettings: strict + spans),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "Gateway", dependencies: ["OCPP", "CCrypto", nioCore, nioPosix], swiftSettings: strict),
        .executableTarget(
            name: "echo", dependencies: ["Gateway", "OCPP", nioPosix], path: "Sources/Echo", swiftSettings: strict),
    ]
)
