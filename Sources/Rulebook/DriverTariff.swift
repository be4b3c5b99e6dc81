public import Quantities

/// What a kWh costs a driver in the time ahead, as a list of prices of which the first that holds counts: the shape in which
/// stations take a tariff. A cut of a dated ``Tariff`` that is exact up to ``validUntil``.
///
/// A station knows days of the week, dates and times of day. Holidays, heat days and prices of single quarter hours have no
/// word there: they are told as dates, or the cut ends before them and is made anew in time.
public struct DriverTariff: Hashable, Sendable {
    public struct Price: Hashable, Sendable {
        /// Yuan; at most six decimals, as the protocols take them.
        public let perKilowattHour: Rational
        /// Minutes of the civil day, half-open; `nil`: the whole day.
        public let minutes: Range<Int>?
        /// 1 is Monday; `nil`: all.
        public let weekdays: Set<Int>?
        /// Whole civil days, half-open; `nil`: all.
        public let days: Range<CivilDay>?
        public init(
            _ perKilowattHour: Rational, minutes: Range<Int>? = nil, weekdays: Set<Int>? = nil,
            days: Range<CivilDay>? = nil
        ) {
            self.perKilowattHour = perKilowattHour
            self.minutes = minutes
            self.weekdays = weekdays
            self.days = days
        }

        /// It says when it holds.
        public var isConditional: Bool { minutes != nil || weekdays != nil || days != nil }

        func holds(on day: CivilDay, minute: Int) -> Bool {
            minutes?.contains(minute) ?? true && weekdays?.contains(day.weekday) ?? true && days?.contains(day) ?? true
        }
    }

    /// The first that holds counts; the last one holds always.
    public let prices: [Price]
    /// Up to here the prices are those of the tariff. What comes after needs a new cut.
    public let validUntil: Instant

    /// `nil` where none of them holds.
    public func price(on day: CivilDay, minute: Int) -> Rational? {
        prices.first { $0.holds(on: day, minute: minute) }?.perKilowattHour
    }

    /// Dearest and cheapest.
    public var range: ClosedRange<Rational> {
        let all = prices.map(\.perKilowattHour)
        return (all.min() ?? .zero)...(all.max() ?? .zero)
    }
}

extension DriverTariff {
    /// A part of a civil day with one price, yuan/kWh; minutes since local midnight, half-open.
    public struct Piece: Hashable, Sendable {
        public let minutes: Range<Int>
        public let price: Rational
        public init(minutes: Range<Int>, price: Rational) {
            self.minutes = minutes
            self.price = price
        }
    }

    /// As far ahead as `most` prices can say it, and no further than ``longest`` days.
    /// - Parameters:
    ///   - most: prices that the station takes; at least 1.
    ///   - mayDepend: it takes prices that hold at some times only.
    ///   - day: the pieces of a day, which cover it; `nil` where a price is not known.
    /// - Returns: `nil` when today's prices are not known.
    public init?(
        from start: Instant, in zone: Zone, most: Int, mayDepend: Bool, day pieces: (CivilDay) -> [Piece]?
    ) {
        let today = zone.civilDay(at: start)
        var known: [[Piece]] = []
        for offset in 0..<Self.longest {
            guard let day = pieces(today.adding(days: offset)) else { break }
            known.append(Self.merged(day))
        }
        guard !known.isEmpty else { return nil }
        if mayDepend {
            var count = known.count
            while count > 0 {
                let prices = Self.prices(of: Array(known.prefix(count)), from: today)
                if prices.count <= most {
                    self.init(prices: prices, validUntil: zone.midnight(of: today.adding(days: count)))
                    return
                }
                count /= 2
            }
        }
        self.init(some: known, today, at: start, zone, most: mayDepend ? most : 1)
    }
    /// A month: what lies further ahead may be published anew.
    public static let longest = 31

