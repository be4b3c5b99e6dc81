import Assets
import Charging
import GRDB
import GridDispatch
import Operations
import Quantities
import Testing

@testable import Store

/// Each change is read back as it was written, through the service's reads and at the core's start.
@Suite("Changes") struct ChangeTests {
    @Test func `every commit of the writer is synchronous`() async throws {
        try await withStore { store, _ in
            try await store.write(.setting(key: "a", value: "1"))
            let mode = try await store.pool.writeWithoutTransaction { db in
                try (Int.fetchOne(db, sql: "PRAGMA synchronous"), String.fetchOne(db, sql: "PRAGMA journal_mode"))
            }
            #expect(mode == (2, "wal"))
        }
    }

    @Test func `everything comes back at the core's start`() async throws {
        try await withStore { store, scratch in
            let control = EVSEControl(
                evse: EVSEID(Fixture.station.id, 1), paused: true, limit: .kilowatts(3), chargeNow: true)
            try await store.write(
                .station(Fixture.station),
                .stationLive(
                    Fixture.station.id, lastSeen: t0 + .hours(3), protocol: "ocpp1.6",
                    connectors: [0: .available, 1: .suspendedEVSE], commissioning: Fixture.commissioning),
                .evse(control), .session(Fixture.session), .idToken(Fixture.token), .site(Fixture.site),
                .node(Fixture.node), .command(Fixture.command), .alarm(Fixture.alarm), .plan(Fixture.plan),
                .setting(key: "next", value: "8"), .message(Fixture.message))
            store.close()

            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let state = try again.loadCore()
            #expect(state.stations.map(\.station) == [Fixture.station])
            #expect(state.stations.first?.lastSeen == t0 + .hours(3))
            #expect(state.stations.first?.protocol == "ocpp1.6")
            #expect(state.stations.first?.connectors == [0: .available, 1: .suspendedEVSE])
            #expect(state.stations.first?.commissioning == Fixture.commissioning)
            #expect(state.controls == [control])
            #expect(state.activeSessions == [Fixture.session])
            #expect(state.idTokens == [Fixture.token])
            #expect(state.sites == [Fixture.site])
            #expect(state.nodes == [Fixture.node])
            #expect(state.pendingCommands == [Fixture.command])
            #expect(state.activeAlarms == [Fixture.alarm])
            #expect(state.plans == [Fixture.plan])
            #expect(state.settings == ["next": "8"])
            #expect(state.inboundMessages == [Fixture.message])
        }
    }

    @Test func `certificates come back with what the core may still need of them, and are few`() async throws {
        try await withStore { store, scratch in
            func record(_ name: String, _ state: CertificateRecord.State, at minutes: Int) -> CertificateRecord {
                var record = CertificateRecord(
                    station: Fixture.station.id, fingerprint: name, serialNumber: "1A", subject: "CN=CP",
                    issuer: "CN=R",
                    notBefore: t0, notAfter: t0 + .days(365), requestID: 7, chain: "PEM", state: state,
                    at: t0 + .minutes(minutes))
                record.word = "so"
                record.attempts = 2
                return record
            }
            var used = record("used", .accepted, at: 0)
            used.isInUse = true
            try await store.write(.station(Fixture.station), .certificate(used))
            for number in 1...30 {
                try await store.write(.certificate(record("c\(number)", .rejected, at: number)))
            }
            let waiting = record("waiting", .signed, at: 31)
            try await store.write(.certificate(waiting))
            #expect(try await store.certificates(of: Fixture.station.id).count == 16)
            #expect(try await store.certificates(of: Fixture.station.id).first == used)
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let state = try again.loadCore()
            #expect(state.certificates.map(\.fingerprint) == ["used", "c29", "c30", "waiting"])
            #expect(state.certificates.map(\.chain) == ["", "", "", "PEM"])
            #expect(state.certificates.last == waiting)
            var answered = waiting
            answered.state = .accepted
            answered.chain = ""
            try await again.write(.certificate(answered))
            let kept = try await again.certificates(of: Fixture.station.id).first { $0.fingerprint == "waiting" }
            #expect(kept?.state == .accepted && kept?.chain == "PEM", "the disk keeps what was signed")
            try await again.write(.removeStation(Fixture.station.id))
            #expect(try await again.certificates(of: Fixture.station.id).isEmpty)
        }
    }

    @Test func `security events are kept once, paged, and told by station and weight`() async throws {
        try await withStore { store, _ in
            func event(_ station: String, _ type: String, _ second: Int, info: String? = nil) -> SecurityEvent {
                SecurityEvent(
                    station: StationID(station), source: .station, type: type, at: t0 + .seconds(second),
                    receivedAt: t0 + .minutes(1), info: info)
            }
            let first = event("A", "TamperDetectionActivated", 1)
            try await store.write(
                .securityEvent(first), .securityEvent(first), .securityEvent(event("B", "InvalidMessages", 2)),
                .securityEvent(event("A", "InvalidMessages", 3, info: "x")),
                .securityEvent(event("A", "InvalidMessages", 3, info: "y")))
            let all = try await store.securityEvents(of: nil, critical: false, limit: 10, before: nil)
            #expect(all.map(\.event.info) == ["y", "x", nil, nil])
            #expect(all.last?.event == first)
            let own = try await store.securityEvents(of: StationID("A"), critical: false, limit: 2, before: nil)
            #expect(own.map(\.event.info) == ["y", "x"])
            let rest = try await store.securityEvents(of: StationID("A"), critical: false, limit: 2, before: own[1].id)
            #expect(rest.map(\.event) == [first])
            let critical = try await store.securityEvents(of: nil, critical: true, limit: 10, before: nil)
            #expect(critical.map(\.event) == [first])
        }
    }

