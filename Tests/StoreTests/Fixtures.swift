import Assets
import Charging
import Foundation
import GridDispatch
import Operations
import Quantities

@testable import Store

let t0 = Instant("2026-03-02T08:00:00Z")!

extension Store {
    /// Appends and waits for the disk.
    func write(_ changes: Change...) async throws { try await write(changes) }
    func write(_ changes: [Change]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            append(changes) { continuation.resume(with: $0.mapError { $0 as any Error }) }
        }
    }
}

/// Opens a store in a folder of its own.
func withStore(
    _ options: Store.Options = Store.Options(), _ body: (Store, ScratchFolder) async throws -> Void
) async throws {
    let scratch = try ScratchFolder()
    let store = try Store(directory: scratch.path, options: options)
    do { try await body(store, scratch) } catch {
        store.close()
        throw error
    }
    store.close()
}

enum Fixture {
    static let station = Station(
        id: StationID("CP 1/é"), registration: .pending, site: SiteID("S1"), node: NodeID("N1"), model: "AC7",
        electrical: Station.Electrical(
            voltage: 230, phases: 3, maxCurrentMilliamperes: 16_000, maxDischarge: .kilowatts(11)),
        ownership: .public, ownershipEvidence: "deed.pdf", owner: "Li",
        boot: Station.Boot(vendor: "V", model: "M", serial: "42", firmware: nil), securityProfile: 2,
        operatorLimit: .kilowatts(5), passwordDigest: "digest",
        keyChanges: [
            KeyChange(stored: "older", state: .refused, at: t0, word: "NotSupported"),
            KeyChange(stored: "newer", state: .afterReboot, at: t0 + .minutes(1)),
        ], createdAt: t0)
    static let commissioning = Commissioning(
        verdict: .doesNotFollow, rateUnit: "A", maxStackLevel: 3, maxPeriods: 24, maxProfiles: 5, phases: 1,
        sampleInterval: 30, note: .refused(.measurands, word: "NotSupported: Current.Import"),
        v2x: V2XAbilities(texts: ["enabled": "true", "vehicle": "true", "modes.1": "Idle,CentralSetpoint"]),
        at: t0 + .minutes(3))
    static let session = Session(
        id: Session.ID("S-7"), evse: EVSEID(station.id, 1), connector: 1, transactionID: "4711", idToken: "TAG",
        startedAt: t0, registerStart: .wattHours(1000), registerLast: .wattHours(3500),
        registerLastAt: t0 + .minutes(20), imported: .wattHours(2500), exported: .wattHours(3),
        needs: Needs(
            departure: t0 + .hours(9), energy: .kilowattHours(20), minimum: nil, chargeNow: true, statedBy: "driver",
            statedAt: t0 + .minutes(1)), flags: ["register went back", "两次启动"])
    static let ended: Session = {
        var session = Fixture.session
        session.status = .ended
        session.endedAt = t0 + .hours(2)
        session.registerStop = .wattHours(4000)
        session.stopReason = "Local"
        session.needs = nil
        session.flags = []
        session.v2x = V2XParameters(
            transfer: "DC_BPT", control: .dynamic, mostDischarge: .kilowatts(11), target: .kilowattHours(20),
            minimumV2X: .wattHours(-500), toldAt: t0)
        session.dialogue = VehicleDialogue(texts: [
            "vehicle": "EVCC1", "allowed": "DC,DC_BPT", "requested": "DC_BPT", "offered_at": "1772438400000",
            "priority": "true:1772438400000:false",
        ])
        return session
    }()
    static let site = Site(
        id: SiteID("S1"), name: "阳光小区", region: "420000",
        tariffs: [
            Site.TariffEntry(from: CivilDay(year: 2026, month: 1, day: 1)!, tariff: "cn/hubei"),
            Site.TariffEntry(from: CivilDay(year: 2026, month: 3, day: 1)!, tariff: "cn/hubei-2"),
        ], exportTariffs: [Site.TariffEntry(from: CivilDay(year: 2026, month: 1, day: 1)!, tariff: "cn/export")],
        operatorName: "物业", mode: .stopped(by: "wang", reason: "fire drill"),
        energyTransfer: ["DC_BPT"],
        battery: BatteryTerms(
            chemistry: .nmc, valuePerKilowattHour: 800_000_000, cycles: 2500, consumption: nil, roundTripPerMille: 880))
    static let node = GridNode(
        id: NodeID("N1"), parent: NodeID("N0"), site: SiteID("S1"), limit: .kilowatts(500),
        exportLimit: .kilowatts(100),
        rating: GridNode.Rating(voltAmperes: 630_000, powerFactorPerMille: 950, loadingPerMille: 850), serves: .pv)
    static let command = CommandView(
        id: "C-1", station: station.id, action: "Reset", payload: Array("{\"type\":\"Soft\"}".utf8), status: .pending,
        createdAt: t0, by: "wang")
    static let alarm = Alarm(
        id: 3, priority: .high, code: "node-near-limit", site: SiteID("S1"), object: "N1",
        values: ["limit": "500", "测": "\"quoted\" / slash"], since: t0)
    static let token = IdToken(
        value: "TAG", status: .blocked, expiresAt: t0, parent: "P", type: "Central",
        energyTransfer: ["DC", "DC_BPT"])
    static let plan = Plan(
        id: Plan.ID(12), site: SiteID("S1"), computedAt: t0, trigger: "arrival", start: t0, step: .minutes(15),
        count: 4,
        stays: [
            Plan.Stay(
                session: "S-7", evse: EVSEID(station.id, 1),
                setpoints: [.kilowatts(7), .kilowatts(-3), .zero, .watts(6_999)], wanted: .kilowattHours(9),
                undelivered: .wattHours(1),
                binding: [
                    Plan.Binding(node: NodeID("N1"), interval: Interval(t0, t0 + .minutes(15))),
                    Plan.Binding(node: nil, interval: Interval(t0 + .minutes(30), t0 + .minutes(60))),
                ], isForecast: true, departure: t0 + .hours(1))
        ],
        nodes: [
            Plan.NodeLoad(
                node: NodeID("N1"), limit: nil, base: [.watts(1), .watts(2), .watts(3), .watts(4)],
                total: [.watts(5), .watts(6), .watts(-7), .watts(8)])
        ], objectiveYuan: 12.345, boundYuan: 12.3, gap: 0.0036)
    static let report = DayReport(
        site: SiteID("S1"), day: CivilDay(year: 2026, month: 3, day: 1)!, limit: .kilowatts(500),
        orderly: DayReport.Side(
            energy: .kilowattHours(812), costYuan: "300.12", peak: .kilowatts(498), slotsAboveLimit: 0,
            valleyShare: 0.81),
        uncontrolled: DayReport.Side(
            energy: .kilowattHours(815), costYuan: "401.5", peak: .kilowatts(640), slotsAboveLimit: 6,
            valleyShare: nil), deliverable: .kilowattHours(820), foresightCostYuan: "290", valleyShareMaximum: 0.83,
        regretForecastYuan: "8", regretRoundingYuan: "1.5", regretNotFollowedYuan: "0.62")
    static let power = SitePowerPoint(
        site: SiteID("S1"), at: t0, measured: .kilowatts(300), charging: nil, planned: .kilowatts(310),
        limit: .kilowatts(500), base: .kilowatts(200), baseIsStale: false, level: "valley")
    static let message = MessageRecord(
        station: station.id, at: t0, direction: .inbound, messageID: "m1", action: "Heartbeat", text: Array("[2]".utf8),
        reply: Array("{}".utf8), problem: "soft")
    static let audit = AuditRecord(
        at: t0, actor: "wang", role: "manager", action: "site.mode", object: "S1", detail: "auto → stopped")

    static func reading(_ at: Instant, _ mantissa: Int64, measurand: String = "Power.Active.Import") -> Reading {
        Reading(at: at, measurand: measurand, mantissa: mantissa, scale: 1, unit: "W", context: "Sample.Periodic")
    }
}
