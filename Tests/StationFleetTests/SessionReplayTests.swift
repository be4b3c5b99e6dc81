import Documents
import Quantities
import Testing

@testable import Simulation

@Suite("Replay of a session file") struct SessionReplayTests {
    static let recorded = """
        session_id,garage_id,user_id,user_type,plug_in_local,plug_out_local,energy_kwh,duration_h
        1,G,U1,Private,2019-01-07T18:00,2019-01-08T07:00,10.5,13
        2,G,U2,Shared,2019-01-07T18:30,2019-01-07T20:00,6,1.5
        3,G,U1,Private,2019-01-08T18:00,,5,
        4,G,U3,Private,2019-01-08T19:00,2019-01-08T23:00,,4
        5,G,U1,Private,2019-01-09T18:00,2019-01-10T07:00,8,13

        """
    static let start = Instant("2026-01-01T00:00:00Z") ?? Instant(seconds: 0)

    @Test func `recorded stays keep their distances and what is incomplete is counted`() throws {
        let file = try SessionFile(csv: Array(Self.recorded.utf8), file: "r.csv", zone: .utc)
        #expect(file.stays.count == 3 && file.rejected == 2)
        let replay = SessionReplay(file, options: .init(zone: .utc), start: Self.start)
        #expect(replay.members.map(\.settings.identity) == ["SIM-001", "SIM-002"])
        #expect(replay.members.map { $0.stays.map(\.idTag) } == [["U1", "U1"], ["U2"]])
        let first = try #require(replay.members.first?.stays)
        #expect(first[0].arrival == Self.start + .minutes(1))
        #expect(first[1].arrival - first[0].arrival == .days(2) && first[0].departure - first[0].arrival == .hours(13))
        #expect(replay.wanted.kilowattHoursText == "24.5" && replay.crowdedOut == 0)
    }

    @Test func `fewer stations than owners share, and who finds none is counted`() throws {
        let file = try SessionFile(csv: Array(Self.recorded.utf8), file: "r.csv", zone: .utc)
        var options = SessionReplay.Options(zone: .utc)
        options.stations = 1
        options.tags = ["A", "B"]
        let replay = SessionReplay(file, options: options, start: Self.start)
        #expect(replay.stays == 2 && replay.crowdedOut == 1)
        #expect(replay.members.flatMap { $0.stays.map(\.idTag) } == ["A", "B"])
    }

    @Test func `owners share stations of several EVSEs, each with a place of its own`() throws {
        let file = try SessionFile(csv: Array(Self.recorded.utf8), file: "r.csv", zone: .utc)
        var options = SessionReplay.Options(zone: .utc)
        options.evses = 2
        let replay = SessionReplay(file, options: options, start: Self.start)
        #expect(replay.members.map(\.settings.connectors) == [2] && replay.crowdedOut == 0)
        #expect(replay.members.map { $0.stays.map(\.connector) } == [[1, 2, 1]])
        options.stations = 2
        #expect(SessionReplay(file, options: options, start: Self.start).members.map(\.stays.count) == [3, 0])
    }

    @Test func `only the days asked for are replayed`() throws {
        let file = try SessionFile(csv: Array(Self.recorded.utf8), file: "r.csv", zone: .utc)
        var options = SessionReplay.Options(zone: .utc)
        options.from = CivilDay("2019-01-09")
        options.days = 1
        #expect(SessionReplay(file, options: options, start: Self.start).stays == 1)
    }

    @Test func `a fleet file is replayed with its powers and batteries`() throws {
        let csv = """
            session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw,battery_kwh
            1,E1,2026-03-01T08:00:00+08:00,2026-03-01T10:00:00+08:00,12,11,40
            2,E2,2026-03-01T08:00:00+08:00,,12,7,

            """
        let file = try SessionFile(csv: Array(csv.utf8), file: "f.csv", zone: .shanghai)
        #expect(file.rejected == 1)
        let member = try #require(SessionReplay(file, options: .init(zone: .shanghai), start: Self.start).members.first)
        #expect(member.stays.first?.vehicle.battery == .kilowattHours(40))
        #expect(member.settings.supply.phases == 3 && member.settings.maxMilliamperes >= 16_666)
    }

    @Test func `a bad cell is named with its place`() {
        let csv = "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw\n1,E1,soon,2026-03-01T10:00:00Z,12,7\n"
        do throws(Problems) {
            _ = try SessionFile(csv: Array(csv.utf8), file: "f.csv", zone: .utc)
            Issue.record("read")
        } catch {
            #expect(error.description.hasPrefix("f.csv:2: arrival: no instant; allowed: "))
        }
    }
}