    @Test func `what nobody stated of a station comes back as not stated`() async throws {
        try await withStore { store, _ in
            let bare = Station(id: StationID("BARE"), createdAt: t0)
            let half = Station(id: StationID("HALF"), electrical: .init(phases: 3), ownership: .private, createdAt: t0)
            try await store.write(.station(bare), .station(half))
            let stations = try store.loadCore().stations.map(\.station)
            #expect(stations == [bare, half])
            #expect(
                stations.map(\.electrical.isAssumed) == [true, true] && stations.map(\.ownership) == [nil, .private])
        }
    }

    @Test func `a directory of before takes piles with only assumed values for not described`() throws {
        let scratch = try ScratchFolder()
        let path = DataDirectory.database(in: scratch.path)
        let queue = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(queue, upTo: "2 course of a transaction")
        try queue.write { db in
            for (id, phases, evidence) in [("BARE", 1, nil), ("DEED", 1, "deed.pdf"), ("STATED", 3, nil)] {
                try db.execute(
                    sql: """
                        INSERT INTO station (id, registration, voltage, phases, max_milliamperes, min_milliamperes,
                            ownership, ownership_evidence, security_profile, created_at)
                            VALUES (?, 'accepted', 220, ?, 32000, 6000, 'private', ?, 0, 0)
                        """, arguments: [id, phases, evidence])
            }
        }
        try queue.close()
        let store = try Store(directory: scratch.path)
        defer { store.close() }
        let stations = try store.loadCore().stations.map(\.station)
        #expect(stations.map(\.id.value) == ["BARE", "DEED", "STATED"])
        #expect(stations.map(\.ownership) == [nil, .private, .private])
        #expect(stations.map(\.electrical.isAssumed) == [true, true, false])
    }

    @Test func `an ended session is a past stay, with the last plan's word on it`() async throws {
        try await withStore { store, _ in
            try await store.write(.station(Fixture.station), .session(Fixture.session), .plan(Fixture.plan))
            try await store.write(.session(Fixture.ended))
            let state = try store.loadCore()
            #expect(state.activeSessions == [])
            #expect(state.endedSessions == [Fixture.ended])
            #expect(
                state.pastStays == [
                    CoreState.PastStay(
                        evse: EVSEID(Fixture.station.id, 1), site: SiteID("S1"), idToken: "TAG", start: t0,
                        end: t0 + .hours(2), energy: .wattHours(2497))
                ])
            let view = try #require(try await store.session(Fixture.ended.id))
            #expect(view.session == Fixture.ended)
            #expect(view.site == SiteID("S1"))
            #expect(view.plan == Fixture.plan.stays[0])
            #expect(view.planStart == t0)
            #expect(view.planStep == .minutes(15))
        }
    }

    @Test func `upserts change what is there and removals remove it`() async throws {
        try await withStore { store, _ in
            var (site, command, alarm, token) = (Fixture.site, Fixture.command, Fixture.alarm, Fixture.token)
            try await store.write(
                .site(site), .node(Fixture.node), .command(command), .alarm(alarm), .idToken(token),
                .station(Fixture.station))
            site.tariffs.removeLast()
            site.mode = .auto
            command.status = .answered
            command.finishedAt = t0 + .seconds(2)
            command.response = Array("{\"status\":\"Accepted\"}".utf8)
            alarm.endedAt = t0 + .minutes(4)
            alarm.acknowledgedBy = "wang"
            alarm.acknowledgedAt = t0 + .minutes(1)
            token.status = .accepted
            try await store.write(.site(site), .command(command), .alarm(alarm), .idToken(token))
            let state = try store.loadCore()
            #expect(state.sites == [site])
            #expect(state.pendingCommands == [] && state.activeAlarms == [])
            #expect(try await store.command("C-1") == command)
            #expect(try await store.commands(of: Fixture.station.id, limit: 5) == [command])
            #expect(try await store.alarms(active: false, limit: 5) == [alarm])
            #expect(try await store.alarms(active: true, limit: 5) == [])
            #expect(try await store.idToken("TAG") == token)

            try await store.write(
                .removeSite(site.id), .removeNode(Fixture.node.id), .removeIdToken("TAG"),
                .removeStation(Fixture.station.id))
            let empty = try store.loadCore()
            #expect(empty.sites == [] && empty.nodes == [] && empty.idTokens == [] && empty.stations.isEmpty)
        }
    }

    @Test func `messages and audit page from the newest back`() async throws {
        try await withStore { store, _ in
            for number in 0..<5 {
                try await store.write(
                    .message(
                        MessageRecord(
                            station: StationID(number == 3 ? "other" : "CP"), at: t0 + .seconds(number),
                            direction: .outbound, messageID: nil, action: nil, text: [UInt8(number)])),
                    .audit(Fixture.audit))
            }
            let first = try await store.messages(of: StationID("CP"), limit: 2, before: nil)
            #expect(first.map(\.record.text) == [[4], [2]])
            let second = try await store.messages(of: StationID("CP"), limit: 2, before: first.last?.sequence)
            #expect(second.map(\.record.text) == [[1], [0]])
            let audit = try await store.audit(limit: 2, before: 4)
            #expect(audit.map(\.id) == [3, 2])
            #expect(audit.map(\.record) == [Fixture.audit, Fixture.audit])
        }
    }

    @Test func `sessions are found by station, site, state and time, page by page`() async throws {
        try await withStore { store, _ in
            let stations = (0..<2).map { Station(id: StationID("CP\($0)"), site: SiteID("S\($0)"), createdAt: t0) }
            try await store.write(stations.map(Change.station))
            for number in 0..<6 {
                let start = t0 + .hours(number)
                try await store.write(
                    .session(
                        Session(
                            id: Session.ID("S-\(number)"), evse: EVSEID(stations[number % 2].id, 1), connector: 1,
                            transactionID: "\(number)", idToken: nil, status: number < 4 ? .ended : .active,
                            startedAt: start, endedAt: number < 4 ? start + .minutes(30) : nil)))
            }
            func ids(_ filter: SessionFilter, after: Session.ID? = nil, limit: Int = 10) async throws -> [String] {
                try await store.sessions(filter, after: after, limit: limit).map(\.session.id.value)
            }
            #expect(try await ids(SessionFilter(), limit: 3) == ["S-5", "S-4", "S-3"])
            #expect(try await ids(SessionFilter(), after: Session.ID("S-3")) == ["S-2", "S-1", "S-0"])
            #expect(try await ids(SessionFilter(station: StationID("CP0"))) == ["S-4", "S-2", "S-0"])
            #expect(try await ids(SessionFilter(site: SiteID("S1"), status: .ended)) == ["S-3", "S-1"])
            #expect(try await ids(SessionFilter(status: .active)) == ["S-5", "S-4"])
            // Half-open: what ended at `from` or begins at `to` lies outside.
            let span = SessionFilter(from: t0 + .hours(1) + .minutes(30), to: t0 + .hours(3))
            #expect(try await ids(span) == ["S-2"])
        }
    }

    @Test func `curves, plans and reports come back by site`() async throws {
        try await withStore { store, _ in
            try await store.write(.sitePower(Fixture.power), .plan(Fixture.plan), .dayReport(Fixture.report))
            #expect(try await store.power(of: SiteID("S1"), in: Interval(t0, t0 + .minutes(1))) == [Fixture.power])
            #expect(try await store.power(of: SiteID("S1"), in: Interval(t0 - .minutes(1), t0)) == [])
            #expect(try await store.plan(of: SiteID("S1")) == Fixture.plan)
            #expect(try await store.plan(Fixture.plan.id) == Fixture.plan)
            #expect(try await store.plan(of: SiteID("S2")) == nil)
            #expect(try await store.dayReports(of: SiteID("S1")) == [Fixture.report])
            let base = try store.loadCore().siteBaseLoad
            #expect(base == [SiteID("S1"): [CoreState.QuarterMean(at: t0, power: .kilowatts(200))]])
        }
    }

    @Test func `node readings are idempotent and their quarters follow corrections`() async throws {
        try await withStore { store, _ in
            let node = NodeID("N1")
            let readings = (0..<3).map { NodeReading(at: t0 + .minutes($0), power: .kilowatts(Int64($0 * 10))) }
            try await store.write(.nodeReadings(node, readings), .sitePower(Fixture.power))
            try await store.write(.nodeReadings(node, readings))
            try await store.write(.nodeReadings(node, [NodeReading(at: t0 + .minutes(2), power: .kilowatts(50))]))
            let state = try store.loadCore()
            #expect(state.nodeLoad == [node: [CoreState.QuarterMean(at: t0, power: .kilowatts(20))]])
            #expect(state.nodeReadings[node] == NodeReading(at: t0 + .minutes(2), power: .kilowatts(50)))
        }
    }

    @Test func `at most 64 inbound calls a station are recalled, oldest first`() async throws {
        try await withStore { store, _ in
            try await store.write(.station(Fixture.station))
            try await store.write(
                (0..<100).map { number in
                    .message(
                        MessageRecord(
                            station: Fixture.station.id, at: t0 + .seconds(number),
                            direction: number % 10 == 9 ? .outbound : .inbound, messageID: "m\(number)", action: "A",
                            text: []))
                })
            let recalled = try store.loadCore().inboundMessages
            #expect(recalled.count == 64)
            #expect(recalled.last?.messageID == "m98")
            #expect(recalled.map(\.at) == recalled.map(\.at).sorted())
            #expect(recalled.allSatisfy { $0.direction == .inbound })
        }
    }
}
