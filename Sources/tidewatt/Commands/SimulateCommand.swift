import ArgumentParser
import Credentials
import Documents
import Foundation
import NIOPosix
import Quantities
import Simulation

/// `tidewatt simulate …`: a session file replayed by simulated stations against any OCPP central system.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: words(
            "Replays a session file with simulated OCPP stations and vehicles against any central system.",
            "用模拟的 OCPP 充电桩和车辆，对任意中心系统回放会话文件。"),
        discussion: words(
            """
            The first stay begins --lead seconds from now; all others keep their distance from it. Ends when all stays are over, \
            or with Ctrl-C: vehicles are unplugged and the stations say goodbye. Exits 1 when no station could connect or \
            transactions remain undelivered.
            With --speed other than 1 the timestamps run ahead of real time: for a central system on the same virtual \
            clock, or one that does not mind.
            Security profiles: 1 is a password, 2 a password over TLS, 3 a certificate of the station's own over TLS; a \
            station of 3 without a certificate comes with its password first and asks for one.
            Example: tidewatt simulate --url ws://127.0.0.1:9000/ocpp --sessions sessions.csv --ocpp 2.0.1 --speed 60
            """,
            """
            首个会话在 --lead 秒后开始，其余保持原有间隔。全部会话结束或按 Ctrl-C 时退出：车辆拔枪，充电桩正常断开。\
            无充电桩能接入或有交易未送达时退出状态为 1。
            --speed 不为 1 时时间戳会超前于真实时间：适用于同一虚拟时钟的中心系统。
            安全等级：1 为口令，2 为 TLS 加口令，3 为 TLS 加桩自身证书；等级 3 的桩若没有证书，先用口令接入并申请证书。
            示例：tidewatt simulate --url ws://127.0.0.1:9000/ocpp --sessions sessions.csv --ocpp 2.0.1 --speed 60
            """))

    @Option(
        help: help(
            "Central system, without identity: ws://HOST:PORT/PATH or wss://….",
            "中心系统地址，不含桩标识：ws://主机:端口/路径 或 wss://…。"))
    var url: String
    @Option(
        help: help(
            "CSV: recorded sessions (user_id, plug_in_local, …) or a fleet (evse_id, arrival, …).",
            "CSV：会话记录（user_id、plug_in_local …）或车队文件（evse_id、arrival …）。"))
    var sessions: String
    @Option(
        help: help(
            "What the stations speak: 1.6, 2.0.1, 2.1 (they take energy back from vehicles with max_discharge_kw), or mixed (every second one 2.0.1).",
            "充电桩使用的协议版本：1.6、2.0.1、2.1（可由有 max_discharge_kw 的车辆反向放电）或 mixed（每两台中一台为 2.0.1）。"))
    var ocpp = StationSpeech.v16
    @Option(
        help: help("Stations (default: one for each user or EVSE of the file).", "充电桩数量（默认：文件中每个用户或桩一台）。"),
        transform: Self.stationCount)
    var stations: Int?
    @Option(help: help("EVSEs of each station, 1 to 8 (1).", "每台桩的枪数，1 至 8（默认 1）。"), transform: Self.evseCount)
    var evses = 1
    @Option(
        help: help(
            "Each station is a cabinet with so many slots for batteries, 2 to 20, and each stay a visit (2.1 only).",
            "每台桩为换电柜，格数 2 至 20，每个会话为一次换电（仅 2.1）。"), transform: Self.slotCount)
    var slots: Int?
    @Option(
        help: help(
            "Drivers ask for priority charging at the station so many seconds after they came (2.1; nobody does).",
            "到达后多少秒由司机在桩上请求优先充电（2.1；默认无）。"), transform: Self.secondCount)
    var priorityAfter: Int?
    @Option(
        help: help("Domain seconds a real second, 0.1 to 100000 (1).", "时间倍速，0.1 至 100000（默认 1）。"),
        transform: Self.speedFactor)
    var speed: Double = 1
    @Option(help: help("Seed of everything random (1).", "随机种子（默认 1）。"))
    var seed: UInt64 = 1
    @Option(
        help: help(
            "none, mixed (some on each station, by seed), or a list of \(Fault.names).",
            "none、mixed（按种子在各桩混合），或列表：\(Fault.names)。"),
        transform: FaultChoice.init(argument:))
    var faults = FaultChoice.none
    @Option(help: help("First civil day of the file to replay.", "文件中开始回放的日期。"), transform: Arguments.civilDay)
    var from: CivilDay?
    @Option(help: help("Days of the file to replay (all).", "回放天数（默认全部）。"), transform: Self.dayCount)
    var days: Int?
    @Option(
        help: help(
            "Id tags the drivers use in turn, comma-separated (default: their names); at a cabinet '-' waits for a remote start.",
            "轮流使用的 idTag，逗号分隔（默认用户名）；换电柜上 '-' 表示等待远程启动。"))
    var tags: String?
    @Option(
        help: help("Domain seconds until the first stay begins (60).", "首个会话开始前的秒数（默认 60）。"),
        transform: Self.secondCount)
    var lead = 60
    @Option(help: help("Zone of the file's wall clock (Asia/Shanghai).", "文件时间所在时区（默认 Asia/Shanghai）。"))
    var zone = "Asia/Shanghai"
    @Option(help: help("Identities begin with this (SIM-).", "桩标识前缀（默认 SIM-）。"))
    var identityPrefix = "SIM-"
    @Option(help: help("HTTP Basic password of all stations (none).", "所有桩的 HTTP Basic 口令（默认无）。"))
    var password: String?
    @Flag(
        name: .customLong("iso15118"),
        help: help(
            "Vehicles tell when they leave and what they need (2.0.1: NotifyEVChargingNeeds).",
            "车辆告知离开时间与电量需求（2.0.1：NotifyEVChargingNeeds）。"))
    var speaksISO15118 = false
    @Option(
        help: help(
            "Contract certificates (PEM, contract first), comma-separated: vehicles charge by them in turn, without a card.",
            "合同证书文件（PEM，合同证书在前），逗号分隔：车辆轮流凭合同充电，无需刷卡。"))
    var contracts: String?
    @Option(
        help: help(
            "Frequency of the grid, CSV (at, hz) at the file's own times; stations of 2.1 answer it (50 Hz).",
            "电网频率文件，CSV（at、hz），时间与会话文件一致；2.1 充电桩据此响应（默认 50 Hz）。"))
    var frequency: String?
    @OptionGroup var security: SimulatedSecurityOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (endpoint, file, options) = try inputs()
        let start = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let replay = SessionReplay(file, options: options, start: start)
        guard replay.stays > 0 else {
            throw Refusal(.noStay(sessions))
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let members = try security.secured(replay.members, at: endpoint, password: password, now: start)
        let fleet = StationFleet(
            endpoint: endpoint, members: members, clock: FleetClock(start: start, speed: speed), group: group)
        let interrupted = await play(fleet, replay)
        let summary = await fleet.summary()
        try await group.shutdownGracefully()

        let page = SimulationPage(
            summary: summary, replay: replay, rejectedRows: file.rejected, wasInterrupted: interrupted)
        output.answer(json: page.json, text: page.text(in: output.lang))
        if summary.connectionsOpened == 0 || summary.undelivered > 0 { throw ExitStatus.answerIsNo.asError }
    }

    private func inputs() throws -> (StationEndpoint, SessionFile, SessionReplay.Options) {
        let endpoint: StationEndpoint
        do { endpoint = try StationEndpoint(url) } catch { throw Refusal(.urlUnusable(error.message)) }
        guard let zone = Zone(zone) else {
            throw Refusal(.replayZoneUnknown(zone))
        }
        var options = SessionReplay.Options(zone: zone)
        options.stations = stations
        options.evses = evses
        options.lead = .seconds(lead)
        guard slots == nil || ocpp == .v21 else { throw Refusal(.cabinetsNeed21) }
        options.slots = slots
        options.priorityAfter = priorityAfter.map { .seconds($0) }
        options.from = from
        options.days = days
        options.seed = seed
        options.identityPrefix = identityPrefix
        options.password = password
        let ocpp = ocpp
        options.version = { ocpp.version(ofStation: $0) }
        options.tags = tags.map { $0.split(separator: ",").map(String.init) } ?? []
        options.speaksISO15118 = speaksISO15118
        options.contracts = try (contracts?.split(separator: ",") ?? []).map { try Self.contract("\($0)") }
        options.frequency = try frequency.map { try GridFrequency(csv: FileAccess.read($0), file: $0) }
        let faults = faults
        options.faults = { faults.faults(seed: $0) }
        return (endpoint, try SessionFile(csv: FileAccess.read(sessions), file: sessions, zone: zone), options)
    }

    /// Until the last stay is over and delivered, until it is clear that this will not come, or until a signal.
    /// - Returns: whether a signal ended it.
    private func play(_ fleet: StationFleet, _ replay: SessionReplay) async -> Bool {
        Output.complain(
            output.lang(
                "simulate: \(replay.stays) stays on \(replay.members.count) stations, seed \(seed)",
                "模拟：\(replay.members.count) 台桩，\(replay.stays) 个会话，种子 \(seed)"))
        fleet.start()
        let wasInterrupted = await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                for await _ in Signals.termination() { return true }
                return false
            }
            tasks.addTask {
                await watch(fleet, end: replay.end)
                return false
            }
            let first = await tasks.next() ?? false
            tasks.cancelAll()
            return first
        }
        await fleet.finish(within: .seconds(5))
        return wasInterrupted
    }

    /// Returns when all is done, when nothing could connect, or when the rest has had its time after the last stay.
    private func watch(_ fleet: StationFleet, end: Instant) async {
        let began = ContinuousClock.now
        var reported = began
        while !Task.isCancelled, await !fleet.isDone() {
            try? await Task.sleep(for: .milliseconds(200))
            if fleet.clock.now > end + Self.patience * max(1, speed) { return }
            let now = ContinuousClock.now
            if now - began > Self.patience, await fleet.summary().connectionsOpened == 0 { return }
            if now - reported > .seconds(5), Output.progressIsWelcome {
                reported = now
                await report(fleet)
            }
        }
    }

    /// Real time for a central system to come up, or to take what is left.
    private static let patience = Duration.seconds(10)

    private func report(_ fleet: StationFleet) async {
        let now = await fleet.summary()
        Output.complain(
            output.lang(
                "simulate: \(now.connected)/\(now.stations) connected, \(now.power.kilowatts) kW, "
                    + "\(now.energy.kilowattHoursText) kWh, \(now.counts.transactionsEnded) sessions ended",
                "模拟：在线 \(now.connected)/\(now.stations)，\(now.power.kilowatts) kW，"
                    + "\(now.energy.kilowattHoursText) kWh，已结束 \(now.counts.transactionsEnded) 个会话"))
    }

    private static func contract(_ path: String) throws -> VehicleSpeech.Contract {
        let chain: [StationCertificate]
        do {
            chain = try StationCertificate.chain(pem: String(decoding: try FileAccess.read(path), as: UTF8.self))
        } catch let fault
            as CredentialFault
        { throw Refusal(.contractUnusable(path, "\(fault)")) }
        guard let account = chain[0].commonName else { throw Refusal(.contractUnusable(path, "no common name")) }
        return VehicleSpeech.Contract(account: account, chain: chain.map(\.pem).joined())
    }
    private static func stationCount(_ text: String) throws -> Int {
        guard let count = Int(text), (1...19_000).contains(count) else {
            throw ValidationError(.stationsNeeded(text))
        }
        return count
    }
    private static func evseCount(_ text: String) throws -> Int {
        guard let count = Int(text), (1...8).contains(count) else {
            throw ValidationError(.evsesNeeded(text))
        }
        return count
    }
    private static func slotCount(_ text: String) throws -> Int {
        guard let count = Int(text), (2...20).contains(count) else { throw ValidationError(.slotsNeeded(text)) }
        return count
    }
    private static func secondCount(_ text: String) throws -> Int {
        guard let count = Int(text), (0...86_400).contains(count) else { throw ValidationError(.secondsNeeded(text)) }
        return count
    }
    private static func dayCount(_ text: String) throws -> Int {
        guard let count = Int(text), (1...3660).contains(count) else {
            throw ValidationError(.daysNeeded(text))
        }
        return count
    }
    private static func speedFactor(_ text: String) throws -> Double {
        guard let factor = Double(text), (0.1...100_000).contains(factor) else {
            throw ValidationError(.speedNeeded(text))
        }
        return factor
    }
}

