import Assets
import Charging
@testable import GridDispatch
import Operations
public import Quantities

/// A small V2G park on an afternoon: a building with PV and a battery, four two-way piles, one van that gives back.
public enum PreviewPark {
    public static let site = SiteID("v2g-park")
    public static let session = Session.ID("S-00000042")

    public static func state(at now: Instant = PreviewCommunity.evening) -> FakePlatform.State {
        var state = FakePlatform.State()
        let from = CivilDay(year: 2026, month: 1, day: 1)!
        state.sites[site] = Site(
            id: site, name: "车网互动园区", kind: "workplace", region: "440100",
            exportTariffs: [.init(from: from, tariff: "cn/guangdong/v2g-discharge")],
            operatorName: "Tidewatt",
            battery: BatteryTerms(
                chemistry: .lfp, valuePerKilowattHour: 600_000_000, consumption: 180, roundTripPerMille: 865
            ))
        let meters: [(String, GridNode.Serves?, Power)] = [
            ("T1", nil, .watts(64_200)), ("PV", .pv, .watts(-118_400)), ("ESS", .storage, .watts(40_000)),
            ("OFFICE", .building, .watts(190_600)),
        ]
        for (name, serves, power) in meters {
            let id = NodeID(name)
            state.nodes[id] = GridNode(
                id: id, parent: serves == nil ? nil : NodeID("T1"), site: site,
                limit: serves == nil ? .kilowatts(508) : nil, serves: serves)
            state.nodeReadings[id] = [NodeReading(at: now - .seconds(8), power: power)]
        }
        for number in 1...4 {
            let id = StationID("V2G-0\(number)")
            let gives = number == 1
            var station = Station(
                id: id, site: site, node: NodeID("T1"), model: "DC 60 kW",
                electrical: .init(voltage: 230, phases: 3, maxCurrentMilliamperes: 87_000),
                createdAt: now - .days(90))
            if number < 4 { station.electrical.maxDischarge = .kilowatts(60) }
            let evse = StationView.EVSE(
                number: 1, status: gives ? .charging : .available, errorCode: nil,
                transaction: gives ? "tx-42" : nil,
                session: gives ? session : nil, power: gives ? .kilowatts(-48) : nil, powerAt: now,
                setpoint: gives ? .kilowatts(-48) : nil, setpointState: gives ? "confirmed" : nil,
                control: EVSEControl(evse: EVSEID(id, 1)))
            state.stations[id] = StationView(
                station: station, online: true, lastSeen: now, protocol: "ocpp2.1", evses: [evse],
                commissioning: nil)
        }
        state.sessions = [van(&state, now)]
        follow(&state, now)
        state.instructions[site] = [call(now)]
        return state
    }

    /// A call that is missed: one pile is away, and one vehicle is down to what its driver keeps.
    private static func call(_ now: Instant) -> GroupInstruction {
        GroupInstruction(
            instruction: Instruction(
                id: "call", source: "dispatcher", priority: .grid, target: .charging(below: NodeID("T1")),
                demand: .exactly(.kilowatts(-120)), interval: Interval(now - .minutes(10), now + .minutes(50)),
                receivedAt: now - .minutes(11)),
            standing: GroupDispatch(
                instruction: "call", node: NodeID("T1"), asked: .kilowatts(-120), target: .kilowatts(-120),
                allocated: .kilowatts(-48), measured: .kilowatts(-48), lowest: .kilowatts(-48),
                highest: .kilowatts(60), missedSince: now - .minutes(9),
                shortfalls: [
                    .init(evse: EVSEID(StationID("V2G-02"), 1), reason: .offline),
                    .init(evse: EVSEID(StationID("V2G-03"), 1), reason: .energyFloor),
                    .init(evse: EVSEID(StationID("V2G-04"), 1), reason: .nodeLimit(NodeID("T1"))),
                ]))
    }

