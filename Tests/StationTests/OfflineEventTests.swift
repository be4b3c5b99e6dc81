import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.0.1: events while nobody listens, bases, reservations by type, display")
struct OfflineEventTests {
    private let power = V2.Component(name: "EVSE", evse: V2.EVSE(id: 1))

    private func watch(_ b: inout Bench201, severity: Int, kind: V2.MonitorKind = .delta, value: Int = 1) {
        let data = V2.SetMonitoringData(
            value: JSONDecimal(value), type: kind, severity: severity, component: power,
            variable: V2.Variable(name: "Power"))
        guard
            case .setVariableMonitoring(let answer)? = b.call(.setVariableMonitoring(.init(setMonitoringData: [data])))
        else {
            Issue.record("no answer")
            return
        }
        #expect(answer.setMonitoringResult.map(\.status) == [.accepted])
    }

    private func events(_ b: Bench201) -> [V2.EventData] {
        b.requests.flatMap { request -> [V2.EventData] in
            guard case .notifyEvent(let notice) = request else { return [] }
            return notice.eventData
        }
    }

    @Test func `what is grave enough waits, in order and with its time; the rest is never told`() {
        var b = Bench201()
        watch(&b, severity: 5)
        watch(&b, severity: 6)
        b.isReachable = false
        b.cut()
        for _ in 0..<3 {
            b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
            b.run(for: .minutes(2))
            b.feed(.plugOut(connector: 1))
            b.run(for: .minutes(2))
        }
        #expect(events(b) == [])
        b.isReachable = true
        b.run(for: .minutes(10))
        let told = events(b)
        #expect(told.map(\.actualValue) == ["7040", "0", "7040", "0", "7040", "0"])
        #expect(told.map(\.eventId) == told.map(\.eventId).sorted() && Set(told.map(\.eventId)).count == 6)
        #expect(told.first.map { $0.timestamp < t0 + .minutes(2) } == true && b.faults == [])
    }

    @Test func `there is an end to what waits: the oldest goes`() {
        var b = Bench201()
        watch(&b, severity: 0, kind: .periodic, value: 10)
        b.isReachable = false
        b.cut()
        b.run(for: .hours(1))
        #expect(b.station.watch.waiting.count == StationWatch.mostWaiting)
        b.isReachable = true
        b.run(for: .minutes(10))
        #expect(events(b).first.map { $0.timestamp > t0 + .minutes(40) } == true)
        #expect(events(b).count >= StationWatch.mostWaiting && b.station.watch.waiting.isEmpty)
    }

    @Test func `an event that is lost on the way goes again`() {
        var b = Bench201()
        watch(&b, severity: 2)
        b.answer = { request, _ in
            if case .notifyEvent = request { return nil }
            return Words201.friendly(request, tag: .accepted)
        }
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        #expect(events(b).count == 1)
        b.cut()
        b.answer = { request, _ in Words201.friendly(request, tag: .accepted) }
        b.run(for: .minutes(1))
        #expect(events(b).map(\.eventId) == [1, 1] && b.station.watch.waiting.isEmpty)
    }

    @Test func `periods that passed unheard are not made up for`() {
        var b = Bench201()
        watch(&b, severity: 9, kind: .periodic, value: 60)
        b.isReachable = false
        b.cut()
        b.run(for: .minutes(30))
        b.isReachable = true
        b.run(for: .minutes(10))
        #expect((1...11).contains(events(b).count))
    }

