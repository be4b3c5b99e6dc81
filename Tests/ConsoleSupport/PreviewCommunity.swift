import Assets
import Charging
import GridDispatch
import Operations
public import Quantities

/// A residential community as it may look on an evening: invented by a seed, for looking at pages and testing them.
public enum PreviewCommunity {
    /// Wednesday, 18:42 in Shanghai.
    public static let evening = Instant(seconds: 1_773_225_720)
    static let site = SiteID("jingyuan")
    static let zone = Zone.shanghai

    public static func state() -> FakePlatform.State {
        var state = FakePlatform.State()
        var random = SeededRandom(seed: 20_260_311)
        let limit = GridNode.Rating(voltAmperes: 630_000, powerFactorPerMille: 950, loadingPerMille: 850)
        state.sites[site] = Site(
            id: site, name: "静园小区", kind: "community", region: "420100",
            tariffs: [.init(from: CivilDay(year: 2024, month: 6, day: 1)!, tariff: "cn/hubei/residential-charging")],
            operatorName: "江城充电服务")
        state.sites[SiteID("riverside")] = Site(
            id: SiteID("riverside"), name: "滨江公共站", kind: "public", region: "420100", operatorName: "江城充电服务",
            mode: .manual(by: "manager", reason: "变压器检修"))
        state.nodes[NodeID("T1")] = GridNode(id: NodeID("T1"), site: site, rating: limit)
        for feeder in 1...4 {
            let id = NodeID("F\(feeder)")
            state.nodes[id] = GridNode(id: id, parent: NodeID("T1"), site: site, limit: .kilowatts(180))
        }
        levels(&state)
        curve(&state, &random, limit.limit)
        stations(&state, &random)
        plan(&state, limit.limit)
        alarms(&state)
        reports(&state, limit.limit)
        tokens(&state)
        limits(&state)
        security(&state)
        jobs(&state)
        moreJobs(&state)
        PreviewDevices.fill(&state, StationID("JY-003"), at: evening)
        PreviewDevices.fillRich(&state, StationID("JY-010"), at: evening)
        PreviewDevices.fillAwaited(&state, StationID("JY-011"), at: evening)
        return state
    }

    /// Valley 23:00–07:00, peak 18:00–22:00, sharp 20:00–21:00, else flat.
    static func level(at instant: Instant) -> String {
        switch zone.millisecondOfDay(at: instant) / 3_600_000 {
        case 23, 0..<7: "valley"
        case 20: "sharp"
        case 18..<22: "peak"
        default: "flat"
        }
    }

    private static func levels(_ state: inout FakePlatform.State) {
        let today = zone.civilDay(at: evening)
        var spans: [PriceLevelSpan] = []
        for offset in -8...2 {
            let start = zone.midnight(of: today.adding(days: offset))
            for (from, to, level) in [
                (0, 7, "valley"), (7, 18, "flat"), (18, 20, "peak"), (20, 21, "sharp"), (21, 22, "peak"),
                (22, 23, "flat"), (23, 24, "valley"),
            ] {
                spans.append(PriceLevelSpan(interval: Interval(start + .hours(from), start + .hours(to)), level: level))
            }
        }
        state.levels[site] = spans
    }

    /// Household load by hour, kW.
    static let household: [Double] = [
        165, 150, 142, 138, 140, 152, 190, 235, 228, 205, 200, 215, 238, 220, 205, 205, 222, 268, 318, 338, 330, 300,
        250, 200,
    ]
    /// Charging by plan by hour, kW.
    private static let charging: [Double] = [
        240, 255, 240, 210, 160, 95, 40, 12, 8, 10, 14, 18, 20, 16, 14, 18, 28, 60, 105, 98, 80, 95, 140, 215,
    ]
    private static func shape(_ table: [Double], _ instant: Instant) -> Double {
        let hour = Double(zone.millisecondOfDay(at: instant)) / 3_600_000
        let (low, part) = (Int(hour) % 24, hour - hour.rounded(.down))
        return table[low] * (1 - part) + table[(low + 1) % 24] * part
    }

