extension FlexibleFleet {
    /// What a fleet can be asked for beyond what it would do anyhow: the same power for some slots.
    public struct Block: Sendable {
        public let slots: Range<Int>
        /// kW against the baseline in each of ``slots``, at least 0: more consumption, or less (`isMore` false).
        public let power: Double
        public let isMore: Bool
        /// kW: no more than this can be held, proven; ``power`` is as much where the search ended.
        public let provenMost: Double
        /// kW of the whole horizon while it is held; slots outside ``slots`` make up for it.
        public let total: [Double]
    }

    /// The most that can be held in `slots` against `baseline`, while the fleet is free to make up for it in all other slots.
    ///
    /// Each signal that cannot be followed proves a bound on the power; the search walks down along them (Dinkelbach) and ends at
    /// one that is followed.
    /// - Parameters:
    ///   - baseline: kW in each slot of the horizon; one that the fleet can follow in `slots`.
    ///   - tolerance: kW by which a slot may miss.
    /// - Returns: `nil` when the baseline itself cannot be followed in `slots`, or it was cancelled.
    public func largestBlock(
        _ slots: Range<Int>, isMore: Bool, baseline: [Double], tolerance: Double = 0.001,
        isCancelled: () -> Bool = { false }
    ) -> Block? {
        largest(isCancelled: isCancelled, tolerance: tolerance) { t in
            slots.contains(t) ? (baseline[t], isMore ? 1 : -1) : nil
        }.map { found in
            Block(
                slots: slots, power: found.size, isMore: isMore, provenMost: found.provenMost,
                total: found.answer.nearest)
        }
    }

    /// The largest power that can be both added to `baseline` and taken off it, each held in all of `slots`.
    public func largestBand(
        _ slots: Range<Int>, baseline: [Double], tolerance: Double = 0.001, isCancelled: () -> Bool = { false }
    ) -> (more: Block, less: Block)? {
        guard
            let more = largestBlock(
                slots, isMore: true, baseline: baseline, tolerance: tolerance, isCancelled: isCancelled),
            let less = largestBlock(
                slots, isMore: false, baseline: baseline, tolerance: tolerance, isCancelled: isCancelled)
        else { return nil }
        return (more, less)
    }

    /// The most and the least power, kW, that can be held from the beginning of the horizon on, every departure kept.
    ///
    /// - Parameter parts: of each slot in which it is held, how much of it is still to come.
    /// - Returns: `nil` where no power at all can be held so long (too much comes and goes), or it was cancelled.
    public func heldPower(
        parts: [Double], tolerance: Double = 0.001, isCancelled: () -> Bool = { false }
    ) -> (most: Double, least: Double)? {
        let held = 0..<parts.count
        let most = largest(isCancelled: isCancelled, tolerance: tolerance) { t in
            held.contains(t) ? (0, parts[t]) : nil
        }
        guard let most else { return nil }
        let drop = largest(isCancelled: isCancelled, tolerance: tolerance) { t in
            held.contains(t) ? (most.size * parts[t], -parts[t]) : nil
        }
        return drop.map { (most.size, most.size - $0.size) }
    }

    /// Charging evenly over each stay: the schedule with the smallest powers, kW of the fleet. It leaves room both ways.
    public var evenBaseline: [Double] {
        let search = SignalSearch(self)
        search.stayEven()
        return search.total.map { $0 / stepHours }
    }

    /// Net kWh in each slot of each vehicle that charges evenly.
    public var evenSchedules: [[Double]] {
        let search = SignalSearch(self)
        search.stayEven()
        return search.group.cars.indices.map(search.schedule)
    }

    struct Largest {
        let size: Double
        let provenMost: Double
        let answer: FollowAnswer
    }

    /// The largest size, at most `most`, at which base + size · change (kW of each slot; `nil`: free) can be followed.
    func largest(
        most: Double? = nil, isCancelled: () -> Bool, tolerance: Double,
        _ ray: (Int) -> (base: Double, change: Double)?
    ) -> Largest? {
        let rays = (0..<slotCount).map(ray)
        let search = SignalSearch(self)
        let change = rays.map { $0?.change ?? 0 }
        // In the direction of the change itself, each slot alone.
        let scale = change.reduce(0) { $0 + $1 * $1 }
        guard scale > 0 else { return nil }
        let base = zip(change, rays).reduce(0) { $0 + $1.0 * ($1.1?.base ?? 0) }
        var size = (search.support(change).most / stepHours - base) / scale
        if let most { size = min(size, most) }
        var proven = size
        for _ in 0..<Self.mostSteps {
            guard size > -tolerance, !isCancelled() else { return nil }
            size = max(0, size)
            search.follow(rays.map { $0.map { ($0.base + size * $0.change) * stepHours } })
            let answer = search.run(tolerance: tolerance * stepHours, isQuick: true, isCancelled: isCancelled)
            let weights: [Double]
            switch answer.verdict {
            case .followed: return Largest(size: size, provenMost: proven, answer: answer)
            case .slotsProve(let slots, let isTooMuch, _):
                var of = [Double](repeating: 0, count: slotCount)
                for t in slots { of[t] = isTooMuch ? 1 : -1 }
                weights = of
            case .pricesProve(let prices, _): weights = prices
            case .undecided:
                // Nothing proven: a little less, and the proof stays where it is.
                if size <= tolerance { return nil }
                size = max(0, size - max(tolerance, 0.001 * size))
                continue
            }
            let slope = zip(weights, change).reduce(0) { $0 + $1.0 * $1.1 }
            let at = zip(weights, rays).reduce(0) { $0 + $1.0 * ($1.1?.base ?? 0) }
            guard slope > 0 else { return nil }
            let bound = (search.support(weights).most / stepHours - at) / slope
            proven = min(proven, bound)
            // What is proven may be missed by the tolerance, which the next search would find.
            size = min(size - tolerance, bound)
        }
        return nil
    }
    private static let mostSteps = 60
}
