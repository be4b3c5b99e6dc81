import Assets
import Charging
import ConsoleSupport
import Operations
import Quantities
import Testing

@testable import Console

/// Charging profiles that piles hold and limits from outside, as programs and people see them.
@Suite("Profiles of piles") struct ProfilesTests {
    /// A pile with one profile of each standing, which a grid operator limits.
    private static func prepared() throws -> (Browser, StationID) {
        let browser = Browser(open: true)
        let id = try #require(
            browser.platform.read { state in
                state.stations.values.filter { $0.evses.first?.session != nil && $0.commissioning?.verdict == .follows }
                    .map(\.station.id).min()
            })
        let now = browser.platform.now
        func profile(_ number: Int, source: String = HeldProfile.ours) -> HeldProfile {
            HeldProfile(
                id: number, evse: 1, purpose: "TxDefaultProfile", level: number, kind: "Recurring", recurrency: "Daily",
                schedules: [
                    .init(unit: "A", startsAt: now, duration: 300, periods: [.init(start: 0, limit: 6100, phases: 1)])
                ], source: source)
        }
        var picture = StationProfiles(station: id)
        _ = picture.put(KeptProfile(profile(1), setAt: now - .hours(1)))
        _ = picture.put(KeptProfile(profile(2), setAt: now - .hours(1), toldAt: now))
        _ = picture.put(KeptProfile(profile(3), toldAt: now))
        _ = picture.put(KeptProfile(profile(4), setAt: now, toldAt: now, differs: true))
        _ = picture.put(KeptProfile(profile(5), setAt: now, missingSince: now))
        _ = picture.put(KeptProfile(profile(6, source: "EMS"), toldAt: now))
        picture.toldAt = now
        var report = ProfileReport(request: 9, firstAt: now)
        (report.parts, report.profiles) = (2, 5)
        report.lastAt = now
        picture.report = report
        var limit = OutsideLimit(profile(0, source: "SO"), isCritical: true, since: now - .hours(2), at: now)
        limit.mayBeLost = true
        let known = picture
        let outside = limit
        browser.platform.change { state in
            state.profiles[id] = known
            state.stations[id]?.outsideLimits = [outside]
            state.stations[id]?.profileDifferences = known.differences
            state.limits[id]?[0].outside = [outside]
        }
        return (browser, id)
    }

    @Test func `profiles stand with their source, their limits and how they stand`() async throws {
        let (browser, id) = try Self.prepared()
        let answer = await browser.get("/api/v1/stations/\(id)/charging-profiles")
        #expect(answer.status == 200)
        guard case .array(let items)? = answer.json("items")?.content else { return #expect(Bool(false), "no list") }
        #expect(
            items.map { $0["standing"]?.text } == ["set", "held", "foreign", "differs", "missing", "outside"])
        #expect(answer.json("differences")?.numberText == "3")
        #expect(answer.json("report")?["state"]?.text == "running")
        let csv = await browser.with(["accept": "text/csv"]).get("/api/v1/stations/\(id)/charging-profiles")
        #expect(csv.text.split(whereSeparator: \.isNewline).count == 7 && csv.text.contains("6.1"))
        let asked = await browser.send(.post, "/api/v1/stations/\(id)/charging-profiles/refresh")
        #expect(asked.status == 202 || asked.status == 200)
    }

    @Test func `a limit from outside is listed by itself, with the station and above its own limits`() async throws {
        let (browser, id) = try Self.prepared()
        let answer = await browser.get("/api/v1/stations/\(id)/outside-limits")
        guard case .array(let items)? = answer.json("items")?.content else { return #expect(Bool(false), "no list") }
        #expect(items.count == 1 && items[0]["source"]?.text == "SO" && items[0]["limit_kw"]?.numberText == "1.342")
        let station = await browser.get("/api/v1/stations/\(id)")
        #expect(station.json("profile_differences")?.numberText == "3")
        let limits = await browser.get("/api/v1/stations/\(id)/limits")
        guard case .array(let rows)? = limits.json("items")?.content else { return #expect(Bool(false), "no list") }
        #expect(
            rows.map { $0["purpose"]?.text } == ["ChargingStationExternalConstraints", "TxProfile", "TxDefaultProfile"])
        #expect(rows.map { $0["source"]?.text } == ["SO", "CSO", "CSO"])
    }

    @Test func `the page says all of it in both languages`() async throws {
        let (browser, id) = try Self.prepared()
        let page = await browser.get("/stations/\(id)")
        for text in [
            "limit from outside", "1.3 kW in force", "grid critical", "gone from the pile", "not set by the platform",
        ] {
            #expect(page.text.contains(text), "\(text)")
        }
        let chinese = await browser.with(["accept-language": "zh-CN"]).get("/stations/\(id)")
        #expect(chinese.text.contains("外部限值") && chinese.text.contains("电网紧急"))
    }

    @Test func `while a mode is ordered by hand the page does not say that a setpoint is in force`() async throws {
        let (browser, id) = try Self.prepared()
        browser.platform.change { state in
            let session = state.stations[id]?.evses[0].session
            guard let i = state.sessions.firstIndex(where: { $0.session.id == session }) else { return }
            state.sessions[i].operation = OperationState(
                mode: "LocalFrequency", limit: nil, dischargeLimit: nil, setpoint: nil, isManual: true)
        }
        let page = await browser.get("/stations/\(id)")
        #expect(page.text.contains("by order of a person: by the frequency at the pile"))
        #expect(!page.text.contains("kW in force"))
    }
}
