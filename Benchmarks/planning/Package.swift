// swift-tools-version: 6.2
import PackageDescription

// The solver alone on made-up fleets: CPU seconds, gap and passes. The targets are the program's own, by symbolic link.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]

func pure(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "planning-benchmark",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        pure("Quantities", [.product(name: "BigInt", package: "BigInt")]),
        pure("Documents", ["Quantities", .product(name: "Yams", package: "Yams")]),
        pure("Assets", ["Quantities", "Documents"]),
        pure("Rulebook", ["Quantities", "Documents"]),
        pure("GridDispatch", ["Quantities", "Assets"]),
        pure("Scheduling", ["Quantities", "Documents", "Assets", "Rulebook", "GridDispatch"]),
        .executableTarget(
            name: "plan", dependencies: ["Quantities", "Scheduling"], path: "Sources/Plan", swiftSettings: strict),
    ]
)
