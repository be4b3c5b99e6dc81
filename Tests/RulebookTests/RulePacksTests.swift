import Foundation
import Quantities
import Testing

@testable import Rulebook

@Suite("Built-in rules") struct RulePacksTests {
    let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `the embedded files are the files under Rules; if not, run Tools/embed-rules`() throws {
        let root = repository.appending(path: "Rules").resolvingSymlinksInPath()
        let files =
            FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "yaml" } ?? []
        let onDisk = try files.map { url in
            let path =
                "Rules"
                + url.resolvingSymlinksInPath().path().dropFirst(
                    root.path().count - (root.path().hasSuffix("/") ? 1 : 0))
            return path + "\n" + (try String(contentsOf: url, encoding: .utf8))
        }
        #expect(onDisk.sorted() == EmbeddedRules.files.map { $0.path + "\n" + $0.text }.sorted())
    }

    @Test func `each pack names a document and a mark for what it says`() {
        let packs = RulePacks.builtIn
        #expect(
            packs.tariffs.map(\.id) == [
                "cn/guangdong/v2g-discharge", "cn/guizhou/commercial-10kv-two-part", "cn/hubei/residential-charging",
            ])
        #expect(packs.tariffs.allSatisfy { $0.source.document != nil && $0.source.mark != .unknown })
        #expect(packs.programmes.map(\.id) == ["ndrc-2024-718"])
        #expect(packs.programmes.allSatisfy { $0.indicators.allSatisfy { $0.clause != nil && $0.mark == .sure } })
    }

    func prices(_ id: String, _ day: String) throws -> [String] {
        let tariff = try #require(RulePacks.builtIn.tariff(id))
        return try tariff.segments(on: civilDay(day)).map {
            "\(clockText($0.start)) \($0.level.rawValue) \($0.price?.text() ?? "?")"
        }
    }

    @Test func `Guizhou 10 kV: 0.562 flat, 0.884005 peak, 0.239995 valley`() throws {
        #expect(
            try prices("cn/guizhou/commercial-10kv-two-part", "2026-09-10") == [
                "00:00 valley 0.239995", "08:00 flat 0.562", "10:00 peak 0.884005", "13:00 flat 0.562",
                "17:00 peak 0.884005", "22:00 flat 0.562",
            ])
    }

    @Test func `Guangdong discharge: sharp in summer within the peak, and nothing after the trial`() throws {
        let id = "cn/guangdong/v2g-discharge"
        #expect(
            try prices(id, "2025-08-05") == [
                "00:00 valley 0.17214", "08:00 flat 0.453", "10:00 peak 0.7701", "11:00 sharp 0.962625",
                "12:00 flat 0.453", "14:00 peak 0.7701", "15:00 sharp 0.962625", "17:00 peak 0.7701",
                "19:00 flat 0.453",
            ])
        #expect(try prices(id, "2025-10-09").count == 6)
        #expect(throws: TariffGap.self) { _ = try prices(id, "2027-01-01") }
        #expect(throws: TariffGap.self) { _ = try prices(id, "2025-05-13") }
    }

    @Test func `Hubei residential: absolute prices, valley over midnight, also in years without calendar`() throws {
        #expect(
            try prices("cn/hubei/residential-charging", "2031-01-01") == [
                "00:00 valley 0.43", "07:00 flat 0.58", "17:00 peak 0.68", "20:00 sharp 0.78", "22:00 peak 0.68",
                "23:00 valley 0.43",
            ])
    }
}
