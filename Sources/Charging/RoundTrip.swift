/// How much of the energy that goes through converter and battery comes back out of them: a measured share with the
/// interval in which it lies, thousandths.
public struct RoundTrip: Hashable, Sendable {
    public let low: Int
    /// The most likely.
    public let middle: Int
    public let high: Int

    /// Beyond 1 to 1000 and out of order they are brought into it.
    public init(low: Int, middle: Int, high: Int) {
        self.low = max(1, min(low, 1000))
        self.high = max(self.low, min(high, 1000))
        self.middle = max(self.low, min(middle, self.high))
    }

    /// Thousandths that surely are left after one of the two ways, where both lose the same; rounded down.
    public var surelyOneWay: Int64 { Self.root(of: low) }
    /// The same, as is most likely.
    public var likelyOneWay: Int64 { Self.root(of: middle) }

    private static func root(of permille: Int) -> Int64 {
        var root = 0
        while (root + 1) * (root + 1) <= permille * 1000 { root += 1 }
        return Int64(max(1, root))
    }

    /// Of several measurements, none of which outweighs the others: the medians. Where all of them contain the truth, so does
    /// this. `nil`: there are none.
    public init?(medianOf all: some Sequence<RoundTrip>) {
        let all = Array(all)
        guard !all.isEmpty else { return nil }
        let lower = (all.count - 1) / 2
        self.init(
            low: all.map(\.low).sorted()[lower], middle: all.map(\.middle).sorted()[lower],
            high: all.map(\.high).sorted()[all.count / 2])
    }
}
