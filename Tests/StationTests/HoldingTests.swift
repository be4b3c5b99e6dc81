import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated stations: local list, reservations, display") struct StationHoldingTests {
    private func list16(_ version: Int, _ tokens: [(String, V16.AuthorizationStatus?)], full: Bool = true)
        -> V16.Request
    {
        .sendLocalList(
            .init(
                listVersion: version, updateType: full ? .full : .differential,
                localAuthorizationList: tokens.map { token, status in
                    V16.AuthorizationData(idTag: token, idTagInfo: status.map { V16.IdTagInfo(status: $0) })
                }))
    }

    @Test func `without the central system the list says who may charge`() {
        for (token, charges) in [("GOOD", true), ("BAD", false), ("NOBODY", true)] {
            var b = Bench()
            #expect(
                b.call(list16(3, [("good", .accepted), ("BAD", .blocked)])) == .sendLocalList(.init(status: .accepted)))
            #expect(b.call(.getLocalListVersion(.init())) == .getLocalListVersion(.init(listVersion: 3)))
            b.isReachable = false
            b.cut()
            b.feed(.plugIn(connector: 1, .wanting(10), idTag: token))
            b.run(for: .seconds(120))
            #expect(b.station.isCharging(connector: 1) == charges)
        }
    }

    @Test func `an update that is not newer is a mismatch, a whole list is taken always`() {
        var b = Bench()
        _ = b.call(list16(5, [("A", .accepted)]))
        #expect(b.call(list16(5, [("B", .accepted)], full: false)) == .sendLocalList(.init(status: .versionMismatch)))
        #expect(b.call(list16(6, [("A", nil)], full: false)) == .sendLocalList(.init(status: .accepted)))
        #expect(b.station.holdings.listed("A") == nil)
        #expect(b.call(list16(1, [("C", .accepted)])) == .sendLocalList(.init(status: .accepted)))
        #expect(b.station.holdings.listVersion == 1)
    }

    private func reserve(_ b: inout Bench201, evse: Int? = 1, seconds: Int = 600) -> V2.ReserveNowStatus? {
        let request = V2.ReserveNowRequest(
            id: 7, expiryDateTime: b.now + .seconds(seconds), idToken: .init(idToken: "A", type: .central),
            evseId: evse)
        guard case .reserveNow(let answer)? = b.call(.reserveNow(request)) else { return nil }
        return answer.status
    }

    @Test func `a reserved connector is free for its token alone and tells which reservation was used`() {
        var b = Bench201()
        #expect(reserve(&b) == .accepted)
        #expect(b.status == .reserved && b.story.last == "1.1 Reserved")
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "B"))
        #expect(!b.station.isCharging(connector: 1) && b.station.counts.refusals == 1)
        b.feed(.plugOut(connector: 1))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "a"))
        #expect(b.station.isCharging(connector: 1) && b.events.first?.reservationId == 7)
        #expect(reserve(&b) == .occupied)
    }

    @Test func `a reservation ends by itself and says so`() {
        var b = Bench201()
        _ = reserve(&b, evse: nil, seconds: 60)
        #expect(b.status == .reserved)
        b.run(for: .seconds(70))
        #expect(b.status == .available)
        #expect(
            b.requests.contains {
                if case .reservationStatusUpdate(let told) = $0 {
                    told.reservationId == 7 && told.reservationUpdateStatus == .expired
                } else {
                    false
                }
            })
        #expect(b.call(.cancelReservation(.init(reservationId: 7))) == .cancelReservation(.init(status: .rejected)))
        #expect(b.faults.isEmpty)
    }

    @Test func `messages on the display are told in parts`() {
        var b = Bench201()
        for id in 1...5 {
            let message = V2.MessageInfo(
                id: id, priority: .normalCycle, message: .init(format: .utf8, content: "M\(id)"))
            #expect(b.call(.setDisplayMessage(.init(message: message))) == .setDisplayMessage(.init(status: .accepted)))
        }
        #expect(
            b.call(.getDisplayMessages(.init(requestId: 9))) == .getDisplayMessages(.init(status: .accepted)))
        b.run(for: .seconds(1))
        let parts = b.requests.compactMap { request -> Int? in
            if case .notifyDisplayMessages(let told) = request { told.messageInfo?.count } else { nil }
        }
        #expect(parts == [4, 1])
        #expect(b.call(.clearDisplayMessage(.init(id: 99))) == .clearDisplayMessage(.init(status: .unknown)))
        #expect(b.faults.isEmpty)
    }
}
