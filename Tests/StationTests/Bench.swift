import Credentials
import OCPP
import OCPPMessages
import Quantities

@testable import Simulation

let t0 = Instant(seconds: 1_769_846_400)  // 2026-01-31T08:00:00Z

/// What a bench needs to know of a version.
protocol BenchWords {
    associatedtype Request: WireMessage
    associatedtype Response: WireMessage
    static var version: OCPPVersion { get }
    static func request(_ call: InboundCall) -> Request?
    static func faults(request action: String, _ payload: [UInt8]) -> [FieldFault]
    static func faults(response action: Request.Action, _ payload: [UInt8]) -> [FieldFault]
    static func response(_ action: Request.Action, _ payload: [UInt8]) -> Response?
    /// The answer of a central system that agrees to everything; `number` counts transactions.
    static func friendly(_ request: Request, _ number: Int) -> Response?
    static func isStart(_ request: Request) -> Bool
    /// The action and, for some, what matters in it.
    static func line(_ request: Request) -> String
}

/// One simulated station and a plain central system on a perfect wire, in virtual time.
struct StationBench<Words: BenchWords> {
    var station: SimulatedChargePoint
    private(set) var now = t0
    private(set) var isUp = false
    /// Whether a connection attempt works.
    var isReachable = true
    /// Whether it works by this way, and why not.
    var turnsAway: (StationRoute) -> StationRefusal?? = { _ in nil }
    private(set) var routes: [StationRoute] = []
    private(set) var keys: [Int: StationKey] = [:]
    /// Keys with which the station now shows a certificate.
    private(set) var kept: [Int] = []
    /// What the station has sent, in order, repeats included.
    private(set) var requests: [Words.Request] = []
    /// When each of them was received.
    private(set) var times: [Instant] = []
    /// Payloads of ours that break the standard; there must never be any.
    private(set) var faults: [String] = []
    private(set) var outcomes: [UInt64: StationLink.CallOutcome] = [:]
    private(set) var connections = 0
    /// Changes the friendly answers; `nil` from it means silence.
    var answer: (Words.Request, Int) -> Words.Response? = { request, number in Words.friendly(request, number) }
    private enum Work {
        case station(SimulatedChargePoint.Event)
        case central(StationLink.Event)
    }
    private var work: [Work] = []
    private var isDraining = false
    private var link: StationLink?
    private var linkWake: Int64?
    private var wake: Instant?
    private var nextToken: UInt64 = 0
    private var transactions = 100

    init(_ settings: StationSettings = StationSettings(identity: "CP-1")) {
        var settings = settings
        settings.version = Words.version
        station = SimulatedChargePoint(settings, at: t0)
        feed(.powerOn)
    }

    // MARK: Doing

    mutating func feed(_ event: SimulatedChargePoint.Event) {
        work.append(.station(event))
        drain()
    }

    /// Plays what is on the wire in the order it was put there.
    private mutating func drain() {
        guard !isDraining else { return }
        isDraining = true
        defer { isDraining = false }
        while !work.isEmpty {
            switch work.removeFirst() {
            case .station(let event): for action in station.handle(event, at: now) { carryOut(action) }
            case .central(let event): central(event)
            }
        }
    }

    private mutating func carryOut(_ action: SimulatedChargePoint.Action) {
        switch action {
        case .wake(let at): wake = at
        case .connect(let route):
            routes.append(route)
            if let refusal = turnsAway(route) {
                work.append(.station(refusal.map { .unreachable($0) } ?? .disconnected))
                return
            }
            guard isReachable else {
                work.append(.station(.disconnected))
                return
            }
            connections += 1
            isUp = true
            link = StationLink(role: .centralSystem, version: Words.version)
            work.append(.station(.connected))
        case .disconnect:
            isUp = false
            link = nil
            work.removeAll { if case .central = $0 { true } else { false } }
        case .fetch(let number, _): work.append(.station(.fetched(number, isWhole: true)))
        case .bring(let number, _, _): work.append(.station(.brought(number, isTaken: true)))
        case .makeRequest(let number, let commonName, let organization):
            let made = StationKeys.make(commonName: commonName, organization: organization)
            keys[number] = made?.key
            work.append(.station(.requestMade(number, request: made?.request)))
        case .judge(let judgement):
            // As the real one does, without its waits.
            let leaf = judgement.chain[0]
            let isGood =
                keys[judgement.key]?.fits(leaf) == true && judgement.roots.contains { $0.hasSigned(leaf) }
                && leaf.notAfter > judgement.at
            work.append(.station(.judged(key: judgement.key, fault: isGood ? nil : "it is no good")))
        case .keep(let key, _, _): kept.append(key)
        case .transmit(let text): if isUp { work.append(.central(.received(text: text))) }
        }
    }

