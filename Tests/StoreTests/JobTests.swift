import Assets
import Charging
import Foundation
import OCPPMessages
import Operations
import Quantities
import Testing

@testable import Store

@Suite("Jobs, files and campaigns on the disk") struct JobStoreTests {
    private static func job(_ id: String, _ station: String, _ state: StationJob.State, at minute: Int) -> StationJob {
        var order = JobOrder(kind: .firmware, location: "ftp://u:p@h/a.bin")
        order.number = minute
        order.retrieveAt = t0
        order.retries = 3
        var job = StationJob(
            id: id, station: StationID(station), order: order, file: "f", by: "wang", askedAt: t0 + .minutes(minute),
            dueAt: t0 + .hours(2), firmwareBefore: "1")
        job.add("Downloading", at: t0 + .minutes(minute + 1))
        job.state = state
        return job
    }

    @Test func `jobs come back, without what makes an address good, and the core gets the ones that matter`()
        async throws
    {
        try await withStore { store, scratch in
            let station = Fixture.station.id.value
            try await store.write(.station(Fixture.station))
            for number in 0..<10 { try await store.write(.job(Self.job("j\(number)", station, .failed, at: number))) }
            try await store.write(.job(Self.job("open", station, .running, at: 1)))
            var done = Self.job("j9", station, .done, at: 9)
            done.firmwareAfter = "2"
            try await store.write(.job(done))
            let all = try await store.jobs(of: nil, kind: .firmware, limit: 20, before: nil)
            #expect(all.count == 11 && all[1].id == "j9" && all[1].firmwareAfter == "2" && all[1].state == .done)
            #expect(all[1].order.location == "ftp://******@h/a.bin" && all[1].steps == done.steps)
            let page = try await store.jobs(of: StationID(station), kind: nil, limit: 2, before: "j9")
            #expect(page.map(\.id) == ["j8", "j7"])
            #expect(try await store.jobs(of: StationID("other"), kind: nil, limit: 2, before: nil).isEmpty)
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            #expect(try again.loadCore().jobs.map(\.id) == ["j5", "j6", "j7", "j8", "j9", "open"])
            try await again.write(.removeStation(Fixture.station.id))
            #expect(try again.loadCore().jobs.isEmpty)
        }
    }

    @Test func `campaigns come back with their stations until they are over, and are complete afterwards`() async throws
    {
        try await withStore { store, scratch in
            var plan = CampaignPlan(
                name: "n",
                commands: [
                    .v16: .init(action: "Reset", payload: Array("{}".utf8)),
                    .v21: .init(action: "Reset", payload: [1, 2]),
                ])
            plan.selection.stations = [StationID("A"), StationID("B")]
            plan.selection.vendor = "V"
            (plan.parallel, plan.attempts, plan.wait, plan.file) = (3, 2, .seconds(7), "f")
            var campaign = Campaign(id: "C1", plan: plan, by: "wang", createdAt: t0, state: .running, startedAt: t0)
            let targets = ["A", "B"].enumerated().map {
                CampaignTarget(campaign: "C1", position: $0, station: StationID($1), at: t0)
            }
            try await store.write(.campaign(campaign), .campaignTarget(targets[0]), .campaignTarget(targets[1]))
            var sent = targets[0]
            (sent.state, sent.attempts, sent.command, sent.word) = (.accepted, 1, "c", "Accepted")
            try await store.write(.campaignTarget(sent))
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let loaded = try again.loadCore().campaigns
            #expect(loaded.map(\.campaign) == [campaign] && loaded[0].targets == [sent, targets[1]])
            campaign.state = .finished
            campaign.endedAt = t0 + .hours(1)
            try await again.write(.campaign(campaign))
            #expect(try again.loadCore().campaigns.isEmpty)
            let view = try await again.campaign("C1")
            #expect(view?.campaign == campaign && view?.counts == [.accepted: 1, .waiting: 1])
            #expect(try await again.targets(of: "C1", after: 0, limit: 5) == [targets[1]])
            // Retention takes what is over, with what hangs on it.
            _ = try again.maintain(now: t0 + .days(500), everything: true)
            #expect(try await again.campaign("C1") == nil)
            #expect(try await again.targets(of: "C1", after: nil, limit: 5).isEmpty)
        }
    }

