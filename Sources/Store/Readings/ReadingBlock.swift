import Charging
import Quantities

/// All readings of one EVSE on one UTC day, in columns: for each channel (what is measured, in which unit, on which
/// phase, where, why) its instants as differences of differences, its values as differences, and runs of equal
/// sessions and scales, and where messages are numbered their numbers as differences. A steady meter costs three bytes a
/// reading.
enum ReadingBlock {
    /// 1 had no numbers of messages.
    private static let format: UInt8 = 2
    /// No meter says more on one day; a larger number in a block is damage.
    private static let largest = 1 << 24

    private struct Channel: Hashable, Comparable {
        let measurand: String
        let unit: String
        let phase: String?
        let location: String?
        let context: String?
        init(_ reading: Reading) {
            measurand = reading.measurand
            unit = reading.unit
            phase = reading.phase
            location = reading.location
            context = reading.context
        }
        private var parts: [String] {
            [measurand, unit] + [phase, location, context].map { $0.map { "=" + $0 } ?? "" }
        }
        static func < (a: Channel, b: Channel) -> Bool { a.parts.lexicographicallyPrecedes(b.parts) }
    }

    static func pack(_ entries: [ReadingEntry]) -> [UInt8] {
        // Few channels and sessions, met in turn: looking at the likely one first is cheaper than hashing five texts.
        var sessions: [Session.ID?] = []
        var channels: [(channel: Channel, entries: [ReadingEntry], sessions: [Int64])] = []
        var (sessionGuess, channelGuess) = (0, 0)
        for entry in entries {
            let channel = Channel(entry.reading)
            sessionGuess = number(of: sessionGuess, in: sessions) { $0 == entry.session }
            if sessionGuess == sessions.count { sessions.append(entry.session) }
            channelGuess = number(of: channelGuess + 1, in: channels) { $0.channel == channel }
            if channelGuess == channels.count { channels.append((channel, [], [])) }
            channels[channelGuess].entries.append(entry)
            channels[channelGuess].sessions.append(Int64(sessionGuess))
        }
        var out = Packer(capacity: 64 + entries.count * 4)
        out.byte(format)
        out.count(sessions.count)
        for session in sessions { out.optional(session?.value) }
        out.count(channels.count)
        for (channel, entries, sessions) in channels.sorted(by: { $0.channel < $1.channel }) {
            ReadingWords.put(channel.measurand, &out)
            ReadingWords.put(channel.unit, &out)
            ReadingWords.put(channel.phase, &out)
            ReadingWords.put(channel.location, &out)
            ReadingWords.put(channel.context, &out)
            out.count(entries.count)
            putRuns(sessions, &out)
            putRuns(entries.map { Int64($0.reading.scale) }, &out)
            var (at, step, value): (Int64, Int64, Int64) = (0, 0, 0)
            for entry in entries {
                let next = entry.reading.at.milliseconds
                out.signed(next &- at &- step)
                step = next &- at
                at = next
            }
            for entry in entries {
                out.signed(entry.reading.mantissa &- value)
                value = entry.reading.mantissa
            }
            putSequences(entries.map(\.reading.sequence), &out)
        }
        return out.bytes
    }

    /// Index of the first match, looked for from `guess` on; the count when there is none.
    private static func number<Item>(of guess: Int, in items: [Item], where matches: (Item) -> Bool) -> Int {
        for offset in items.indices {
            let index = (guess + offset) % items.count
            if matches(items[index]) { return index }
        }
        return items.count
    }

    /// In order of time.
    static func entries(_ bytes: [UInt8]) throws(StoreFault) -> [ReadingEntry] {
        do {
            var from = Unpacker(bytes)
            let found = try from.byte()
            guard (1...format).contains(found) else { throw Unpacker.Damage() }
            var sessions: [Session.ID?] = []
            for _ in 0..<(try from.count()) { sessions.append(try from.optionalText().map(Session.ID.init)) }
            var entries: [ReadingEntry] = []
            for _ in 0..<(try from.count()) { try readChannel(sessions, found, &from, into: &entries) }
            guard from.isAtEnd else { throw Unpacker.Damage() }
            return entries.sorted(by: ReadingEntry.inOrder)
        } catch { throw .damaged(.readingsBlockDamaged) }
    }

    private static func readChannel(
        _ sessions: [Session.ID?], _ format: UInt8, _ from: inout Unpacker, into entries: inout [ReadingEntry]
    ) throws(Unpacker.Damage) {
        guard let measurand = try ReadingWords.word(&from), let unit = try ReadingWords.word(&from) else {
            throw Unpacker.Damage()
        }
        let phase = try ReadingWords.word(&from)
        let location = try ReadingWords.word(&from)
        let context = try ReadingWords.word(&from)
        let count = try from.count()
        let sessionNumbers = try runs(count, &from)
        let scales = try runs(count, &from)
        var instants: [Int64] = []
        var (at, step, value): (Int64, Int64, Int64) = (0, 0, 0)
        for _ in 0..<count {
            step &+= try from.signed()
            at &+= step
            instants.append(at)
        }
        var mantissas: [Int64] = []
        for _ in 0..<count {
            value &+= try from.signed()
            mantissas.append(value)
        }
        let sequences = format > 1 ? try self.sequences(count, &from) : Array(repeating: nil, count: count)
        for index in 0..<count {
            guard sessions.indices.contains(Int(sessionNumbers[index])) else { throw Unpacker.Damage() }
            entries.append(
                ReadingEntry(
                    session: sessions[Int(sessionNumbers[index])],
                    reading: Reading(
                        at: Instant(milliseconds: instants[index]), measurand: measurand,
                        mantissa: mantissas[index], scale: Int(scales[index]), unit: unit, phase: phase,
                        location: location, context: context, sequence: sequences[index])))
        }
    }

    /// One byte where no message is numbered.
    private static func putSequences(_ sequences: [Int?], _ out: inout Packer) {
        let isNumbered = sequences.contains { $0 != nil }
        out.count(isNumbered ? 1 : 0)
        guard isNumbered else { return }
        var last: Int64 = 0
        for sequence in sequences {
            out.optional(sequence.map { Int64($0) &- last })
            last = sequence.map { Int64($0) } ?? last
        }
    }

    private static func sequences(_ count: Int, _ from: inout Unpacker) throws(Unpacker.Damage) -> [Int?] {
        guard try from.number(atMost: 1) == 1 else { return Array(repeating: nil, count: count) }
        var sequences: [Int?] = []
        var last: Int64 = 0
        for _ in 0..<count {
            let step = try from.optionalSigned()
            if let step { last &+= step }
            sequences.append(step.map { _ in Int(last) })
        }
        return sequences
    }

    private static func putRuns(_ values: [Int64], _ out: inout Packer) {
        var index = 0
        while index < values.count {
            var end = index + 1
            while end < values.count, values[end] == values[index] { end += 1 }
            out.count(end - index)
            out.signed(values[index])
            index = end
        }
    }

    private static func runs(_ count: Int, _ from: inout Unpacker) throws(Unpacker.Damage) -> [Int64] {
        var values: [Int64] = []
        while values.count < count {
            let length = try from.number(atMost: largest)
            guard length > 0, values.count + length <= count else { throw Unpacker.Damage() }
            values.append(contentsOf: repeatElement(try from.signed(), count: length))
        }
        return values
    }
}
