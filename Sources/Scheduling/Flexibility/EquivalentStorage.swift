/// A battery that stands for a fleet for a while: what it promises, the fleet can do.
///
/// It is proven by services, each followed to the last kilowatt of the baseline: at ``positions`` places of the time it holds,
/// charge what it holds and give it back at once or at the end; give first and take back at once or at the end. Any mixture of
/// them can be followed too, since stays' schedules form convex sets (but for full batteries with losses, which do not burn energy).
/// Before and after the time it holds the fleet is free.
public struct EquivalentStorage: Hashable, Sendable {
    /// Slots for which it holds: those around the fullest in which at least half as much power is plugged in.
    public var slots: Range<Int>
    /// kW against ``baseline``.
    public var charge: Double
    public var discharge: Double
    /// kWh taken up from the grid.
    public var energy: Double
    /// Part of ``energy`` that comes back.
    public var roundTrip: Double
    /// kW of each slot of the horizon: what the fleet does when nothing is asked of the storage.
    public var baseline: [Double]
    /// Hours for which ``charge`` or ``discharge``, whichever is smaller, can be held.
    public var hours: Double

    static let positions = 4
}

extension FlexibleFleet {
    /// - Parameters:
    ///   - hours: for how long its power should last; at most half the time it holds is taken.
    ///   - nothing: kW and kWh below which there is no storage.
    /// - Returns: `nil` where the fleet cannot stand for a storage at all, or it was cancelled.
    public func equivalentStorage(
        hours: Double = 2, tolerance: Double = 0.001, isCancelled: () -> Bool = { false },
        progress: (Double) -> Void = { _ in }
    ) -> EquivalentStorage? {
        guard let slots = fullestSlots() else { return nil }
        let baseline = evenBaseline
        let block = max(1, min(Int((hours / stepHours).rounded()), slots.count / 2))
        guard slots.count >= 2 else { return nil }
        let places = EquivalentStorage.places(slots, block)
        var storage = EquivalentStorage(
            slots: slots, charge: .infinity, discharge: .infinity, energy: 0, roundTrip: 1, baseline: baseline,
            hours: Double(block) * stepHours)
        for (k, place) in places.enumerated() {
            let held = place..<(place + block)
            guard
                let band = largestBand(held, baseline: baseline, tolerance: tolerance, isCancelled: isCancelled)
            else { return nil }
            storage.charge = min(storage.charge, band.more.power)
            storage.discharge = min(storage.discharge, band.less.power)
            progress(0.3 * Double(k + 1) / Double(places.count))
        }
        storage.energy = storage.hours * min(storage.charge, storage.discharge)
        guard storage.energy > FlexibleFleet.dust else { return nil }
        // Charging is shifted without a loss; what a vehicle gives back comes with one.
        var trips = [1.0]
        let worst =
            vehicles.filter { $0.maxDischarge > 0 && !$0.slots.isEmpty }
            .map { $0.chargeEfficiency * $0.dischargeEfficiency }.min() ?? 1
        if worst < 1 { trips.append(worst) }
        var best: EquivalentStorage?
        for (k, trip) in trips.enumerated() {
            var candidate = storage
            candidate.roundTrip = trip
            let found = largest(candidate, tolerance: tolerance, isCancelled: isCancelled) {
                progress(0.3 + 0.7 * (Double(k) + $0) / Double(trips.count))
            }
            if isCancelled() { return nil }
            if let found, found.energy > (best?.energy ?? FlexibleFleet.dust) { best = found }
        }
        return best
    }

    /// What part of `storage`, all of it at the most, the fleet can stand for against its own even baseline: what a scenario of
    /// arrivals and departures is asked.
    /// - Returns: `nil` when it was cancelled.
    public func part(
        of storage: EquivalentStorage, tolerance: Double = 0.001, isCancelled: () -> Bool = { false },
        progress: (Double) -> Void = { _ in }
    ) -> Double? {
        var own = storage
        own.baseline = evenBaseline
        let found = largest(own, tolerance: tolerance, isCancelled: isCancelled, progress: progress)
        return isCancelled() ? nil : (found?.energy ?? 0) / storage.energy
    }

