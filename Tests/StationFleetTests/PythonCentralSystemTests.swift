import Foundation
import NIOPosix
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated stations with a foreign central system", .timeLimit(.minutes(1))) struct PythonCentralSystemTests {
    private struct Verdict: Decodable {
        /// meterStart and meterStop.
        let sessions: [[Int?]]
        let actions: [String: Int]
        let answers: [String: [String]]
        let faults: [String]
    }

    /// PyPI's `ocpp` refuses every message that its 1.6 schemas do not allow.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["TIDEWATT_PYTHON"] != nil,
            "TIDEWATT_PYTHON names no Python with the packages of Tests/python/requirements.txt"))
    func `a fleet gets along with Python's ocpp`() async throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(ProcessInfo.processInfo.environment["TIDEWATT_PYTHON"]))
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "python/peers/central16.py")
        process.arguments = [script.path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var greeting = Data()
        while greeting.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1) {
            greeting += byte
        }
        let words = String(decoding: greeting, as: UTF8.self).split { $0 == " " || $0 == "\n" }
        let port = try #require(words.last.flatMap { Int($0) }, "the central system did not start")

        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let summary = await StationFleetTests.run(
            StationFleetTests.members(3, identity: { "PY-\($0)" }),
            against: StationEndpoint(host: "127.0.0.1", port: port), group, speed: 5_000)
        try await group.shutdownGracefully()
        try input.fileHandleForWriting.close()
        let verdict = try JSONDecoder().decode(
            Verdict.self, from: try output.fileHandleForReading.readToEnd() ?? Data())
        process.waitUntilExit()

        #expect(verdict.faults == [])
        #expect(summary.counts.errors == 0 && summary.counts.timeouts == 0 && summary.undelivered == 0)
        #expect(verdict.sessions.count == summary.counts.transactionsStarted)
        let sold = verdict.sessions.reduce(0) { $0 + ($1[1] ?? 0) - ($1[0] ?? 0) }
        #expect(abs(Int(summary.energy.milliwattHours / 1000) - sold) <= 2 * verdict.sessions.count)
        #expect(verdict.answers["SetChargingProfile"] == ["Accepted", "Accepted", "Accepted"])
        #expect(verdict.answers["UnlockConnector"] == ["NotSupported", "NotSupported", "NotSupported"])
        #expect(verdict.actions["MeterValues", default: 0] > 0)
    }
}