extension SimulateCommand {
    /// What stations may do wrong, by name.
    enum Fault: String, CaseIterable {
        case ignoreProfiles = "ignore-profiles"
        case noBoot = "no-boot"
        case duplicates
        case lateAnswers = "late-answers"
        case clockSkew = "clock-skew"
        case drops
        case downloadFails = "download-fails"
        case badSignature = "bad-signature"
        case badCertificate = "bad-certificate"
        case installFails = "install-fails"
        case installHangs = "install-hangs"
        case rebootWhileDownloading = "reboot-while-downloading"
        case uploadFails = "upload-fails"
        case outsideLimit = "outside-limit"
        case groundFailure = "ground-failure"
        case highTemperature = "high-temperature"
        case unlockFails = "unlock-fails"
        case wrongClock = "wrong-clock"
        case refuseSetpoints = "refuse-setpoints"
        case slowAnswers = "slow-answers"
        case derated
        case noDischarge = "no-discharge"
        case slowRamp = "slow-ramp"
        case outage
        case silentMeter = "silent-meter"
        case forgetBatteries = "forget-batteries"

        static let names = allCases.map(\.rawValue).joined(separator: ", ")

        func apply(to faults: inout StationFaults) {
            switch self {
            case .ignoreProfiles: faults.ignoresProfiles = true
            case .noBoot: faults.reconnectsWithoutBoot = true
            case .duplicates: faults.duplicatesPermille = 50
            case .lateAnswers: faults.lateAnswersPermille = 50
            case .clockSkew: faults.clockSkew = .seconds(90)
            case .drops: faults.dropsPermille = 10
            case .downloadFails: faults.transfer = .downloadFails
            case .badSignature: faults.transfer = .badSignature
            case .badCertificate: faults.transfer = .badCertificate
            case .installFails: faults.transfer = .installFails
            case .installHangs: faults.transfer = .installHangs
            case .rebootWhileDownloading: faults.transfer = .rebootsWhileDownloading
            case .uploadFails: faults.transfer = .uploadFails
            case .outsideLimit: faults.outsideLimit = StationFaults.OutsideLimit()
            case .groundFailure: faults.failure = StationFaults.Failure(.groundFailure)
            case .highTemperature: faults.failure = StationFaults.Failure(.highTemperature)
            case .unlockFails: faults.unlockFails = true
            case .wrongClock: faults.wrongTime = .hours(-24)
            case .refuseSetpoints: faults.refusesSetpoints = true
            case .slowAnswers: faults.answersAfter = .seconds(8)
            case .derated: faults.followsPermille = 600
            case .noDischarge: faults.neverDischarges = true
            case .slowRamp: faults.rampPermille = 20
            case .outage: faults.outage = StationFaults.Outage()
            case .silentMeter: faults.meterIsSilent = true
            case .forgetBatteries: faults.forgetsBatteries = true
            }
        }
    }
    enum FaultChoice: Hashable, Sendable {
        case none
        case mixed
        case these([Fault])

        init(argument: String) throws {
            switch argument {
            case "none": self = .none
            case "mixed": self = .mixed
            default:
                self = .these(
                    try argument.split(separator: ",").map { name in
                        guard let fault = Fault(rawValue: String(name)) else {
                            throw ValidationError(
                                .faultUnknown("\(name)", allowed: "\(Fault.names)"))
                        }
                        return fault
                    })
            }
        }

        func faults(seed: UInt64) -> StationFaults {
            switch self {
            case .mixed: return StationFaults(seed: seed)
            case .none, .these:
                var faults = StationFaults()
                faults.seed = seed
                if case .these(let list) = self { for fault in list { fault.apply(to: &faults) } }
                return faults
            }
        }
    }
}