    private static func curve(_ state: inout FakePlatform.State, _ random: inout SeededRandom, _ limit: Power) {
        let start = zone.midnight(of: zone.civilDay(at: evening).adding(days: -7))
        var points: [SitePowerPoint] = []
        var at = start
        while at <= evening + .hours(30) {
            func noise(_ size: Double) -> Double { (Double(random.next() % 2001) / 1000 - 1) * size }
            let base = Power(roundingKilowatts: shape(household, at) + noise(6))
            let drawn = Power(roundingKilowatts: max(0, shape(charging, at) + noise(9)))
            let planned = Power(
                roundingKilowatts: shape(household, at.floored(to: .minutes(15), from: start))
                    + shape(charging, at.floored(to: .minutes(15), from: start)))
            // The site meter was silent for a while this morning.
            let minute = zone.millisecondOfDay(at: at) / 60_000
            let silent = (545..<590).contains(minute) && at > evening - .hours(20)
            points.append(
                SitePowerPoint(
                    site: site, at: at, measured: silent ? nil : base + drawn, charging: drawn, planned: planned,
                    limit: limit, base: silent ? base + .kilowatts(40) : base, baseIsStale: silent, level: level(at: at)
                ))
            at += .minutes(1)
        }
        state.points[site] = points
    }

    private static func stations(_ state: inout FakePlatform.State, _ random: inout SeededRandom) {
        let makers = [("Kehua", "AC7-S", "2.4.1"), ("Star Charge", "ACS-7K", "1.18.0"), ("TELD", "TD-AC07", "5.0.3")]
        for number in 1...120 {
            let text = String(number)
            let id = StationID("JY-" + String(repeating: "0", count: 3 - text.count) + text)
            let maker = makers[Int(random.next() % 3)]
            var station = Station(
                id: id, site: site, node: NodeID("F\((number - 1) / 30 + 1)"), model: "AC 7 kW",
                electrical: Station.Electrical(phases: 1, maxCurrentMilliamperes: 32_000), ownership: .private,
                ownershipEvidence: "车位登记 2023-\(1000 + number)",
                owner: "\((number - 1) / 20 + 1) 栋 \(number % 20 + 1) 层",
                boot: .init(vendor: maker.0, model: maker.1, serial: "SN\(88_000 + number)", firmware: maker.2),
                createdAt: evening - .days(200))
            if number == 44 { station.operatorLimit = .watts(3500) }
            let online = ![17, 52, 101].contains(number)
            let kind = random.next() % 100
            let status: ConnectorStatus =
                number == 23
                ? .faulted
                : !online
                    ? .unknown
                    : kind < 22
                        ? .charging
                        : kind < 30 ? .suspendedEVSE : kind < 34 ? .suspendedEV : kind < 38 ? .finishing : .available
            let active = status == .charging || status == .suspendedEVSE || status == .suspendedEV
            let sessionID = active ? session(number, id, status, &state, &random) : nil
            let power: Power? =
                active ? (status == .charging ? .watts(1400 + Int64(random.next() % 5600)) : .zero) : nil
            let evse = StationView.EVSE(
                number: 1, status: status, errorCode: status == .faulted ? "GroundFailure" : nil,
                transaction: active ? String(4200 + number) : nil, session: sessionID, power: power,
                powerAt: power.map { _ in evening - .seconds(Int64(random.next() % 55)) },
                setpoint: active ? .watts(status == .suspendedEVSE ? 0 : 7040) : nil,
                setpointState: active ? "confirmed" : nil, control: EVSEControl(evse: EVSEID(id, 1)))
            let verdict: Commissioning.Verdict = number == 61 ? .doesNotFollow : number % 9 == 0 ? .unknown : .follows
            state.stations[id] = StationView(
                station: station, online: online,
                lastSeen: evening - (online ? .seconds(Int64(random.next() % 290)) : .hours(number)),
                protocol: "ocpp1.6",
                evses: [evse],
                commissioning: Commissioning(
                    verdict: verdict, rateUnit: "A", maxStackLevel: 8, maxPeriods: 24, maxProfiles: 10, phases: 1,
                    sampleInterval: 60, note: verdict == .doesNotFollow ? .drewMore(evse: 1) : nil,
                    at: evening - .days(20)))
            state.messages[id] = messages(id, number)
            ended(number, id, &state, &random)
        }
        let odd = StationID("A/B 07")
        state.stations[odd] = StationView(
            station: Station(id: odd, registration: .pending, ownership: .public, createdAt: evening), online: true,
            lastSeen: evening, protocol: "ocpp1.6", evses: [], commissioning: nil)
    }

