import ArgumentParser
import Credentials
import Documents
import Foundation
import Quantities
import Rulebook
import Simulation
import Store

/// `tidewatt demo`: the platform on embedded defaults beside a simulated community that replays recorded stays over real
/// connections, judged day by day.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: words(
            "Run the platform with simulated piles and judge every day.",
            "运行平台并接入模拟充电桩，逐日评判。"),
        discussion: words(
            """
            Recorded stays are replayed on a virtual clock; open the printed address in a browser. After each simulated \
            day: energy, cost, peak, valley share and regret, orderly beside uncontrolled. The park's vans give energy back.
            Examples: tidewatt demo --speed 120 --days 7; tidewatt demo --scenario v2g-park --speed 120
            """,
            """
            在虚拟时钟上回放真实充电记录；用浏览器打开所打印的地址。每个模拟日结束后给出电量、费用、峰值、低谷占比与后悔值，\
            有序与无序并列。园区场景的车辆可反向放电。
            示例：tidewatt demo --speed 120 --days 7；tidewatt demo --scenario v2g-park --speed 120
            """))

    @Option(
        help: help(
            "community: 120 piles of a neighbourhood; v2g-park: a V2G project of ten 60 kW piles (OCPP 2.1).",
            "community：120 台桩的小区；v2g-park：十台 60 kW 双向桩（OCPP 2.1）的车网互动项目。"))
    var scenario = DemoScene.community
    @Option(help: help("Virtual seconds a real second, 1 to 1200.", "时间倍速，1 至 1200。"))
    var speed = 60.0
    @Option(
        help: help(
            "Whole civil days to replay and judge, 1 to 21 (7); of the park 1 to 31 (30).",
            "回放并评判的天数，1 至 21（默认 7）；园区为 1 至 31（默认 30）。"))
    var days: Int?
    @Option(help: help("Seed of the scenario, its noise and its faults.", "场景、噪声与故障的随机种子。"))
    var seed: UInt64?
    @Option(help: help("Piles that answer Accepted and ignore their limits.", "应答接受却不执行限值的桩数。"))
    var ignoring = 0
    @Option(
        help: help("Per cent of stays whose driver states departure and energy.", "车主申明离开时间与电量的会话百分比。"))
    var stating = 100
    @Option(
        help: help(
            "What the piles speak: 1.6, 2.0.1, or mixed (every second one 2.0.1).",
            "充电桩使用的协议版本：1.6、2.0.1 或 mixed（每两台中一台为 2.0.1）。"))
    var ocppVersion = StationSpeech.v16
    @Option(help: help("API and console, ADDRESS:PORT.", "API 与控制台监听地址。"))
    var http = "127.0.0.1:8080"
    @Option(help: help("OCPP listener, ADDRESS:PORT.", "OCPP 监听地址。"))
    var ocpp = "127.0.0.1:9000"
    @Option(help: help("Keep the data here (default: a temporary folder that is removed).", "数据目录（默认临时目录，退出时删除）。"))
    var data: String?
    @Flag(
        help: help(
            "End after the last judged day; exit 1 when a limit or a driver's minimum was broken.",
            "最后一个评判日后退出；越限或低于车主最低电量时退出状态为 1。"))
    var once = false
    @Flag(
        help: help(
            "The park only: plan and follow its days in memory, without piles and network.",
            "仅园区：在内存中排程并执行，不含充电桩与网络。"))
    var inMemory = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1200).contains(speed) else {
            throw ValidationError(.outOfRange("--speed", speed, least: 1, most: 1200))
        }
        let most = scenario == .v2gPark ? 31 : 21
        if let days, !(1...most).contains(days) {
            throw ValidationError(.outOfRange("--days", days, least: 1, most: most))
        }
        guard (0...100).contains(stating) else {
            throw ValidationError(.outOfRange("--stating", stating, least: 0, most: 100))
        }
        guard scenario == .v2gPark || !inMemory else {
            throw ValidationError(
                words("--in-memory is for --scenario v2g-park", "--in-memory 仅用于 --scenario v2g-park"))
        }
        guard (0...120).contains(ignoring) else {
            throw ValidationError(.outOfRange("--ignoring", ignoring, least: 0, most: 120))
        }
    }

    func run() async throws {
        switch self.scenario {
        case .community:
            let scenario = try DemoScenario(seed: seed ?? DemoScenario.defaultSeed, days: days ?? 7)
            let (ignoring, speech, stating, output, once) = (ignoring, ocppVersion, stating, output, once)
            try await host(from: scenario.start) { stage in
                try await Demo(
                    scenario: scenario, platform: stage.platform, clock: stage.clock, ignoring: ignoring,
                    speech: speech, stating: stating, output: output, httpBase: stage.httpBase,
                    stations: stage.stations
                ).play(once: once)
            }
        case .v2gPark where inMemory:
            try ParkDemo.run(seed: seed ?? ParkScenario.defaultSeed, days: days ?? 30, output: output)
        case .v2gPark:
            let scenario = try ParkScenario(seed: seed ?? ParkScenario.defaultSeed, days: days ?? 30)
            let (output, once) = (output, once)
            let packs = RulePacks.builtIn.adding([scenario.buying])
            try await host(from: scenario.interval.start - ParkPlay.lead(speed: speed), packs: packs) { stage in
                try await ParkPlay(
                    scenario: scenario, platform: stage.platform, clock: stage.clock, output: output,
                    httpBase: stage.httpBase, stations: stage.stations
                ).play(once: once)
            }
        }
    }

    /// Where a demo plays: the platform listens, its clock runs.
    private struct Stage: Sendable {
        let platform: Platform
        let clock: DomainClock
        let httpBase: String
        let stations: StationEndpoint
    }

    /// The whole platform on a virtual clock, for as long as `play` goes on.
    /// - Parameter play: returns whether everything was kept.
    private func host(
        from start: Instant, packs: RulePacks = .builtIn, play: @escaping @Sendable (Stage) async throws -> Bool
    ) async throws {
        var settings = ServeConfiguration()
        settings.http = try endpoint(http, "--http")
        settings.ocpp = try endpoint(ocpp, "--ocpp")
        settings.acceptUnknownStations = true
        settings.logLevel = .warning

        // Its clock begins anew each time: on the data of another run both would be counted.
        if let data, let found = try? FileManager.default.contentsOfDirectory(atPath: data), !found.isEmpty {
            throw Refusal(.demoFolder(data))
        }
        let folder = data ?? FileManager.default.temporaryDirectory.appending(path: "tidewatt-demo-\(getpid())").path
        defer { if data == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let clock = DomainClock.virtual(start: start, speed: speed)
        let log = StructuredLog(level: settings.logLevel)
        let platform: Platform
        do {
            platform = try Platform(
                configuration: settings, directory: folder, clock: clock, log: log, packs: packs)
        } catch let fault as StoreFault {
            throw Refusal(fault.message)
        } catch let fault as CredentialFault {
            throw Refusal(fault.message)
        }
        let (ports, announce) = AsyncStream.makeStream(of: (http: Int, ocpp: Int).self)
        let server = PlatformServer(platform: platform, open: true) { http, ocpp in announce.yield((http, ocpp)) }
        let (end, finish) = AsyncStream.makeStream(of: Void.self)
        let playing = Task { [settings] in
            defer { finish.yield() }
            guard let taken = await ports.first(where: { _ in true }) else { return false }
            return try await play(
                Stage(
                    platform: platform, clock: clock, httpBase: "http://\(settings.http.host):\(taken.http)",
                    stations: StationEndpoint(host: settings.ocpp.host, port: taken.ocpp)))
        }
        let signals = Task {
            for await _ in Signals.termination() {
                playing.cancel()
                finish.yield()
            }
        }
        do { try await server.run(until: end) } catch {
            playing.cancel()
            signals.cancel()
            throw error
        }
        signals.cancel()
        let kept: Bool
        do { kept = try await playing.value } catch is CancellationError { kept = true }
        if once, !kept { throw ExitStatus.answerIsNo.asError }
    }

    private func endpoint(_ text: String, _ option: String) throws -> ServeConfiguration.Endpoint {
        guard let endpoint = ServeConfiguration.Endpoint(text) else {
            throw Refusal(.addressNeeded(option, text))
        }
        return endpoint
    }
}

/// What the demo shows.
enum DemoScene: String, ExpressibleByArgument, CaseIterable {
    case community
    case v2gPark = "v2g-park"
}
