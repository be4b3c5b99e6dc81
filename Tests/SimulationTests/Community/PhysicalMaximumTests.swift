import Quantities
import Testing

@testable import Simulation

@Suite("What physics allows") struct PhysicalMaximumTests {
    /// Hall's condition over all sets of slots: the most energy is the least over sets A of room(A) + Σ min(wanted, most
    /// outside A). Exponential and obviously right.
    static func mostEnergy(_ stays: [PhysicalMaximum.Stay], _ room: [Energy]) -> Energy {
        (0..<(1 << room.count)).map { set in
            let inside = room.indices.reduce(Energy.zero) { set >> $1 & 1 == 1 ? $0 + max(.zero, room[$1]) : $0 }
            return stays.reduce(inside) { sum, stay in
                var outside = Energy.zero
                for (k, most) in stay.most.enumerated() where set >> (stay.first + k) & 1 == 0 { outside += most }
                return sum + min(stay.wanted, outside)
            }
        }.min() ?? .zero
    }

    @Test func `flow equals the cut over every set of slots`() {
        for seed in UInt64(1)...300 {
            var random = SeededRandom(seed: seed)
            let slots = Int.random(in: 1...7, using: &random)
            let stays = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                let first = Int.random(in: 0..<slots, using: &random)
                let length = Int.random(in: 1...(slots - first), using: &random)
                return PhysicalMaximum.Stay(
                    wanted: .wattHours(.random(in: 0...9000, using: &random)), first: first,
                    most: (0..<length).map { _ in .wattHours(.random(in: 0...3000, using: &random)) })
            }
            let room = (0..<slots).map { _ in Energy.wattHours(.random(in: -500...4000, using: &random)) }
            let chosen = (0..<slots).map { _ in Bool.random(using: &random) }
            let maximum = PhysicalMaximum(stays: stays, room: room, isChosen: chosen)
            #expect(maximum.delivered == Self.mostEnergy(stays, room), "seed \(seed)")
            let onlyChosen = zip(room, chosen).map { $1 ? $0 : Energy.zero }
            #expect(maximum.chosen == Self.mostEnergy(stays, onlyChosen), "seed \(seed)")
            let inChosen = zip(maximum.perSlot, chosen).reduce(Energy.zero) { $1.1 ? $0 + $1.0 : $0 }
            #expect(inChosen == maximum.chosen, "seed \(seed)")
            for (energy, room) in zip(maximum.perSlot, room) { #expect(energy <= max(.zero, room), "seed \(seed)") }
        }
    }
}