    /// The wire breaks.
    mutating func cut() {
        isUp = false
        link = nil
        feed(.disconnected)
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        while true {
            let due = [wake, linkWake.map { Instant(milliseconds: $0) }].compactMap { $0 }.min()
            guard let due, due <= end else { break }
            now = max(now, due)
            if let linkWake, linkWake <= now.milliseconds {
                self.linkWake = nil
                work.append(.central(.wake))
                drain()
            } else {
                wake = nil
                feed(.wake)
            }
        }
        now = end
    }

    /// Moves time without waking anybody.
    mutating func sleep(_ duration: Duration) { now += duration }

    /// Sends a call and gives what came back at once; `nil` when nothing did.
    mutating func call(_ request: Words.Request) -> Words.Response? {
        let token = order(request)
        guard case .answered(let payload)? = outcomes[token] else { return nil }
        faults += Words.faults(response: request.action, payload).map { "\(request.action): \($0)" }
        return Words.response(request.action, payload)
    }

    mutating func order(_ request: Words.Request) -> UInt64 {
        nextToken += 1
        work.append(
            .central(
                .send(
                    .init(
                        token: nextToken, messageID: "c\(nextToken)", action: request.action.rawValue,
                        payload: request.json,
                        timeoutMilliseconds: 30_000))))
        drain()
        return nextToken
    }

    private mutating func central(_ event: StationLink.Event) {
        guard link != nil else { return }
        var actions: [StationLink.Action] = []
        link?.handle(event, at: now.milliseconds, into: &actions)
        for action in actions {
            switch action {
            case .transmit(let text): work.append(.station(.received(text: text)))
            case .deliver(let call):
                guard let request = Words.request(call) else { continue }
                requests.append(request)
                times.append(now)
                faults += Words.faults(request: call.action, Array(call.payloadBytes)).map {
                    "\(call.action): \($0)"
                }
                if Words.isStart(request) { transactions += 1 }
                if let response = answer(request, transactions) {
                    work.append(.central(.respond(messageID: call.messageID, payload: response.json)))
                }
            case .completed(let token, let outcome), .lateAnswer(let token, _, let outcome): outcomes[token] = outcome
            case .wake(let at): linkWake = at
            case .close, .note: break
            }
        }
    }

    // MARK: Looking

    /// Actions and, for some, what matters in them.
    var story: [String] { requests.map(Words.line) }
    mutating func newStory() -> [String] {
        defer {
            requests.removeAll()
            times.removeAll()
        }
        return story
    }
    var status: ConnectorCondition? { station.status(connector: 1) }
}

extension SimulatedVehicle {
    /// 60 kWh, half full, wants so many kWh; no taper unless it gets above 90 %.
    static func wanting(_ kilowattHours: Int64, maxWatts: Int64 = 7040, stored: Int64 = 30) -> SimulatedVehicle {
        SimulatedVehicle(
            battery: .kilowattHours(60), stored: .kilowattHours(stored), wanted: .kilowattHours(kilowattHours),
            maxPower: .watts(maxWatts))
    }
}

func txProfile(
    _ tenths: Int64, id: Int = 1, transaction: Int? = 101, purpose: V16.ChargingProfilePurpose = .txProfile,
    level: Int = 1,
    start: Instant = t0, duration: Int? = 3600, unit: V16.ChargingRateUnit = .a
) -> V16.ChargingProfile {
    V16.ChargingProfile(
        chargingProfileId: id, stackLevel: level, chargingProfilePurpose: purpose, chargingProfileKind: .absolute,
        chargingSchedule: .init(
            chargingRateUnit: unit,
            chargingSchedulePeriod: [.init(startPeriod: 0, limit: JSONDecimal(mantissa: tenths, scale: 1))],
            duration: duration, startSchedule: start), transactionId: transaction)
}
