/// SplitMix64: a small, fast generator whose whole state is its seed, so that a printed seed replays a failure.
/// Not for secrets.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// An independent stream for one named part, so that adding a draw in one part does not shift another.
    public func split(_ label: UInt64) -> SeededRandom {
        var child = SeededRandom(seed: state ^ (label &* 0xD6E8_FEB8_6659_FD93))
        _ = child.next()
        return child
    }
}