    @Test func `files are known until they are removed`() async throws {
        try await withStore { store, _ in
            var file = StoredFile(
                id: "a", kind: .firmware, name: "x.bin", station: nil, bytes: 5, sha256: "s", md5: "m", at: t0,
                by: "wang")
            let log = StoredFile(
                id: "b", kind: .log, name: "l", station: StationID("P"), bytes: 7, sha256: "s", md5: "m",
                at: t0 + .days(1), by: "P")
            try await store.write(.file(file), .file(log))
            file.signature = "c2ln"
            file.signingCertificate = "PEM"
            try await store.write(.file(file))
            #expect(try await store.files(kind: nil, station: nil, limit: 9, before: nil) == [log, file])
            #expect(try await store.files(kind: .log, station: StationID("P"), limit: 9, before: nil) == [log])
            #expect(try await store.files(kind: nil, station: nil, limit: 9, before: "b") == [file])
            #expect(try store.storedFiles() == ["a": 5, "b": 7])
            #expect(try await store.oldLogs(before: t0 + .days(2), limit: 9) == [log])
            #expect(try await store.oldLogs(before: t0 + .days(1), limit: 9).isEmpty)
            try await store.write(.removeFile("b"))
            #expect(try await store.file("b") == nil)
        }
    }
}

@Suite("File vault") struct FileVaultTests {
    private static func stream(_ pieces: [[UInt8]], failing: Bool = false) -> ByteStream {
        ByteStream { take in
            for piece in pieces { try await take(piece) }
            if failing { throw CancellationError() }
        }
    }
    private static func fault(_ body: () async throws -> Void) async -> FileFault? {
        do {
            try await body()
            return nil
        } catch { return error as? FileFault }
    }

    @Test func `a file is whole or not there, once, within the bounds`() async throws {
        try await withStore { _, scratch in
            var limits = FileVault.Limits()
            (limits.firmware, limits.total) = (10, 15)
            let vault = try FileVault(directory: scratch.path, known: [:], limits: limits)
            let facts = try await vault.take("a", kind: .firmware, Self.stream([Array("ab".utf8), Array("c".utf8)]))
            #expect(facts.bytes == 3)
            #expect(facts.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(facts.md5 == "900150983cd24fb0d6963f7d28e17f72")
            #expect(try await vault.read("a", from: 1, count: 9) == Array("bc".utf8))
            #expect(await Self.fault { _ = try await vault.take("a", kind: .firmware, Self.stream([[1]])) } == .taken)
            let large = Self.stream([[UInt8](repeating: 0, count: 11)])
            #expect(await Self.fault { _ = try await vault.take("b", kind: .firmware, large) } == .tooLarge(limit: 10))
            let cut = Self.stream([[1]], failing: true)
            #expect(await Self.fault { _ = try await vault.take("b", kind: .firmware, cut) } == .interrupted)
            _ = try await vault.take("b", kind: .firmware, Self.stream([[UInt8](repeating: 0, count: 10)]))
            let more = Self.stream([[1, 2, 3]])
            #expect(await Self.fault { _ = try await vault.take("c", kind: .firmware, more) } == .full(limit: 15))
            #expect(vault.bytes == 13)
            let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/files").sorted()
            #expect(names == ["a", "b"])
            // What the database does not know goes at the next start.
            let again = try FileVault(directory: scratch.path, known: ["a": 3])
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/files") == ["a"])
            #expect(again.bytes == 3)
            #expect(await Self.fault { _ = try await again.read("b", from: 0, count: 1) } == .unknown)
        }
    }

    @Test(arguments: 1...40) func `the file of a form is the same however it is cut`(_ size: Int) {
        let file = Array("binary \r\n--X \r\n\r\n--XY-- end\r\n-".utf8)
        let form =
            Array("preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nfield\r\n".utf8)
            + Array(
                "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: a/b\r\n\r\n".utf8)
            + file + Array("\r\n--XX--\r\n".utf8)
        var boundary = FormBoundary("multipart/form-data; charset=x; boundary=\"XX\"")
        var got: [UInt8] = []
        for start in stride(from: 0, to: form.count, by: size) {
            got += boundary?.take(Array(form[start..<min(start + size, form.count)])) ?? []
        }
        #expect(got == file)
        #expect(boundary?.isWhole == true)
    }

    @Test func `a form that is cut off is no file, and other types are none`() {
        var boundary = FormBoundary("multipart/form-data; boundary=XX")
        _ = boundary?.take(Array("--XX\r\nContent-Disposition: form-data; filename=\"x\"\r\n\r\nabc".utf8))
        #expect(boundary?.isWhole == false)
        #expect(FormBoundary("text/plain") == nil && FormBoundary("") == nil)
        #expect(FormBoundary("multipart/form-data") == nil && FormBoundary("multipart/form-data; boundary=") == nil)
    }
}
