/// Samples that wait for the end of a transaction, as many as fit in one message. When there are too many every second one
/// goes and from then on only every second one comes, so that those that stay are evenly spaced (2.x J02.FR.20).
struct KeptSamples: Hashable, Sendable {
    static let capacity = 40

    private(set) var samples: [MeterSample] = []
    /// Of so many that are taken, one is kept.
    private var stride = 1
    private var taken = 0

    mutating func append(_ sample: MeterSample) {
        defer { taken += 1 }
        guard taken.isMultiple(of: stride) else { return }
        samples.append(sample)
        guard samples.count > Self.capacity else { return }
        samples = samples.indices.filter { $0.isMultiple(of: 2) }.map { samples[$0] }
        stride *= 2
    }
}