    private static func session(
        _ number: Int, _ id: StationID, _ status: ConnectorStatus, _ state: inout FakePlatform.State,
        _ random: inout SeededRandom
    ) -> Session.ID {
        let text = String(2000 + number)
        let sessionID = Session.ID("S-00" + text)
        let started = evening - .minutes(20 + Int(random.next() % 150))
        let start = RegisterReading.wattHours(120_000 + Int64(random.next() % 5_000_000))
        var readings: [Reading] = []
        var at = started
        var energy: Int64 = 0
        while at <= evening {
            let early = at < started + .minutes(25)
            let watts: Int64 = early ? 1400 : status == .charging ? 6900 + Int64(random.next() % 200) : 0
            readings.append(
                Reading(
                    at: at, measurand: "Power.Active.Import", mantissa: watts, scale: 0, unit: "W",
                    context: "Sample.Periodic"))
            readings.append(
                Reading(
                    at: at, measurand: "Energy.Active.Import.Register", mantissa: start.milliwattHours / 1000 + energy,
                    scale: 0, unit: "Wh", context: "Sample.Periodic"))
            energy += watts / 60
            at += .minutes(1)
        }
        let short = number % 7 == 0
        var session = Session(
            id: sessionID, evse: EVSEID(id, 1), connector: 1, transactionID: String(4200 + number),
            idToken: "CARD\(1000 + number)",
            startedAt: started, registerStart: start, registerLast: .wattHours(start.milliwattHours / 1000 + energy),
            registerLastAt: evening,
            imported: .wattHours(energy))
        if number % 3 == 0 {
            session.needs = Needs(
                departure: zone.instant(of: zone.civilDay(at: evening).adding(days: 1), minute: 7 * 60 + 30),
                energy: .kilowattHours(32),
                minimum: .kilowattHours(10), chargeNow: false, statedBy: "operator", statedAt: started + .minutes(3))
        }
        if number % 11 == 0 { session.flags = ["clock of the pile is 94 s late"] }
        let planStart = evening.floored(to: .minutes(15), from: zone.midnight(of: zone.civilDay(at: evening)))
        let setpoints = (0..<52).map { slot -> Power in
            let level = level(at: planStart + .minutes(15 * slot))
            return level == "valley"
                ? .watts(7040)
                : level == "flat" && slot > 12 ? .watts(3520) : slot < 2 && status == .charging ? .watts(7040) : .zero
        }
        let plan = Plan.Stay(
            session: sessionID.value, evse: EVSEID(id, 1), setpoints: setpoints,
            wanted: .kilowattHours(short ? 46 : 28),
            undelivered: short ? .wattHours(4350) : .zero,
            binding: short
                ? [
                    .init(node: NodeID("T1"), interval: Interval(planStart + .minutes(255), planStart + .minutes(345))),
                    .init(node: nil, interval: Interval(planStart, planStart + .minutes(45))),
                ] : [], isForecast: number % 3 != 0,
            departure: zone.instant(of: zone.civilDay(at: evening).adding(days: 1), minute: 7 * 60 + 30))
        state.sessions.append(
            SessionView(session: session, site: site, plan: plan, planStart: planStart, planStep: .minutes(15)))
        state.readings[sessionID] = readings
        return sessionID
    }

    private static func ended(
        _ number: Int, _ id: StationID, _ state: inout FakePlatform.State, _ random: inout SeededRandom
    ) {
        let started = zone.instant(
            of: zone.civilDay(at: evening).adding(days: -1), minute: 1080 + Int(random.next() % 200))
        let energy = 8_000 + Int64(random.next() % 30_000)
        let start: Int64 = 100_000 + Int64(random.next() % 900_000)
        let session = Session(
            id: Session.ID("S-00\(1000 + number)"), evse: EVSEID(id, 1), connector: 1,
            transactionID: String(3000 + number),
            idToken: "CARD\(1000 + number)", status: .ended, startedAt: started,
            endedAt: started + .minutes(400 + number),
            stopReason: number % 8 == 0 ? "EVDisconnected" : "Local", registerStart: .wattHours(start),
            registerStop: .wattHours(start + energy),
            imported: .wattHours(energy))
        state.sessions.append(SessionView(session: session, site: site, plan: nil, planStart: nil, planStep: nil))
    }

