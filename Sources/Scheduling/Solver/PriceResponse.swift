/// The exact answer of one vehicle to a list of prices, within given limits.
///
/// A vehicle's problem is a greedy one: its energy band and its slots form nested prefixes. Think of "discharge
/// everywhere" as the start; each slot then offers two pieces, to undo the discharge and to charge, each with a slope in
/// yuan per kWh in the battery. Walking forward in time, what the lower edge of the band demands is taken from the
/// cheapest pieces seen so far, and what the upper edge forbids is dropped from the dearest. What is left is used while it
/// pays. Exact for any prices, also negative ones (docs/planning.md).
final class PriceResponse {
    private let arena = Arena()
    private let slotCount: Int
    private let late: Bool
    /// Prices that a charged kWh costs and a discharged kWh earns, each slot of the horizon.
    let buy: Vector
    let sell: Vector
    private let byBuy: IndexVector
    private let bySell: IndexVector

    /// Limits of the vehicle's slots, kWh: set before ``respond(_:)``. What must be charged or discharged is not above
    /// what may be, and no slot has both.
    let chargeLeast: Vector
    let chargeMost: Vector
    let dischargeLeast: Vector
    let dischargeMost: Vector
    /// The answer, kWh in each of the vehicle's slots.
    let charge: Vector
    let discharge: Vector

    /// Of kinds of vehicles that were asked for last: their pieces by rank (``Car/kind``).
    private var orders: [Order] = []
    static let mostOrders = 64
    /// What is left of the pieces in the pool, by rank, and the pool itself as bits.
    private let left: Vector
    private let pool: IndexVector

    /// The pieces of all slots in the order of their slopes, cheapest first: piece 2t charges in slot t, piece 2t + 1 undoes its
    /// discharge. The same for all vehicles of one kind, whenever they stay.
    private struct Order {
        let pieceOfRank: IndexVector
        let rankOfPiece: IndexVector
        let slope: Vector
        /// Whose it is, at the prices of now.
        var owner: Car.Losses?
    }

    init(slotCount: Int, longestStay: Int, kinds: Int, late: Bool) {
        self.slotCount = slotCount
        self.late = late
        buy = arena.vector(slotCount)
        sell = arena.vector(slotCount)
        byBuy = arena.indices(slotCount)
        bySell = arena.indices(slotCount)
        let n = longestStay
        chargeLeast = arena.vector(n)
        chargeMost = arena.vector(n)
        dischargeLeast = arena.vector(n)
        dischargeMost = arena.vector(n)
        charge = arena.vector(n)
        discharge = arena.vector(n)
        left = arena.vector(2 * slotCount)
        pool = arena.indices(2 * slotCount / 64 + 1)
        for _ in 0..<min(kinds, Self.mostOrders) {
            orders.append(
                Order(
                    pieceOfRank: arena.indices(2 * slotCount), rankOfPiece: arena.indices(2 * slotCount),
                    slope: arena.vector(2 * slotCount)))
        }
    }

    /// Makes the orders for prices newly written into ``buy`` and ``sell``.
    func pricesChanged() {
        for t in 0..<slotCount {
            byBuy[t] = t
            bySell[t] = t
        }
        let (buy, sell, late) = (self.buy, self.sell, self.late)
        byBuy.sort(slotCount) { a, b in buy[a] != buy[b] ? buy[a] < buy[b] : late ? a > b : a < b }
        bySell.sort(slotCount) { a, b in sell[a] != sell[b] ? sell[a] < sell[b] : late ? a > b : a < b }
        for k in orders.indices { orders[k].owner = nil }
    }

    /// Merges both orders for the kind of `car`.
    private func order(for car: Car) -> Order {
        let place = car.kind % Self.mostOrders
        let order = orders[place]
        guard order.owner != car.losses else { return order }
        let (ec, ed) = (car.chargeEfficiency, car.dischargeEfficiency)
        // Undoing comes before charging at equal slopes, so that no energy runs in a circle.
        var (i, k) = (0, 0)
        for rank in 0..<(2 * slotCount) {
            let chargeSlope = i < slotCount ? buy[byBuy[i]] / ec : .infinity
            let undoSlope = k < slotCount ? (sell[bySell[k]] - car.wear) * ed : .infinity
            let piece: Int
            if k < slotCount && (undoSlope <= chargeSlope || i == slotCount) {
                piece = 2 * bySell[k] + 1
                order.slope[rank] = undoSlope
                k += 1
            } else {
                piece = 2 * byBuy[i]
                order.slope[rank] = chargeSlope
                i += 1
            }
            order.pieceOfRank[rank] = piece
            order.rankOfPiece[piece] = rank
        }
        orders[place].owner = car.losses
        return order
    }

    /// Puts the best schedule within the limits into ``charge`` and ``discharge``.
    /// - Returns: the battery's energy at departure.
    func respond(_ car: Car) -> Double {
        car.discharges ? respondBothWays(car) : respondCharging(car)
    }

