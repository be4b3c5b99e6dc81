import Charging
import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

/// What a simulated station does with controls of the grid code (2.1 block R).
@Suite("Simulated charging station of 2.1: the grid code") struct GridCodeStationTests {
    /// Told to give 10 kW of its 20, and giving them.
    private static func giving(_ functions: Set<DERFunction> = Set(DERFunction.allCases)) -> Bench21 {
        var b = Bench21.charging { $0.gridFunctions = functions }
        #expect(b.setpoint(-10_000, duration: nil) == nil)
        b.run(for: .seconds(5))
        #expect(b.watts == -10_000)
        return b
    }

    /// Seconds are counted from the bench's start.
    private static func limit(_ id: String, _ percent: Int, _ priority: Int, _ span: Range<Int>?) -> V2.Request {
        .setDERControl(
            .init(
                isDefault: span == nil, controlId: id, controlType: .limitMaxDischarge,
                limitMaxDischarge: .init(
                    priority: priority, pctMaxDischargePower: JSONDecimal(percent),
                    startTime: span.map { t0 + .seconds($0.lowerBound) }, duration: span.map { JSONDecimal($0.count) }))
        )
    }

    private static func curve(_ kind: V2.DERControlKind, _ points: [(Int64, Int64)], unit: V2.DERUnit) -> V2.Request {
        .setDERControl(
            .init(
                isDefault: true, controlId: kind.name, controlType: kind,
                curve: .init(
                    curveData: points.map {
                        .init(x: JSONDecimal(mantissa: $0.0, scale: 1), y: JSONDecimal(mantissa: $0.1, scale: 1))
                    }, priority: 1, yUnit: unit)))
    }

    private static func status(_ response: V2.Response?) -> String? {
        switch response {
        case .setDERControl(let answer)?: answer.status.name
        case .clearDERControl(let answer)?: answer.status.name
        case .getDERControl(let answer)?: answer.status.name
        default: nil
        }
    }

    private static func news(_ b: Bench21) -> [String] {
        b.requests.compactMap { request in
            switch request {
            case .notifyDERStartStop(let one):
                "\(one.controlId) \(one.started ? "starts" : "ends")"
                    + (one.supersededIds.map { " over " + $0.joined(separator: ",") } ?? "")
            case .notifyDERAlarm(let one):
                [one.controlType.name, one.gridEventFault?.name, one.alarmEnded == true ? "over" : nil].compactMap {
                    $0
                }
                .joined(separator: " ")
            default: nil
            }
        }
    }

    @Test func `a limit of nothing stops discharge for its time, and both are told`() {
        var b = Self.giving()
        #expect(Self.status(b.call(Self.limit("stop", 0, 1, 20..<80))) == "Accepted")
        b.run(for: .seconds(10))
        #expect(b.watts == -10_000)
        b.run(for: .seconds(10))
        #expect(b.watts == 40, "ready, and nothing flows")
        b.run(for: .seconds(60))
        #expect(b.watts == -10_000)
        #expect(Self.news(b) == ["stop starts", "LimitMaxDischarge", "stop ends", "LimitMaxDischarge over"])
        #expect(b.faults == [])
    }

    @Test func `half of the rating binds who is told more, not who is told less`() {
        var b = Self.giving()
        #expect(Self.status(b.call(Self.limit("half", 25, 1, nil))) == "Accepted")
        b.run(for: .seconds(5))
        #expect(b.watts == -5000)
        #expect(b.update(-3000) == .accepted)
        b.run(for: .seconds(5))
        #expect(b.watts == -3000 && Self.news(b) == ["LimitMaxDischarge", "LimitMaxDischarge over"])
        #expect(Self.status(b.call(.clearDERControl(.init(isDefault: true, controlId: "half")))) == "Accepted")
        #expect(Self.status(b.call(.clearDERControl(.init(isDefault: true, controlId: "half")))) == "NotFound")
        #expect(b.update(8000) == .accepted)
        b.run(for: .seconds(5))
        #expect(b.watts == 8000 && b.faults == [])
    }