    /// `storage`, scaled down as far as it takes.
    private func largest(
        _ storage: EquivalentStorage, tolerance: Double, isCancelled: () -> Bool, progress: (Double) -> Void
    ) -> EquivalentStorage? {
        var candidate = storage
        let (slots, baseline) = (storage.slots, storage.baseline)
        let services = candidate.services(stepHours: stepHours)
        var part = 1.0
        for (n, service) in services.enumerated() where part > 0 {
            if isCancelled() { return nil }
            part =
                largest(most: part, isCancelled: isCancelled, tolerance: tolerance) { t in
                    slots.contains(t) ? (baseline[t], service[t - slots.lowerBound]) : nil
                }?.size ?? 0
            progress(Double(n + 1) / Double(services.count))
        }
        candidate.scale(by: part)
        // Earlier services were followed at a larger part: where only burning energy could do something, that says nothing.
        for _ in 0..<5 where candidate.energy > FlexibleFleet.dust {
            if canStand(for: candidate, tolerance: tolerance, isCancelled: isCancelled) { return candidate }
            candidate.scale(by: 0.97)
        }
        guard candidate.energy > FlexibleFleet.dust,
            canStand(for: candidate, tolerance: tolerance, isCancelled: isCancelled)
        else { return nil }
        return candidate
    }

    /// Whether the fleet can stand for `storage` against the baseline that it states.
    public func canStand(
        for storage: EquivalentStorage, tolerance: Double = 0.001, isCancelled: () -> Bool = { false }
    ) -> Bool {
        let slots = storage.slots
        return storage.services(stepHours: stepHours).allSatisfy { service in
            let search = SignalSearch(self)
            search.follow(
                (0..<slotCount).map { t in
                    slots.contains(t) ? (storage.baseline[t] + service[t - slots.lowerBound]) * stepHours : nil
                })
            return search.run(tolerance: tolerance * stepHours, isCancelled: isCancelled).isFollowed
        }
    }

    /// The longest run of slots around the one with most power plugged in that have at least half of it.
    private func fullestSlots() -> Range<Int>? {
        var plugged = [Double](repeating: 0, count: slotCount)
        for vehicle in vehicles {
            for slot in vehicle.slots { plugged[slot] += vehicle.maxCharge * vehicle.presence(slot) }
        }
        guard let fullest = plugged.indices.max(by: { plugged[$0] < plugged[$1] }), plugged[fullest] > 0 else {
            return nil
        }
        var (first, end) = (fullest, fullest + 1)
        while first > 0, plugged[first - 1] >= 0.5 * plugged[fullest] { first -= 1 }
        while end < slotCount, plugged[end] >= 0.5 * plugged[fullest] { end += 1 }
        return first..<end
    }
}

extension EquivalentStorage {
    public mutating func scale(by part: Double) {
        charge *= part
        discharge *= part
        energy *= part
    }

    /// Where blocks of `length` slots begin.
    static func places(_ slots: Range<Int>, _ length: Int) -> [Int] {
        let last = slots.upperBound - length
        let all = (0..<positions).map { slots.lowerBound + (last - slots.lowerBound) * $0 / (positions - 1) }
        return all.enumerated().filter { $0.offset == 0 || all[$0.offset - 1] != $0.element }.map(\.element)
    }

    /// kW against the baseline in each of ``slots``: the services that prove it.
    func services(stepHours: Double) -> [[Double]] {
        // kWh in a row, from a slot on (or ending before one), at full power but in the last slot.
        func block(_ energy: Double, _ power: Double, from first: Int) -> [Int: Double] {
            var (left, slot) = (energy, first)
            var kilowatts: [Int: Double] = [:]
            while left > FlexibleFleet.dust, slot < slots.count {
                kilowatts[slot] = min(power, left / stepHours)
                left -= kilowatts[slot]! * stepHours
                slot += 1
            }
            return left > FlexibleFleet.dust ? [:] : kilowatts
        }
        func length(_ energy: Double, _ power: Double) -> Int {
            Int((energy / power / stepHours - 1e-9).rounded(.up))
        }
        var list: [[Double]] = []
        for takesFirst in [true, false] {
            let (first, second) =
                takesFirst
                ? ((energy, charge), (energy * roundTrip, discharge))
                : ((energy * roundTrip, discharge), (energy, charge))
            let (one, two) = (length(first.0, first.1), length(second.0, second.1))
            guard one + two <= slots.count else { continue }
            for place in EquivalentStorage.places(0..<(slots.count - two), one) {
                var ends = [place + one]
                if slots.count - two > place + one { ends.append(slots.count - two) }
                for end in ends {
                    var service = [Double](repeating: 0, count: slots.count)
                    for (slot, power) in block(first.0, first.1, from: place) {
                        service[slot] += takesFirst ? power : -power
                    }
                    for (slot, power) in block(second.0, second.1, from: end) {
                        service[slot] += takesFirst ? -power : power
                    }
                    list.append(service)
                }
            }
        }
        return list
    }
}