    /// The same; yuan that it costs at the prices set.
    func cost(of car: Car) -> Double {
        let energy = respond(car)
        let n = car.count
        let cost = car.shortageCost(ending: energy) + buy.part(car.first, n).dot(charge, n)
        guard car.discharges else { return cost }
        return cost - sell.part(car.first, n).dot(discharge, n) + car.wear * discharge.sum(n)
    }

    private func respondCharging(_ car: Car) -> Double {
        let efficiency = car.chargeEfficiency
        var energy = car.start
        for j in 0..<car.count {
            charge[j] = chargeLeast[j]
            discharge[j] = 0
            energy += efficiency * chargeLeast[j]
        }
        if car.high - energy <= 0 { return energy }
        let perStored = 1 / efficiency
        for k in 0..<slotCount {
            let j = byBuy[k] - car.first
            guard j >= 0, j < car.count else { continue }
            var room = chargeMost[j] - charge[j]
            if room <= 0 { continue }
            let price = buy[car.first + j]
            while room > 0 {
                let (value, until) = car.worth(at: energy)
                if price >= 0 && (value == 0 || price > value * efficiency) || energy >= car.high { return energy }
                let rest = (until - energy) * perStored
                let take = min(room, rest)
                charge[j] += take
                room -= take
                // Lands exactly on the edge, so that rounding cannot leave a sliver that never ends.
                energy = take < rest ? energy + efficiency * take : until
            }
        }
        return energy
    }

    private func respondBothWays(_ car: Car) -> Double {
        let (first, count) = (car.first, car.count)
        let (ec, ed) = (car.chargeEfficiency, car.dischargeEfficiency)
        let order = order(for: car)
        let words = (2 * slotCount + 63) / 64
        for w in 0..<words { pool[w] = 0 }

        var energy = car.start
        var pooled = 0.0
        let tiny = 1e-12
        // Until the end the answer holds what is used of the pieces, in the battery.
        for j in 0..<count {
            (charge[j], discharge[j]) = (0, 0)
            let most = dischargeMost[j]
            energy += ec * chargeLeast[j] - most / ed
            let offers = (ec * (chargeMost[j] - chargeLeast[j]), (most - dischargeLeast[j]) / ed)
            if offers.0 > tiny { insert(order.rankOfPiece[2 * (first + j)], offers.0, &pooled) }
            if offers.1 > tiny { insert(order.rankOfPiece[2 * (first + j) + 1], offers.1, &pooled) }
            let lowest = car.least(after: j)
            while energy < lowest - tiny, let rank = cheapest(words) {
                let take = min(left[rank], lowest - energy)
                use(order.pieceOfRank[rank] - 2 * first, take)
                energy += take
                shorten(rank, take, &pooled)
            }
            while energy + pooled > car.high + tiny, let rank = dearest(words) {
                shorten(rank, min(left[rank], energy + pooled - car.high), &pooled)
            }
        }
        while let rank = cheapest(words) {
            let (value, until) = car.worth(at: energy)
            let slope = order.slope[rank]
            if slope >= 0 && (value == 0 || slope > value) || energy >= car.high { break }
            let take = min(left[rank], until - energy)
            use(order.pieceOfRank[rank] - 2 * first, take)
            energy = take < until - energy ? energy + take : until
            shorten(rank, take, &pooled)
        }
        for j in 0..<count {
            charge[j] = min(chargeMost[j], chargeLeast[j] + charge[j] / ec)
            let undone = dischargeMost[j] - discharge[j] * ed
            discharge[j] = max(dischargeLeast[j], undone)
            if discharge[j] < tiny { discharge[j] = 0 }
        }
        return energy
    }

    /// - Parameter piece: counted from the start of the stay.
    @inline(__always) private func use(_ piece: Int, _ energy: Double) {
        if piece & 1 == 0 { charge[piece >> 1] += energy } else { discharge[piece >> 1] += energy }
    }

    // MARK: The pool: a set of ranks as bits

    @inline(__always) private func insert(_ rank: Int, _ length: Double, _ pooled: inout Double) {
        left[rank] = length
        pooled += length
        pool[rank >> 6] |= 1 << (rank & 63)
    }

    @inline(__always) private func shorten(_ rank: Int, _ length: Double, _ pooled: inout Double) {
        let rest = left[rank] - length
        pooled -= length
        left[rank] = rest
        if rest <= 1e-12 { pool[rank >> 6] &= ~(1 << (rank & 63)) }
    }

    @inline(__always) private func cheapest(_ words: Int) -> Int? {
        for w in 0..<words where pool[w] != 0 { return w << 6 + pool[w].trailingZeroBitCount }
        return nil
    }

    @inline(__always) private func dearest(_ words: Int) -> Int? {
        var w = words - 1
        while w >= 0 {
            if pool[w] != 0 { return w << 6 + 63 - pool[w].leadingZeroBitCount }
            w -= 1
        }
        return nil
    }
}
