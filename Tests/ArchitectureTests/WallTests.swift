import Foundation
import Testing

/// The walls of ARCHITECTURE.md that the compiler cannot see: what the targets below the shell must not even mention.
@Suite("Walls") struct WallTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let pure = [
        "Quantities", "Documents", "Assets", "Rulebook", "OCPPMessages", "OCPP", "Charging", "Metering", "Forecasting",
        "Settlement",
        "GridDispatch", "Scheduling", "Evaluation", "Operations",
    ]
    static let banned: [(pattern: String, instead: String)] = [
        (#"import +NIO"#, "sockets and event loops live in Gateway"),
        (#"import +(GRDB|CSQLite|SQLite)"#, "SQL lives in Store"),
        (#"import +(Hummingbird|FoundationNetworking)"#, "HTTP lives in Console"),
        (#"\bURLSession\b"#, "HTTP lives in the shell"),
        (
            #"\bDate\(\)|\bDate\.now\b|timeIntervalSinceNow|systemUptime|\btime\(nil\)|ContinuousClock|SuspendingClock|\bclock_gettime\b|\bgettimeofday\b|DispatchTime\.now"#,
            "time is an argument: take an Instant"
        ),
        (
            #"SystemRandomNumberGenerator|\.random\((?!.*using:)|\.shuffled\(\)|\.shuffle\(\)|\.randomElement\(\)|arc4random|\bUUID\(\)"#,
            "randomness is an argument: take a generator"
        ),
        (
            #"FileManager|FileHandle|contentsOfFile|contentsOf: *URL|\bfopen\("#,
            "files are read by the shell; take bytes"
        ),
        (#"Thread\.sleep|Task\.sleep|\busleep\("#, "nothing below the shell waits"),
    ]

    /// A wall with a hole would say nothing.
    @Test(arguments: [
        "let x = Int.random(in: 0..<5) + 1", "if Bool.random() {", "list.shuffled().first", "list.randomElement()!",
        "Date(timeIntervalSinceNow: 1)", "ProcessInfo.processInfo.systemUptime", "time(nil)", "Date()",
    ]) func `each way to a clock or to chance is banned`(_ line: String) {
        #expect(Self.banned.contains { line.range(of: $0.pattern, options: .regularExpression) != nil })
    }

    @Test func `what is handed in is not banned`() {
        let line = "Int.random(in: .min ... .max, using: &random)"
        #expect(!Self.banned.contains { line.range(of: $0.pattern, options: .regularExpression) != nil })
    }

    @Test(arguments: pure + ["Simulation/World", "Simulation/Station"])
    func `below the shell nothing reads a clock, a file, a socket or a random source`(
        _ target: String
    ) throws {
        let folder = Self.root.appending(path: "Sources/\(target)")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            seen += 1
            let text = try String(contentsOf: file, encoding: .utf8)
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let code = line.drop { $0 == " " }
                if code.hasPrefix("//") { continue }
                for (pattern, instead) in Self.banned {
                    #expect(
                        code.range(of: pattern, options: .regularExpression) == nil,
                        "\(target)/\(file.lastPathComponent):\(number + 1) uses \(pattern): \(instead)")
                }
            }
        }
        #expect(seen > 0, "\(target) has no sources")
    }

    /// No protocol word in a domain target: they meet in Operations/Adapters.
    @Test(arguments: ["Charging", "Metering", "Forecasting", "GridDispatch", "Scheduling", "Evaluation"])
    func `domain targets do not import protocols`(_ target: String) throws {
        let folder = Self.root.appending(path: "Sources/\(target)")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(!text.contains("import OCPP"), "\(target)/\(file.lastPathComponent) imports a protocol")
        }
    }

    /// What is committed names no machine and no tool of the people who wrote it.
    @Test func `sources and documents name no machine paths`() throws {
        for folder in ["Sources", "Tests", "Rules", "Web", "docs", "scripts", "Tools", "packaging"] {
            guard
                let files = FileManager.default.enumerator(
                    at: Self.root.appending(path: folder), includingPropertiesForKeys: nil)
            else { continue }
            for case let file as URL in files
            where ["swift", "md", "sh", "py", "yaml", "json", "css", "js", "html"].contains(file.pathExtension) {
                guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
                // Written in two halves so that this test does not find itself.
                for word in ["/work" + "/main", "/work" + "/shared", "/opt/swift" + "-packages", ".library" + "/"] {
                    #expect(!text.contains(word), "\(folder)/\(file.lastPathComponent) names \(word)")
                }
            }
        }
    }
}
