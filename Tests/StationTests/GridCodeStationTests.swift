import Charging
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

/// What a simulated station does with controls of the grid code and with batteries (2.1 blocks R and S).
@Suite("Grid code and batteries of a simulated station") struct GridCodeStationTests {
    private static func at(_ seconds: Int) -> Instant { Instant(seconds: 1_800_000_000 + Int64(seconds)) }

    private static func set(
        _ id: String, _ priority: Int, _ span: Range<Int>?, _ kind: V2.DERControlKind = .voltWatt,
        _ points: [(Int, Int)] = [(105, 100), (110, 0)]
    ) -> V2.Request {
        let curve = V2.DERCurve(
            curveData: points.map { V2.DERCurvePoints(x: JSONDecimal($0.0), y: JSONDecimal($0.1)) }, priority: priority,
            yUnit: .pctMaxW, startTime: span.map { at($0.lowerBound) },
            duration: span.map { JSONDecimal($0.upperBound - $0.lowerBound) })
        return .setDERControl(
            V2.SetDERControlRequest(isDefault: span == nil, controlId: id, controlType: kind, curve: curve))
    }

    private static func words(_ requests: [V2.Request]) -> [String] {
        requests.map { request in
            switch request {
            case .notifyDERStartStop(let one):
                "\(one.controlId) \(one.started ? "starts" : "ends")" + (one.supersededIds.map { " over \($0)" } ?? "")
            case .notifyDERAlarm(let one):
                "\(one.controlType.name) \(one.gridEventFault?.name ?? "")" + (one.alarmEnded == true ? " ended" : "")
            default: request.action.rawValue
            }
        }
    }

    @Test func `it holds, supersedes, starts and ends by R04, and keeps all over a reboot`() throws {
        var station = SimulatedDER()
        _ = station.answer(Self.set("base", 5, nil), at: Self.at(0))
        _ = station.answer(Self.set("low", 5, 10..<30), at: Self.at(0))
        #expect(Self.words(station.advance(to: Self.at(10))) == ["low starts"])
        _ = station.answer(Self.set("high", 1, 20..<25), at: Self.at(11))
        #expect(Self.words(station.advance(to: Self.at(20))) == [#"high starts over ["low"]"#])
        station.rebooted()
        #expect(station.active(.voltWatt, at: Self.at(21))?.id == "high" && station.held.count == 3)
        _ = station.advance(to: Self.at(22))
        #expect(Self.words(station.advance(to: Self.at(25))) == ["high ends"])
        #expect(station.active(.voltWatt, at: Self.at(26))?.id == "base")
        let asked = V2.Request.getDERControl(V2.GetDERControlRequest(requestId: 4))
        guard let told = station.answer(asked, at: Self.at(26)) else { throw SomethingElse() }
        guard case .reportDERControl(let report) = told.then.first else { throw SomethingElse() }
        #expect(report.curve?.map(\.id) == ["base", "low"] && report.curve?.map(\.isSuperseded) == [false, true])
    }
    private struct SomethingElse: Error {}

    @Test func `what it does not know or cannot read it says so`() {
        var station = SimulatedDER(functions: [.voltWatt])
        func status(_ request: V2.Request) -> String? {
            guard case .setDERControl(let answer)? = station.answer(request, at: Self.at(0))?.answer else { return nil }
            return answer.status.name
        }
        #expect(status(Self.set("a", 1, nil, .voltVar)) == "NotSupported")
        let wrong = V2.SetDERControlRequest(isDefault: true, controlId: "b", controlType: .voltWatt)
        #expect(status(.setDERControl(wrong)) == "Rejected")
        #expect(status(Self.set("c", 1, nil)) == "Accepted")
        let clear = V2.Request.clearDERControl(V2.ClearDERControlRequest(isDefault: true, controlId: "x"))
        guard case .clearDERControl(let answer)? = station.answer(clear, at: Self.at(0))?.answer else { return }
        #expect(answer.status == .notFound)
    }

    @Test func `a grid that leaves its band raises one alarm, a graver control takes over, the end is told`() {
        var station = SimulatedDER()
        _ = station.answer(Self.set("vw", 1, nil), at: Self.at(0))
        _ = station.answer(Self.set("trip", 1, nil, .hvMustTrip, [(115, 1), (120, 0)]), at: Self.at(0))
        #expect(station.advance(to: Self.at(1)).isEmpty)
        station.grid.voltage = JSONDecimal(107)
        #expect(Self.words(station.advance(to: Self.at(2))) == ["VoltWatt OverVoltage"])
        #expect(station.advance(to: Self.at(3)).isEmpty)
        station.grid.voltage = JSONDecimal(116)
        #expect(Self.words(station.advance(to: Self.at(4))) == ["HVMustTrip OverVoltage"])
        station.grid.voltage = JSONDecimal(100)
        #expect(Self.words(station.advance(to: Self.at(5))) == ["HVMustTrip OverVoltage ended"])
    }

    @Test func `a cabinet takes one battery in, gives the fullest out, and tells what is left`() throws {
        var cabinet = SimulatedSwap(slots: [
            .init(serial: "A", charge: 85), .init(serial: "B", charge: 95), nil, .init(serial: "C", charge: 20),
        ])
        let ask = V2.Request.requestBatterySwap(
            V2.RequestBatterySwapRequest(idToken: V2.IdToken(idToken: "T", type: .central), requestId: 7))
        guard case .requestBatterySwap(let answer)? = cabinet.answer(ask, at: Self.at(0)) else { throw SomethingElse() }
        #expect(answer.status == .accepted)
        guard case .requestBatterySwap(let second)? = cabinet.answer(ask, at: Self.at(1)) else { throw SomethingElse() }
        #expect(second.status == .rejected && second.statusInfo?.reasonCode == "NoBatteryAvailable")
        guard let inserted = cabinet.insert(.init(serial: "E", charge: 5), at: Self.at(2)) else {
            throw SomethingElse()
        }
        guard case .batterySwap(let told) = inserted.1 else { throw SomethingElse() }
        #expect(inserted.slot == 3 && told.eventType == .batteryIn && told.requestId == 7)
        #expect(cabinet.advance(to: Self.at(61)).isEmpty)
        guard case .batterySwap(let left)? = cabinet.advance(to: Self.at(62)).first else { throw SomethingElse() }
        #expect(left.eventType == .batteryOutTimeout && left.batteryData.first?.serialNumber == "B")
        // Nobody comes at all.
        cabinet = SimulatedSwap(slots: [.init(serial: "A", charge: 90), nil])
        _ = cabinet.answer(ask, at: Self.at(0))
        #expect(
            cabinet.advance(to: Self.at(60)).isEmpty
                && cabinet.insert(.init(serial: "E", charge: 5), at: Self.at(60)) == nil)
        let isLetIn = cabinet.authorized(V2.IdToken(idToken: "T", type: .central), at: Self.at(61))
        #expect(isLetIn)
        _ = cabinet.insert(.init(serial: "E", charge: 5), at: Self.at(62))
        guard case .batterySwap(let out)? = cabinet.take(at: Self.at(63))?.1 else { throw SomethingElse() }
        #expect(out.eventType == .batteryOut && cabinet.slots.map { $0?.serial } == [nil, "E"])
    }
}