    private static func messages(_ id: StationID, _ number: Int) -> [StoredMessage] {
        (0..<75).map { index in
            let at = evening - .seconds(Int64(index * 47 + 3))
            let (direction, action, text): (MessageRecord.Direction, String?, String) =
                switch index % 4 {
                case 0: (.outbound, nil, #"[3,"h\#(900 - index)",{"currentTime":"\#(at)"}]"#)
                case 1: (.inbound, "Heartbeat", #"[2,"h\#(900 - index)","Heartbeat",{}]"#)
                case 2: (.outbound, nil, #"[3,"m\#(900 - index)",{}]"#)
                default:
                    (
                        .inbound, "MeterValues",
                        #"[2,"m\#(900 - index)","MeterValues",{"connectorId":1,"transactionId":\#(4200 + number),"meterValue":[{"timestamp":"\#(at)","sampledValue":[{"value":"6912","measurand":"Power.Active.Import","unit":"W"},{"value":"1204411","measurand":"Energy.Active.Import.Register","unit":"Wh"}]}]}]"#
                    )
                }
            return StoredMessage(
                sequence: Int64(number * 1000 - index),
                record: MessageRecord(
                    station: id, at: at, direction: direction, messageID: "m\(index)", action: action,
                    text: Array(text.utf8),
                    problem: index == 7 && number == 61 ? "timestamp without zone; taken as UTC" : nil))
        }
    }

    private static func plan(_ state: inout FakePlatform.State, _ limit: Power) {
        let start = evening.floored(to: .minutes(15), from: zone.midnight(of: zone.civilDay(at: evening)))
        let slots = (0..<96).map { start + .minutes(15 * $0) }
        let base = slots.map { Power(roundingKilowatts: shape(household, $0) + 8) }
        let total = slots.map {
            Power(roundingKilowatts: min(limit.kilowatts, shape(household, $0) + 8 + shape(charging, $0)))
        }
        state.plans[site] = Plan(
            id: Plan.ID(812), site: site, computedAt: evening - .minutes(2), trigger: "periodic", start: start,
            step: .minutes(15), count: 96,
            stays: state.sessions.compactMap { $0.session.status == .active ? $0.plan : nil },
            nodes: [.init(node: NodeID("T1"), limit: limit, base: base, total: total)], objectiveYuan: 412.38,
            boundYuan: 411.97, gap: 0.001)
    }

    private static func alarms(_ state: inout FakePlatform.State) {
        state.alarms = [
            Alarm(
                id: 1, priority: .high, code: "node-near-limit", site: site, object: "F2",
                values: ["measured_w": "171200", "limit_w": "180000"],
                since: evening - .minutes(6)),
            Alarm(
                id: 2, priority: .high, code: "station-does-not-follow", site: site, object: "JY-061/1",
                values: ["reserved_w": "7040"],
                since: evening - .hours(30), acknowledgedBy: "operator", acknowledgedAt: evening - .hours(29)),
            Alarm(
                id: 3, priority: .critical, code: "node-over-limit", site: site, object: "T1",
                values: ["measured_w": "512300", "limit_w": "508725"], since: evening - .seconds(40)),
            Alarm(
                id: 4, priority: .medium, code: "site-meter-stale", site: site, object: "T1",
                values: ["last": (evening - .hours(9)).description],
                since: evening - .hours(9), endedAt: evening - .hours(8)),
            Alarm(
                id: 5, priority: .low, code: "station-offline", site: site, object: "JY-017", values: [:],
                since: evening - .hours(17)),
        ]
    }

    private static func reports(_ state: inout FakePlatform.State, _ limit: Power) {
        let today = zone.civilDay(at: evening)
        state.reports[site] = (1...7).map { back in
            let peak = Int64(640 - back * 31)
            return DayReport(
                site: site, day: today.adding(days: -back), limit: limit,
                orderly: .init(
                    energy: .wattHours(1_412_300 - Int64(back) * 31_700), costYuan: "\(690 - back * 17).4183",
                    peak: .kilowatts(502 - Int64(back)), slotsAboveLimit: 0, valleyShare: 0.914 - Double(back) * 0.006),
                uncontrolled: .init(
                    energy: .wattHours(1_414_000 - Int64(back) * 31_700), costYuan: "\(1012 - back * 21).77",
                    peak: .kilowatts(peak),
                    slotsAboveLimit: peak > 508 ? Int((peak - 508) / 9) : 0, valleyShare: 0.312 + Double(back) * 0.004),
                deliverable: .wattHours(1_414_000 - Int64(back) * 31_700), foresightCostYuan: "\(678 - back * 17).02",
                valleyShareMaximum: 0.931 - Double(back) * 0.006,
                regretForecastYuan: "9.8120", regretRoundingYuan: "1.2050", regretNotFollowedYuan: "1.3800")
        }
    }

    private static func tokens(_ state: inout FakePlatform.State) {
        for number in 1001...1120 {
            state.tokens["CARD\(number)"] = IdToken(value: "CARD\(number)", status: .accepted, type: "ISO14443")
        }
        state.tokens["CARD1050"]?.status = .blocked
    }
}