    @Test func `priorities, a reboot and a report by R04`() throws {
        var b = Self.giving()
        _ = b.call(Self.limit("base", 50, 5, nil))
        _ = b.call(Self.limit("low", 40, 5, 20..<400))
        b.run(for: .seconds(30))
        _ = b.call(Self.limit("high", 30, 1, 100..<300))
        // What has not begun gives way at once.
        guard case .setDERControl(let answer)? = b.call(Self.limit("late", 20, 0, 500..<600)) else { return }
        #expect(answer.supersededIds == ["high"])
        #expect(Self.news(b).first == "low starts")
        // Power is cut: what is held outlasts it.
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .seconds(60))
        #expect(b.station.gridControls.map(\.id) == ["base", "low", "high", "late"])
        #expect(Self.status(b.call(.getDERControl(.init(requestId: 7)))) == "Accepted")
        let report = try #require(
            b.requests.compactMap { if case .reportDERControl(let one) = $0 { one } else { nil } }.last)
        #expect(report.requestId == 7 && report.limitMaxDischarge?.map(\.id) == ["base", "low", "high", "late"])
        #expect(report.limitMaxDischarge?.map(\.isSuperseded) == [false, false, true, false])
        b.run(for: .minutes(10))
        #expect(b.station.gridControls.map(\.id) == ["base"], "what had its time is gone")
        #expect(Self.status(b.call(.getDERControl(.init(requestId: 8, isDefault: false)))) == "NotFound")
        #expect(b.faults == [])
    }

    @Test func `droop shifts power, a trip takes over from it, and one end is told`() {
        var b = Self.giving()
        let droop = V2.Request.setDERControl(
            .init(
                isDefault: true, controlId: "droop", controlType: .freqDroop,
                freqDroop: .init(
                    priority: 1, overFreq: JSONDecimal(mantissa: 502, scale: 1),
                    underFreq: JSONDecimal(mantissa: 498, scale: 1), overDroop: JSONDecimal(mantissa: 5, scale: 2),
                    underDroop: JSONDecimal(mantissa: 5, scale: 2), responseTime: JSONDecimal(1))))
        #expect(Self.status(b.call(droop)) == "Accepted")
        // At once above 51.5 Hz, after ten seconds above 50.6.
        #expect(
            Self.status(b.call(Self.curve(.hfMustTrip, [(2, 515), (100, 506)], unit: .notApplicable))) == "Accepted")
        var seen = StationSurroundings()
        func see(_ millihertz: Int64, for duration: Duration) -> Int64 {
            seen.millihertz = millihertz
            b.feed(.surroundings(seen))
            b.run(for: duration)
            return b.watts
        }
        // 0.2 Hz of 50, at 5 % for the whole rating of 20 kW.
        #expect(see(50_400, for: .seconds(5)) == -8400)
        #expect(see(50_700, for: .seconds(9)) == -6000)
        #expect(see(50_700, for: .seconds(3)) == 40)
        #expect(see(50_000, for: .seconds(5)) == -10_000)
        #expect(see(49_600, for: .seconds(5)) == -11_600)
        #expect(see(50_000, for: .seconds(5)) == -10_000)
        #expect(see(51_600, for: .seconds(2)) == 40)
        #expect(see(50_000, for: .seconds(5)) == -10_000)
        #expect(
            Self.news(b) == [
                "FreqDroop OverFrequency", "HFMustTrip OverFrequency", "HFMustTrip OverFrequency over",
                "FreqDroop UnderFrequency", "FreqDroop UnderFrequency over", "FreqDroop OverFrequency",
                "HFMustTrip OverFrequency", "HFMustTrip OverFrequency over",
            ])
        #expect(b.faults == [])
    }

    @Test func `a high voltage leaves less to give, and a gradient takes its time`() {
        var b = Self.giving()
        #expect(
            Self.status(b.call(Self.curve(.voltWatt, [(1050, 1000), (1100, 0)], unit: .pctMaxW))) == "Accepted")
        var seen = StationSurroundings()
        seen.voltagePermille = 1080
        b.feed(.surroundings(seen))
        b.run(for: .seconds(5))
        #expect(b.watts == -8000 && Self.news(b) == ["VoltWatt OverVoltage"])
        seen.voltagePermille = 1000
        b.feed(.surroundings(seen))
        b.run(for: .seconds(5))
        // A hundred seconds for 20 kW.
        let slow = V2.Request.setDERControl(
            .init(
                isDefault: true, controlId: "slow", controlType: .gradients,
                gradient: .init(priority: 0, gradient: JSONDecimal(100), softGradient: JSONDecimal(0))))
        #expect(Self.status(b.call(slow)) == "Accepted")
        #expect(b.update(0) == .accepted)
        b.run(for: .seconds(10))
        #expect((-8600 ... -7900).contains(b.watts), "\(b.watts)")
        #expect(b.faults == [])
    }

    @Test func `what it does not know or cannot read it says so`() {
        var b = Self.giving([.voltVar])
        #expect(Self.status(b.call(Self.limit("a", 10, 1, nil))) == "NotSupported")
        #expect(Self.status(b.call(.getDERControl(.init(requestId: 1, controlType: .freqDroop)))) == "NotSupported")
        let wrong = V2.Request.setDERControl(.init(isDefault: true, controlId: "b", controlType: .voltVar))
        #expect(Self.status(b.call(wrong)) == "Rejected")
        #expect(Self.status(b.call(Self.curve(.voltVar, [(1000, 0), (1100, 440)], unit: .pctMaxVar))) == "Accepted")
        b.run(for: .seconds(5))
        #expect(b.watts == -10_000, "reactive power is kept, and does nothing")
        var without = Bench21.charging()
        #expect(without.call(Self.limit("a", 10, 1, nil)) == nil)
    }

    @Test func `what the grid code took from the wire while it was gone is told later`() {
        var b = Self.giving()
        _ = b.call(Self.limit("stop", 0, 1, 30..<60))
        b.run(for: .seconds(5))
        b.isReachable = false
        b.cut()
        b.run(for: .seconds(30))
        b.isReachable = true
        b.run(for: .minutes(4))
        #expect(Self.news(b).filter { $0.hasPrefix("stop") } == ["stop starts", "stop ends"] && b.faults == [])
    }

    @Test func `the nameplate is the inverter's, and a vehicle with its own tells what it can`() {
        func value(_ station: SimulatedChargePoint, _ component: String, _ variable: String) -> String? {
            Dialect201(version: .v21).value(of: .init(component: component, evse: 1, variable: variable), in: station)
        }
        let direct = Bench21.charging { $0.gridFunctions = [.voltVar, .limitMaxDischarge] }
        #expect(value(direct.station, "DCDERCtrlr", "ModesSupported") == "LimitMaxDischarge,VoltVar")
        #expect(
            value(direct.station, "DCDERCtrlr", "MaxW") == "20000" && direct.needs.first?.derChargingParameters == nil)
        var vehicle = BidirectionalVehicle.half
        vehicle.gridFunctions = [.hfMustTrip, .freqDroop]
        var evse = BidirectionalEVSE()
        evse.current = .alternating
        var b = Bench21(
            Bench21.charging(vehicle, evse: evse) { $0.gridFunctions = [.limitMaxDischarge] }.station.settings)
        b.answer = { request, number in
            guard case .authorize = request else { return Words21.friendly(request, number) }
            return .authorize(
                .init(idTokenInfo: .init(status: .accepted), allowedEnergyTransfer: [.acThreePhase, .acBPT]))
        }
        b.feed(.plugIn(connector: 1, SimulatedVehicle(vehicle), idTag: "A"))
        #expect(value(b.station, "ACDERCtrlr", "ModesSupported") == "LimitMaxDischarge")
        #expect(b.needs.first?.derChargingParameters?.evSupportedDERControl == [.freqDroop, .hfMustTrip])
        #expect(b.faults == [])
    }
}
