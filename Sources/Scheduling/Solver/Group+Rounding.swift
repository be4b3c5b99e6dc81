// Least powers under a node that is full: the continuous shares are often below what a pile can do, so vehicles have to
// take turns. Several ways are tried and the cheapest is kept.
extension Group {
    /// A schedule put aside.
    struct Saved {
        let charge: Vector
        let discharge: Vector
        let ending: Vector
    }
    func makeSaved() -> Saved {
        Saved(
            charge: arena.vector(charge.count), discharge: arena.vector(discharge.count),
            ending: arena.vector(ending.count))
    }
    func save(_ saved: Saved) {
        saved.charge.copy(from: charge)
        saved.discharge.copy(from: discharge)
        saved.ending.copy(from: ending)
    }
    func restore(_ saved: Saved) {
        charge.copy(from: saved.charge)
        discharge.copy(from: saved.discharge)
        ending.copy(from: saved.ending)
        recomputeLoads()
    }

    /// Up to so many vehicles with a least power, exchanges of slots and of vehicles are searched; the effort grows with
    /// the square.
    private static let thoroughLimit = 24

    func roundToLeastPower(_ prices: Vector) {
        let members = turn.filter { cars[$0].hasLeastPower }
        guard members.contains(where: { needsModes($0) }) else { return }
        let thorough = members.count <= Group.thoroughLimit
        let (continuous, best) = (makeSaved(), makeSaved())
        save(continuous)
        for i in members where needsModes(i) { settleModes(i, thorough: thorough) }
        settleAgain(members, thorough)
        save(best)
        var cost = workCost()
        let charging = members.filter { !cars[$0].discharges }
        for rebuilt in charging.count < members.count ? [members, charging] : [members] {
            restore(continuous)
            rebuild(members, clearing: rebuilt, prices, thorough)
            settleAgain(members, thorough)
            if workCost() < cost && canBeIssued {
                cost = workCost()
                save(best)
            }
        }
        restore(best)
        if thorough { exchange(members) }
    }

    /// Takes some of `members` out and settles all one after the other, guided by the nodes' prices, each with no more than
    /// the continuous schedule gave it: what is scarce stays shared as it was. Those that are not taken out go on
    /// discharging for the others until it is their turn.
    private func rebuild(_ members: [Int], clearing: [Int], _ prices: Vector, _ thorough: Bool) {
        let given = members.map { ending[$0] }
        for i in clearing { clear(i) }
        recomputeLoads()
        for (i, energy) in zip(members, given) {
            settleModes(i, heeding: prices, upTo: energy + 1e-9, thorough: thorough)
        }
    }

    /// Rounds at true prices until they bring nothing.
    private func settleAgain(_ members: [Int], _ thorough: Bool) {
        var cost = workCost()
        for _ in 0..<3 {
            for i in members { settleModes(i, thorough: thorough) }
            let now = workCost()
            if now > cost - 1e-6 { break }
            cost = now
        }
    }

    /// Takes out two vehicles at a time and puts them back in both orders.
    private func exchange(_ members: [Int]) {
        let before = makeSaved()
        for (a, i) in members.enumerated() {
            for k in members[(a + 1)...]
            where cars[i].first < cars[k].first + cars[k].count
                && cars[k].first < cars[i].first + cars[i].count
            {
                save(before)
                let cost = workCost()
                for (first, second) in [(i, k), (k, i)] {
                    clear(first)
                    clear(second)
                    recomputeLoads()
                    settleModes(first, thorough: false)
                    settleModes(second, thorough: false)
                    settleModes(first, thorough: false)
                    if workCost() < cost - 1e-6 && worstExcess() <= Group.tolerance { break }
                    restore(before)
                }
            }
        }
    }
}
