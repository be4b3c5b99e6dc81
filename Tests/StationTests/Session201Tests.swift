import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.0.1: sessions") struct Session201Tests {
    @Test func `it boots with its reason, reports its connectors and beats`() {
        var b = Bench201()
        #expect(b.newStory() == ["boot PowerUp", "1.1 Available"])
        b.run(for: .seconds(300))
        #expect(b.newStory() == ["Heartbeat"])
        #expect(b.faults == [])
    }

    @Test func `a new connection is no boot, and only a long absence is reason to report everything`() {
        var b = Bench201()
        _ = b.newStory()
        b.cut()
        b.run(for: .seconds(30))
        #expect(b.connections == 2 && b.newStory() == [])
        b.isReachable = false
        b.cut()
        b.run(for: .minutes(11))
        b.isReachable = true
        b.run(for: .minutes(6))
        #expect(b.newStory().first == "1.1 Available")
    }

    @Test func `a session is told from plug to plug in numbered events`() {
        var b = Bench201()
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(20), idTag: "A"))
        #expect(
            b.newStory() == [
                "1.1 Occupied", "Authorize", "Started 0 Authorized EVConnected 0.0",
                "Updated 1 ChargingStateChanged Charging",
            ])
        #expect(b.station.power == .watts(7040))
        b.run(for: .seconds(120))
        #expect(
            b.newStory() == [
                "Updated 2 MeterValuePeriodic Charging 117.3", "Updated 3 MeterValuePeriodic Charging 234.6",
            ])
        b.run(for: .seconds(3480))
        _ = b.newStory()
        b.feed(.plugOut(connector: 1))
        #expect(b.newStory() == ["Ended 62 EVCommunicationLost Idle 7040.0 EVDisconnected", "1.1 Available"])
        #expect(b.station.power == .zero && b.faults == [])
    }

    @Test func `the frames are those of the standard`() {
        var b = Bench201()
        b.feed(.plugIn(connector: 1, .wanting(20), idTag: "A"))
        let id = b.transaction ?? ""
        #expect(
            b.requests.map { String(decoding: $0.json, as: UTF8.self) } == [
                #"{"chargingStation":{"serialNumber":"CP-1","model":"SIM-7","vendorName":"Tidewatt","#
                    + #""firmwareVersion":"1.0.0"},"reason":"PowerUp"}"#,
                #"{"timestamp":"2026-01-31T08:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}"#,
                #"{"timestamp":"2026-01-31T08:00:00Z","connectorStatus":"Occupied","evseId":1,"connectorId":1}"#,
                #"{"idToken":{"idToken":"A","type":"Central"}}"#,
                #"{"eventType":"Started","meterValue":[{"sampledValue":[{"value":0.0,"#
                    + #""measurand":"Energy.Active.Import.Register","context":"Transaction.Begin","location":"Outlet","#
                    + #""unitOfMeasure":{"unit":"Wh"}}],"timestamp":"2026-01-31T08:00:00Z"}],"#
                    + #""timestamp":"2026-01-31T08:00:00Z","triggerReason":"Authorized","seqNo":0,"transactionInfo":"#
                    + #"{"transactionId":"\#(id)","chargingState":"EVConnected"},"evse":{"id":1,"connectorId":1},"#
                    + #""idToken":{"idToken":"A","type":"Central"}}"#,
                #"{"eventType":"Updated","timestamp":"2026-01-31T08:00:00Z","triggerReason":"ChargingStateChanged","#
                    + #""seqNo":1,"transactionInfo":{"transactionId":"\#(id)","chargingState":"Charging"}}"#,
            ])
    }

    @Test func `a transaction's name looks like a UUID, is its own and is the same in each run`() {
        func names(_ identity: String) -> [String] {
            var b = Bench201(StationSettings(identity: identity))
            for _ in 0..<3 {
                b.feed(.plugIn(connector: 1, .wanting(20), idTag: "A"))
                b.feed(.plugOut(connector: 1))
            }
            return b.events.filter { $0.eventType == .started }.map(\.transactionInfo.transactionId)
        }
        let (one, two) = (names("CP-1"), names("CP-2"))
        #expect(Set(one + two).count == 6 && one == names("CP-1"))
        for name in one + two {
            #expect(name.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12], "\(name)")
            #expect(name.split(separator: "-")[2].first == "4" && name.allSatisfy { $0 == "-" || $0.isHexDigit })
        }
    }

    @Test func `what the vehicle does is told in the transaction, each change once`() {
        var b = Bench201()
        b.feed(.plugIn(connector: 1, .wanting(7), idTag: "A"))
        b.run(for: .hours(2))
        let changes = b.story.filter { $0.contains("ChargingStateChanged") }
        #expect(changes.map { $0.split(separator: " ").last } == ["Charging", "SuspendedEV"])
        #expect(
            b.status == .suspendedEV && b.story.filter { $0.hasPrefix("1.1") } == ["1.1 Available", "1.1 Occupied"])
        b.feed(.stop(connector: 1))
        #expect(b.story.last == "Ended 123 StopAuthorized EVConnected 7000.0 Local" && b.events.last?.idToken != nil)
    }

    @Test func `a token that is not accepted does not charge; one that is refused later ends the transaction`() {
        var b = Bench201()
        b.answer = { request, _ in Words201.friendly(request, tag: .invalid) }
        b.feed(.plugIn(connector: 1, .wanting(7), idTag: "NOBODY"))
        b.run(for: .minutes(5))
        #expect(b.events.isEmpty && b.station.power == .zero)
        b.answer = { request, _ in
            guard case .transactionEvent = request else { return Words201.friendly(request, tag: .accepted) }
            return Words201.friendly(request, tag: .blocked)
        }
        b.feed(.plugOut(connector: 1))
        b.feed(.plugIn(connector: 1, .wanting(7), idTag: "A"))
        #expect(b.story.last { $0.hasPrefix("Ended") }?.contains("Deauthorized") == true)
        #expect(b.story.last { $0.hasPrefix("Ended") }?.hasSuffix("DeAuthorized") == true)
        #expect(b.station.power == .zero && b.events.map(\.seqNo) == Array(0..<b.events.count))
    }

    @Test func `what happened offline says so, in order and with its own times`() {
        var b = Bench201()
        b.isReachable = false
        b.cut()
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(90 + 120))
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(20))
        #expect(b.requests.isEmpty)
        b.isReachable = true
        b.run(for: .minutes(10))
        #expect(
            b.events.map(Words201.line(of:)) == [
                "Started 0 Authorized EVConnected 0.0 offline", "Updated 1 ChargingStateChanged Charging offline",
                "Updated 2 MeterValuePeriodic Charging 117.3 offline",
                "Updated 3 MeterValuePeriodic Charging 234.6 offline",
                "Updated 4 MeterValuePeriodic Charging 352.0 offline",
                "Ended 5 EVCommunicationLost Idle 352.0 EVDisconnected offline",
            ])
        #expect(b.events.first?.timestamp == t0 + .seconds(30))
        #expect(b.station.undelivered == 0 && b.faults == [])
    }

    @Test func `an unanswered event is sent again, each wait longer, then given up`() {
        var b = Bench201()
        b.answer = { request, number in
            if case .transactionEvent(let event) = request, event.seqNo == 0 { return nil }
            return Words201.friendly(request, number)
        }
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(5))
        let starts = zip(b.requests, b.times).filter { Words201.isStart($0.0) }
        // 30 s time-out and 10 s, then 30 s and 20 s.
        #expect(starts.map(\.1) == [t0, t0 + .seconds(40), t0 + .seconds(90)])
        #expect(Set(starts.map { String(decoding: $0.0.json, as: UTF8.self) }).count == 1)
        #expect(b.events.contains { $0.seqNo == 1 })
    }

    /// Lossy, late and duplicated: whatever the seed, each transaction comes whole and in order, repeats are the same message,
    /// nothing sent breaks the standard, and the last register is the meter's.
    @Test func `every seed numbers its events without gaps`() {
        for seed in 1...30 {
            var random = SeededRandom(seed: UInt64(seed) &* 77)
            var settings = StationSettings(identity: "CP-\(seed)")
            settings.faults = StationFaults(seed: UInt64(seed))
            settings.faults.ignoresProfiles = false
            settings.faults.dropsPermille = 30
            settings.faults.duplicatesPermille = 30
            var b = Bench201(settings)
            for _ in 0..<4 {
                b.feed(.plugIn(connector: 1, .wanting(Int64(1 + random.next() % 9)), idTag: "A"))
                for _ in 0..<8 {
                    b.run(for: .seconds(Int(10 + random.next() % 120)))
                    let tenths = Int64(random.next() % 330)
                    if let id = b.station.connectors[0].transaction.flatMap({ b.station.queue.id(of: $0.local) }) {
                        _ = b.order(
                            .setChargingProfile(
                                .init(evseId: 1, chargingProfile: txProfile201(tenths, transaction: id, duration: nil)))
                        )
                    }
                }
                b.feed(.plugOut(connector: 1))
                b.run(for: .seconds(Int(random.next() % 300)))
            }
            b.run(for: .hours(2))
            #expect(b.station.undelivered == 0 && b.faults == [], "seed \(seed): \(b.faults.first ?? "")")
            var whole = 0
            for (id, events) in Dictionary(grouping: b.events, by: \.transactionInfo.transactionId) {
                var first: [Int: V2.TransactionEventRequest] = [:]
                var highest = -1
                for event in events {
                    if let before = first[event.seqNo] {
                        #expect(before.json == event.json, "seed \(seed): \(id) number \(event.seqNo) has two faces")
                    } else {
                        #expect(event.seqNo == highest + 1, "seed \(seed): \(id)")
                        highest = event.seqNo
                        first[event.seqNo] = event
                    }
                }
                #expect(first[0]?.eventType == .started && first[highest]?.eventType == .ended, "seed \(seed): \(id)")
                #expect(first.values.count { $0.eventType != .updated } == 2, "seed \(seed): \(id)")
                #expect(first.values.allSatisfy { ($0.evse != nil) == ($0.seqNo == 0) }, "seed \(seed): \(id)")
                whole += 1
            }
            #expect(whole == b.station.counts.transactionsEnded && whole > 0, "seed \(seed)")
            let last = b.events.filter { $0.eventType == .ended }.max { $0.timestamp < $1.timestamp }
            let register = last?.meterValue?.first?.sampledValue.first?.value
            let tenths = (b.station.register(connector: 1)?.milliwattHours ?? 0) / 100
            #expect(register == JSONDecimal(mantissa: tenths, scale: 1), "seed \(seed)")
        }
    }
}

extension Words201 {
    static func line(of event: V2.TransactionEventRequest) -> String { line(.transactionEvent(event)) }
}

extension V2.TransactionEventRequest {
    var json: [UInt8] { V2.Request.transactionEvent(self).json }
}
