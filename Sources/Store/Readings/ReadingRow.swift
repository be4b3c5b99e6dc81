import Charging
import Quantities

/// One message's readings as one row of the tail: cheap to write, read once when they move into their day's block.
enum ReadingRow {
    /// 1 had no numbers of messages.
    private static let format: UInt8 = 2

    static func pack(_ readings: [Reading]) -> [UInt8] {
        var out = Packer(capacity: 16 + readings.count * 16)
        out.byte(format)
        out.count(readings.count)
        var lastAt: Int64 = 0
        for reading in readings {
            out.signed(reading.at.milliseconds &- lastAt)
            lastAt = reading.at.milliseconds
            ReadingWords.put(reading.measurand, &out)
            ReadingWords.put(reading.unit, &out)
            ReadingWords.put(reading.phase, &out)
            ReadingWords.put(reading.location, &out)
            ReadingWords.put(reading.context, &out)
            out.signed(Int64(reading.scale))
            out.signed(reading.mantissa)
            out.optional(reading.sequence.map(Int64.init))
        }
        return out.bytes
    }

    static func readings(_ bytes: [UInt8]) throws(StoreFault) -> [Reading] {
        do {
            var from = Unpacker(bytes)
            let found = try from.byte()
            guard (1...format).contains(found) else { throw Unpacker.Damage() }
            var readings: [Reading] = []
            var at: Int64 = 0
            for _ in 0..<(try from.count()) {
                at &+= try from.signed()
                guard let measurand = try ReadingWords.word(&from), let unit = try ReadingWords.word(&from) else {
                    throw Unpacker.Damage()
                }
                let phase = try ReadingWords.word(&from)
                let location = try ReadingWords.word(&from)
                let context = try ReadingWords.word(&from)
                let scale = Int(try from.signed())
                readings.append(
                    Reading(
                        at: Instant(milliseconds: at), measurand: measurand, mantissa: try from.signed(), scale: scale,
                        unit: unit, phase: phase, location: location, context: context,
                        sequence: found > 1 ? try from.optionalSigned().map(Int.init) : nil))
            }
            guard from.isAtEnd else { throw Unpacker.Damage() }
            return readings
        } catch { throw .damaged(.readingsRowDamaged) }
    }
}
