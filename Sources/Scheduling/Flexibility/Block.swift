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
    /// one that is followed. Where only burning energy could reach the bound it ends below.
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
    /// - Parameter parts: of each slot in which it is held, how much of it is still to come; 0: it is not held in that slot.
    /// - Returns: `nil` where no power at all can be held so long (too much comes and goes), or it was cancelled.
    public func heldPower(
        parts: [Double], tolerance: Double = 0.001, isCancelled: () -> Bool = { false }
    ) -> (most: Double, least: Double)? {
        let held = 0..<parts.count
        let most = largest(isCancelled: isCancelled, tolerance: tolerance) { t in
            held.contains(t) && parts[t] > 0 ? (0, parts[t]) : nil
        }
        guard let most else { return nil }
        let drop = largest(isCancelled: isCancelled, tolerance: tolerance) { t in
            held.contains(t) && parts[t] > 0 ? (most.size * parts[t], -parts[t]) : nil
        }
        return drop.map { (most.size, most.size - $0.size) }
    }

    /// Charging evenly over each stay: the schedule with the smallest powers, kW of the fleet. It leaves room both ways.
    public var evenBaseline: [Double] {
        let search = SignalSearch(self)
        search.stayEven()
        return search.total.map { $0 / stepHours }
    }

    struct Largest {
        let size: Double
        let provenMost: Double
        let answer: FollowAnswer
    }

    /// The largest size, from 0 to `most`, at which base + size · change (kW of each slot; `nil`: free) can be followed.
    ///
    /// - Returns: `nil` where none was found: none can be followed, or only by burning energy.
    func largest(
        most: Double? = nil, isCancelled: () -> Bool, tolerance: Double,
        _ ray: (Int) -> (base: Double, change: Double)?
    ) -> Largest? {
        let rays = (0..<slotCount).map(ray)
        let change = rays.map { $0?.change ?? 0 }
        guard change.contains(where: { $0 != 0 }) else { return nil }
        return withoutActuallyEscaping(isCancelled) { isCancelled in
            SizeWalk(
                SignalSearch(self), rays: rays, change: change, stepHours: stepHours, tolerance: tolerance,
                isCancelled: isCancelled
            ).largest(most: most)
        }
    }
}

/// The search for ``FlexibleFleet/largest(most:isCancelled:tolerance:_:)``.
private final class SizeWalk {
    private let search: SignalSearch
    private let rays: [(base: Double, change: Double)?]
    private let change: [Double]
    private let stepHours: Double
    private let tolerance: Double
    private let isCancelled: () -> Bool
    /// By so much a size differs from another where a slot does by the tolerance.
    private let least: Double
    /// No larger size can be followed, proven; no smaller one.
    private var provenMost = Double.infinity
    private var provenLeast = 0.0
    private var stepsLeft = 80

    init(
        _ search: SignalSearch, rays: [(base: Double, change: Double)?], change: [Double], stepHours: Double,
        tolerance: Double, isCancelled: @escaping () -> Bool
    ) {
        self.search = search
        self.rays = rays
        self.change = change
        self.stepHours = stepHours
        self.tolerance = tolerance
        self.isCancelled = isCancelled
        least = tolerance / change.reduce(0) { max($0, abs($1)) }
    }

    func largest(most: Double?) -> FlexibleFleet.Largest? {
        bound(by: change)
        if let most { provenMost = min(provenMost, most) }
        // Down along what is proven. Whatever is followed then is the largest.
        guard let down = walk(from: provenMost, isDown: true) else { return nil }
        if let found = down.found { return found }
        // Nothing proves what is found next to be impossible, and nothing shows that it is possible: energy would have to be
        // burnt. From below, then half-way again and again.
        var undecided = down.size
        guard var best = walk(from: max(0, provenLeast), isDown: false)?.found else { return nil }
        while undecided - best.size > max(least, 0.002 * undecided), let next = ask(0.5 * (best.size + undecided)) {
            if let found = next.found { best = found } else { undecided = min(next.size, provenMost) }
        }
        return FlexibleFleet.Largest(size: best.size, provenMost: provenMost, answer: best.answer)
    }

    private typealias Asked = (size: Double, found: FlexibleFleet.Largest?, isProven: Bool)

    /// Asks for sizes along what each refusal proves, until one is not refused; `nil`: none is left.
    private func walk(from start: Double, isDown: Bool) -> Asked? {
        var size = start
        while size >= provenLeast - least, size <= provenMost + least, let asked = ask(max(0, size)) {
            if !asked.isProven { return asked }
            size = isDown ? min(size - least, provenMost) : max(size + least, provenLeast)
            if isDown, size < -least { return nil }
        }
        return nil
    }

    /// - Returns: `nil` when it was cancelled or takes too long.
    private func ask(_ size: Double) -> Asked? {
        guard stepsLeft > 0, !isCancelled() else { return nil }
        stepsLeft -= 1
        search.follow(rays.map { $0.map { ($0.base + size * $0.change) * stepHours } })
        let answer = search.run(tolerance: tolerance * stepHours, isQuick: true, isCancelled: isCancelled)
        switch answer.verdict {
        case .followed:
            return (size, FlexibleFleet.Largest(size: size, provenMost: provenMost, answer: answer), false)
        case .slotsProve(let slots, let isTooMuch, _):
            var weights = [Double](repeating: 0, count: change.count)
            for t in slots { weights[t] = isTooMuch ? 1 : -1 }
            bound(by: weights)
            return (size, nil, true)
        case .pricesProve(let prices, _):
            bound(by: prices)
            return (size, nil, true)
        case .undecided: return answer.isCancelled ? nil : (size, nil, false)
        }
    }

    /// What the fleet can do in a direction bounds the size from above or from below.
    private func bound(by weights: [Double]) {
        let slope = zip(weights, change).reduce(0) { $0 + $1.0 * $1.1 }
        let at = zip(weights, rays).reduce(0) { $0 + $1.0 * ($1.1?.base ?? 0) }
        let size = (search.support(weights).most / stepHours - at) / slope
        if slope > 0 {
            provenMost = min(provenMost, size)
        } else if slope < 0 {
            provenLeast = max(provenLeast, size)
        } else {
            // Refused whatever the size.
            provenMost = -.infinity
        }
    }
}