    /// Less than a day: the prices that come next, one after the other.
    private init(some known: [[Piece]], _ today: CivilDay, at start: Instant, _ zone: Zone, most: Int) {
        let minute = zone.millisecondOfDay(at: start) / 60_000
        var prices: [Price] = []
        var end = zone.midnight(of: today.adding(days: 1))
        for (i, piece) in known[0].enumerated() where piece.minutes.upperBound > minute {
            prices.append(Price(piece.price, minutes: piece.minutes))
            guard prices.count == most else { continue }
            // The same price may go on tomorrow.
            if i == known[0].count - 1 {
                end = Self.end(of: piece.price, known, today, zone)
            } else {
                end = zone.instant(of: today, minute: piece.minutes.upperBound)
            }
            break
        }
        let last = prices.removeLast()
        self.init(prices: prices + [Price(last.perKilowattHour)], validUntil: end)
    }

    /// How long a price that holds at the end of today goes on.
    private static func end(of price: Rational, _ known: [[Piece]], _ today: CivilDay, _ zone: Zone) -> Instant {
        for (offset, day) in known.enumerated().dropFirst() {
            guard let first = day.first, first.price == price else {
                return zone.midnight(of: today.adding(days: offset))
            }
            if day.count > 1 {
                return zone.instant(of: today.adding(days: offset), minute: first.minutes.upperBound)
            }
        }
        return zone.midnight(of: today.adding(days: known.count))
    }

    /// Neighbours of one price are one; prices as they are told.
    private static func merged(_ pieces: [Piece]) -> [Piece] {
        var merged: [Piece] = []
        for piece in pieces {
            let price = piece.price.rounded(decimals: 6)
            if let last = merged.last, last.price == price {
                merged[merged.count - 1] = Piece(
                    minutes: last.minutes.lowerBound..<piece.minutes.upperBound, price: price)
            } else {
                merged.append(Piece(minutes: piece.minutes, price: price))
            }
        }
        return merged
    }

    /// Days that differ from their weekday come first with their dates, then weekdays that differ from most days, then the rest.
    private static func prices(of days: [[Piece]], from first: CivilDay) -> [Price] {
        func weekday(_ offset: Int) -> Int { first.adding(days: offset).weekday }
        var usual: [Int: [Piece]] = [:]
        for number in 1...7 {
            usual[number] = mostOften(days.indices.filter { weekday($0) == number }.map { days[$0] })
        }
        let base = mostOften((1...7).compactMap { usual[$0] }) ?? days[0]
        var prices: [Price] = []
        var offset = 0
        while offset < days.count {
            let day = days[offset]
            guard day != usual[weekday(offset)] else {
                offset += 1
                continue
            }
            var end = offset + 1
            while end < days.count, days[end] == day, days[end] != usual[weekday(end)] { end += 1 }
            prices += spelled(day, days: first.adding(days: offset)..<first.adding(days: end))
            offset = end
        }
        var others: [[Piece]] = []
        for number in 1...7 {
            if let pattern = usual[number], pattern != base, !others.contains(pattern) { others.append(pattern) }
        }
        for pattern in others {
            prices += spelled(pattern, weekdays: Set((1...7).filter { usual[$0] == pattern }))
        }
        return prices + spelled(base)
    }

    /// The price of most pieces comes last, and for the whole day: what is left when the others do not hold.
    private static func spelled(
        _ pieces: [Piece], weekdays: Set<Int>? = nil, days: Range<CivilDay>? = nil
    ) -> [Price] {
        var counts: [Rational: Int] = [:]
        for piece in pieces { counts[piece.price, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let rest = pieces.first { counts[$0.price] == most }?.price ?? .zero
        return pieces.filter { $0.price != rest }.map {
            Price($0.price, minutes: $0.minutes, weekdays: weekdays, days: days)
        } + [Price(rest, weekdays: weekdays, days: days)]
    }

    /// The first of those that occur most often.
    private static func mostOften(_ patterns: [[Piece]]) -> [Piece]? {
        var counts: [[Piece]: Int] = [:]
        for pattern in patterns { counts[pattern, default: 0] += 1 }
        let most = counts.values.max()
        return patterns.first { counts[$0] == most }
    }
}