    @Test func `each base has its monitors, and its variables say which is in force`() {
        var b = Bench201()
        watch(&b, severity: 2)
        func held(_ base: V2.MonitoringBase) -> Set<Int> {
            #expect(
                b.call(.setMonitoringBase(.init(monitoringBase: base))) == .setMonitoringBase(.init(status: .accepted)))
            _ = b.newStory()
            _ = b.call(.getMonitoringReport(.init(requestId: 2)))
            let parts = b.requests.compactMap { request -> V2.NotifyMonitoringReportRequest? in
                guard case .notifyMonitoringReport(let part) = request else { return nil }
                return part
            }
            return Set(parts.flatMap { $0.monitor ?? [] }.flatMap(\.variableMonitoring).map(\.id))
        }
        #expect(held(.all) == [1, 10_001, 20_001, 30_001])
        #expect(held(.factoryDefault) == [10_001, 20_001, 30_001])
        #expect(held(.hardWiredOnly) == [10_001, 20_001])
        let base = StationConfiguration.Name(component: "MonitoringCtrlr", variable: "ActiveMonitoringBase")
        #expect(Dialect201().value(of: base, in: b.station) == "HardWiredOnly")
        guard case .clearVariableMonitoring(let answer)? = b.call(.clearVariableMonitoring(.init(id: [10_001]))) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.clearMonitoringResult.map(\.status) == [.rejected])
        #expect(held(.all) == [10_001, 20_001, 30_001] && b.faults == [])
    }

    // MARK: Reservations by type

    private func reserve(_ b: inout Bench201, _ word: String, id: Int, evse: Int? = nil) -> V2.ReserveNowStatus? {
        let request = V2.ReserveNowRequest(
            id: id, expiryDateTime: b.now + .seconds(600), idToken: .init(idToken: "A", type: .central),
            connectorType: V2.ConnectorKind(word), evseId: evse)
        guard case .reserveNow(let answer)? = b.call(.reserveNow(request)) else { return nil }
        return answer.status
    }

    @Test func `a connector of the right type is kept free, another type is refused`() {
        var settings = StationSettings(identity: "CP-1")
        settings.connectors = 2
        var b = Bench201(settings)
        #expect(reserve(&b, "Other1PhOver16A", id: 1) == .accepted)
        #expect(reserve(&b, "cType2", id: 2) == .rejected && reserve(&b, "cType2", id: 2, evse: 1) == .rejected)
        #expect(reserve(&b, "Other1PhOver16A", id: 2) == .accepted)
        #expect(b.status == .reserved && b.station.status(connector: 2) == .reserved)
        #expect(reserve(&b, "Other1PhOver16A", id: 3) == .occupied)
        settings.connectorType = "cType2"
        var other = Bench201(settings)
        #expect(reserve(&other, "cType2", id: 1) == .accepted)
        let word = StationConfiguration.Name(component: "Connector", evse: 1, connector: 1, variable: "ConnectorType")
        #expect(Dialect201().value(of: word, in: other.station) == "cType2")
        #expect(Dialect201().value(of: word, in: b.station) == "Other1PhOver16A")
    }

    // MARK: Display

    private func show(
        _ b: inout Bench201, _ id: Int, _ priority: V2.MessagePriority = .normalCycle, state: V2.MessageState? = nil,
        start: Instant? = nil, end: Instant? = nil, transaction: String? = nil
    ) -> V2.DisplayMessageStatus? {
        let message = V2.MessageInfo(
            id: id, priority: priority, message: .init(format: .utf8, content: "M\(id)"), state: state,
            startDateTime: start, endDateTime: end, transactionId: transaction)
        guard case .setDisplayMessage(let answer)? = b.call(.setDisplayMessage(.init(message: message))) else {
            return nil
        }
        return answer.status
    }

    private func kept(_ b: inout Bench201) -> [Int] {
        _ = b.newStory()
        _ = b.call(.getDisplayMessages(.init(requestId: 9)))
        return b.requests.flatMap { request -> [Int] in
            guard case .notifyDisplayMessages(let told) = request else { return [] }
            return (told.messageInfo ?? []).map(\.id)
        }
    }

    @Test func `what is shown follows what the station does, and rank`() {
        var b = Bench201()
        #expect(b.station.shown == nil)
        #expect(show(&b, 1) == .accepted && show(&b, 2, state: .charging) == .accepted)
        #expect(show(&b, 3, state: .faulted) == .accepted)
        #expect(show(&b, 4, .inFront, start: t0 + .minutes(10)) == .accepted)
        #expect(show(&b, 5, state: .unrecognized("Dancing")) == .notSupportedState)
        #expect(show(&b, 5, .alwaysFront) == .notSupportedPriority)
        #expect(b.station.shown?.id == 1)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        // Of one rank they take turns.
        var seen: Set<Int> = []
        for _ in 0..<4 {
            b.run(for: .seconds(10))
            b.feed(.wake)
            seen.insert(b.station.shown?.id ?? 0)
        }
        #expect(seen == [1, 2])
        b.run(for: .minutes(10))
        #expect(b.station.shown?.id == 4)
        #expect(b.call(.clearDisplayMessage(.init(id: 4))) == .clearDisplayMessage(.init(status: .accepted)))
        b.feed(.plugOut(connector: 1))
        b.feed(.fault(connector: 1, .groundFailure))
        #expect([1, 3].contains(b.station.shown?.id))
    }

    @Test func `messages go at their end and with their transaction, and outlive a reboot`() {
        var b = Bench201()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        let transaction = b.transaction
        #expect(show(&b, 1) == .accepted && show(&b, 2, end: t0 + .minutes(5)) == .accepted)
        #expect(show(&b, 3, transaction: transaction) == .accepted)
        #expect(show(&b, 4, transaction: "nobody's") == .unknownTransaction)
        #expect(show(&b, 5, end: t0 - .seconds(1)) == .rejected)
        #expect(kept(&b) == [1, 2, 3])
        b.run(for: .minutes(6))
        #expect(kept(&b) == [1, 3])
        b.feed(.stop(connector: 1))
        #expect(kept(&b) == [1])
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(kept(&b) == [1] && b.faults == [])
    }
}
