import Operations
import Quantities
import Store
import Testing

/// Lists of commands and alarms, page after page.
@Suite("Cursors") struct CursorTests {
    @Test func `commands come newest first, page after page, each once`() async throws {
        try await withStore { store, _ in
            var ids: [String] = []
            for k in 0..<7 {
                let command = CommandView(
                    id: "C-\(k)", station: Fixture.station.id, action: "Reset", payload: [], status: .pending,
                    createdAt: t0, by: "wang")
                ids.insert(command.id, at: 0)
                try await store.write(.command(command))
            }
            var seen: [String] = []
            while let page = try? await store.commands(of: Fixture.station.id, limit: 3, before: seen.last),
                !page.isEmpty
            {
                seen += page.map(\.id)
            }
            #expect(seen == ids)
            #expect(try await store.commands(of: Fixture.station.id, limit: 3, before: "gone") == [])
        }
    }

    @Test func `alarms of one instant are walked too, active ones by themselves`() async throws {
        try await withStore { store, _ in
            for k in 1...7 {
                var alarm = Alarm(
                    id: Int64(k), priority: .high, code: "c", site: nil, object: "o\(k)", values: [:],
                    since: k < 4 ? t0 : t0 + .seconds(1))
                if k % 2 == 0 { alarm.endedAt = t0 + .minutes(1) }
                try await store.write(.alarm(alarm))
            }
            for (active, expected) in [(false, [7, 6, 5, 4, 3, 2, 1]), (true, [7, 5, 3, 1])] {
                var seen: [Int64] = []
                while let page = try? await store.alarms(active: active, limit: 2, before: seen.last), !page.isEmpty {
                    seen += page.map(\.id)
                }
                #expect(seen == expected.map(Int64.init))
            }
        }
    }
}
