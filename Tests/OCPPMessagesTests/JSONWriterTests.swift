import Foundation
import OCPPMessages
import Quantities
import Testing

@Suite("JSON writer") struct JSONWriterTests {
    @Test func `commas stand where they belong`() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.value(2)
        writer.value("id")
        writer.beginObject()
        writer.key("a")
        writer.value(true)
        writer.key("b")
        writer.beginArray()
        writer.endArray()
        writer.key("c")
        writer.value(JSONDecimal(mantissa: 61, scale: 1))
        writer.endObject()
        writer.raw("{}".utf8)
        writer.value(Instant(milliseconds: 1_735_689_600_250))
        writer.endArray()
        let text = #"[2,"id",{"a":true,"b":[],"c":6.1},{},"2025-01-01T00:00:00.250Z"]"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test func `every string comes back through Foundation`() throws {
        for seed in 1...500 {
            var random = SeededRandom(seed: UInt64(seed))
            var text = ""
            for _ in 0..<Int(random.next() % 20) {
                let range: UInt64 = random.next() % 2 == 0 ? 0x80 : 0x11_0000
                if let scalar = Unicode.Scalar(UInt32(random.next() % range)) { text.unicodeScalars.append(scalar) }
            }
            var writer = JSONWriter()
            writer.value(text)
            let back =
                try JSONSerialization.jsonObject(with: Data(writer.bytes), options: [.fragmentsAllowed]) as? String
            #expect(back.map { Array($0.utf8) } == Array(text.utf8), "seed \(seed)")
            #expect(Tree(writer.bytes) == .text(text), "seed \(seed)")
        }
    }

    @Test(arguments: [0, 7, -1, 10, Int.max, Int.min]) func `whole numbers are written out`(_ number: Int) {
        var writer = JSONWriter()
        writer.value(number)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "\(number)")
    }
}