    /// What the van was told and did in the last hours: it charged, rested, and gives back since forty minutes; once it needed
    /// some minutes to come to what it was told.
    private static func follow(_ state: inout FakePlatform.State, _ now: Instant) {
        let evse = EVSEID(StationID("V2G-01"), 1)
        let steps: [(minute: Int, kilowatts: Int64?)] = [(-300, nil), (-270, 24), (-210, 0), (-75, -20), (-40, -48)]
        state.setpoints[evse] = steps.map {
            SetpointPoint(
                evse: evse, session: session, at: now + .minutes($0.minute),
                power: $0.kilowatts.map { Power.kilowatts($0) })
        }
        var points: [SitePowerPoint] = []
        for minute in -180..<0 {
            let told = steps.last { $0.minute <= minute }?.kilowatts ?? 0
            let late = (-75 ..< -70).contains(minute)
            let power = Power.watts(late ? -4_000 * Int64(minute + 76) : told * 1000 + Int64(minute % 3) * 120)
            points.append(
                SitePowerPoint(
                    site: site, at: now + .minutes(minute), measured: .kilowatts(112) + power, charging: power,
                    planned: nil, limit: .kilowatts(508), base: .kilowatts(112), baseIsStale: false, level: "peak"))
            for (name, watts) in [("Import", max(0, power.watts)), ("Export", max(0, -power.watts))] {
                state.readings[session, default: []].append(
                    Reading(
                        at: now + .minutes(minute), measurand: "Power.Active.\(name)", mantissa: watts, scale: 0,
                        unit: "W", context: "Sample.Periodic"))
            }
        }
        state.points[site] = points
        state.readings[session]?.sort { ($0.at, $0.measurand) < ($1.at, $1.measurand) }
    }

    /// Came at noon, charged a little, and has been giving back for forty minutes.
    private static func van(_ state: inout FakePlatform.State, _ now: Instant) -> SessionView {
        let id = StationID("V2G-01")
        let start = now - .hours(5)
        var readings: [Reading] = []
        var (taken, given) = (Int64(0), Int64(0))
        for minute in stride(from: 0, through: 300, by: 5) {
            if (30..<90).contains(minute) { taken += 2_000 }
            if minute > 260 { given += 4_000 }
            for (name, value) in [("Import", 880_000 + taken), ("Export", 310_000 + given)] {
                readings.append(
                    Reading(
                        at: start + .minutes(minute), measurand: "Energy.Active.\(name).Register",
                        mantissa: value, scale: 0,
                        unit: "Wh", context: "Sample.Periodic"))
            }
            readings.append(
                Reading(
                    at: start + .minutes(minute), measurand: "SoC", mantissa: 62 + (taken - given) / 1000,
                    scale: 0,
                    unit: "Percent", context: "Sample.Periodic"))
        }
        state.readings[session] = readings
        var vehicle = Session(
            id: session, evse: EVSEID(id, 1), connector: 1, transactionID: "tx-42", idToken: nil,
            startedAt: start,
            registerStart: .wattHours(880_000), registerLast: .wattHours(880_000 + taken),
            registerLastAt: now,
            imported: .wattHours(taken), exported: .wattHours(given))
        vehicle.v2x = V2XParameters(
            transfer: "DC_BPT", control: .dynamic, mostCharge: .kilowatts(60),
            mostDischarge: .kilowatts(60),
            target: .kilowattHours(18), minimum: .kilowattHours(-30), maximum: .kilowattHours(33),
            minimumV2X: .kilowattHours(-25), maximumV2X: .kilowattHours(28), toldAt: start)
        let plan = Plan.Stay(
            session: session.value, evse: EVSEID(id, 1),
            setpoints: [.kilowatts(-48)] + Array(repeating: .zero, count: 40)
                + Array(repeating: .kilowatts(19), count: 8),
            wanted: .kilowattHours(18), undelivered: .zero, binding: [], isForecast: false,
            departure: now + .hours(13))
        return SessionView(
            session: vehicle, site: site, plan: plan,
            planStart: now.floored(to: .minutes(15), from: Instant(milliseconds: 0)),
            planStep: .minutes(15))
    }
}
