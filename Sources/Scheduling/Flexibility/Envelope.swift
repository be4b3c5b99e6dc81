/// Bounds of what a fleet can do, each by itself: an OUTER approximation. No total outside it can be followed; most totals within
/// it that are near its edges cannot be followed either. Never to be sold as what can be dispatched.
///
/// Per stay the battery's band is tightened forward (power) and backward (departure); bounds of stays add up, and a node's limit
/// cuts the sum of what hangs below it.
public struct Envelope: Hashable, Sendable {
    /// kW in each slot, charging positive.
    public var mostPower: [Double]
    public var leastPower: [Double]
    /// kWh at the EVSEs from the beginning of the horizon to the end of each slot.
    public var mostEnergy: [Double]
    public var leastEnergy: [Double]

    fileprivate init(slotCount: Int) {
        let zeros = [Double](repeating: 0, count: slotCount)
        (mostPower, leastPower, mostEnergy, leastEnergy) = (zeros, zeros, zeros, zeros)
    }
}

extension FlexibleFleet {
    /// - Parameter nodes: as in ``PlanningProblem/nodes``, one limit a slot; empty: the stays alone.
    public func envelope(under nodes: [PlanningNode] = []) -> Envelope {
        var own = [Envelope](repeating: Envelope(slotCount: slotCount), count: nodes.count + 1)
        for v in vehicles.indices { add(v, to: &own[nodes.isEmpty ? 0 : (vehicles[v].node ?? nodes.count)]) }
        guard !nodes.isEmpty else { return own[0] }
        for n in PlanningNode.leavesFirst(nodes) {
            own[n].cut(by: nodes[n], stepHours: stepHours)
            own[nodes[n].parent ?? nodes.count].add(own[n])
        }
        return own[nodes.count]
    }

    private func add(_ v: Int, to sum: inout Envelope) {
        let vehicle = vehicles[v]
        let (ec, ed) = (vehicle.chargeEfficiency, vehicle.dischargeEfficiency)
        let gives = vehicle.maxDischarge > 0
        let count = vehicle.slots.count
        guard count > 0 else { return }
        // Stored energy against that at arrival.
        let low = gives ? vehicle.battery.map { min(0, $0.minimum - $0.atArrival) } ?? 0 : 0
        let high = vehicle.battery.map { max(0, $0.maximum - $0.atArrival) } ?? max(0, vehicle.wanted)
        var up = [Double](repeating: 0, count: count)
        var down = up
        for (j, slot) in vehicle.slots.enumerated() {
            let hours = vehicle.presence(slot) * stepHours
            up[j] = vehicle.maxCharge * hours
            down[j] = gives ? vehicle.mostDischarge(slot) * hours : 0
        }
        // After slot j − 1.
        var most = [Double](repeating: 0, count: count + 1)
        var least = most
        for j in 0..<count {
            most[j + 1] = min(high, most[j] + ec * up[j])
            least[j + 1] = max(low, least[j] - down[j] / ed)
        }
        least[count] = max(least[count], min(owed[v], most[count]))
        for j in (0..<count).reversed() { least[j] = max(least[j], least[j + 1] - ec * up[j]) }

        var (charged, discharged) = (0.0, 0.0)
        for (j, slot) in vehicle.slots.enumerated() {
            sum.mostPower[slot] += vehicle.mostNet(up[j], down[j], room: most[j + 1] - least[j]) / stepHours
            let drop = most[j] - least[j + 1]
            sum.leastPower[slot] += (drop >= 0 ? -min(down[j], drop * ed) : -drop / ec) / stepHours
            charged += up[j]
            discharged += down[j]
            sum.mostEnergy[slot] += vehicle.mostNet(charged, discharged, room: most[j + 1])
            sum.leastEnergy[slot] += least[j + 1] >= 0 ? least[j + 1] / ec : least[j + 1] * ed
        }
        // What was moved stays moved after departure; losses of both ways within the stay count as moved.
        let end = vehicle.slots.upperBound
        guard end < slotCount else { return }
        let (last, first) = (
            vehicle.mostNet(charged, discharged, room: most[count]),
            least[count] >= 0 ? least[count] / ec : least[count] * ed
        )
        for slot in end..<slotCount {
            sum.mostEnergy[slot] += last
            sum.leastEnergy[slot] += first
        }
    }
}

extension PlanningVehicle {
    /// The most net energy, kWh, of at most `up` charged and `down` given back that puts no more than `room` into the battery:
    /// what does not fit may be given back again, with its losses.
    fileprivate func mostNet(_ up: Double, _ down: Double, room: Double) -> Double {
        guard chargeEfficiency * up > room else { return up }
        let back = min(down, dischargeEfficiency * (chargeEfficiency * up - room))
        return (room + back / dischargeEfficiency) / chargeEfficiency - back
    }
}

extension Envelope {
    fileprivate mutating func add(_ other: Envelope) {
        for t in mostPower.indices {
            mostPower[t] += other.mostPower[t]
            leastPower[t] += other.leastPower[t]
            mostEnergy[t] += other.mostEnergy[t]
            leastEnergy[t] += other.leastEnergy[t]
        }
    }

    /// What goes through a node is what its limits let through, and so is what has gone through it.
    fileprivate mutating func cut(by node: PlanningNode, stepHours: Double) {
        for t in mostPower.indices {
            mostPower[t] = min(mostPower[t], max(0, node.importLimit[t]))
            if let limit = node.exportLimit?[t] { leastPower[t] = max(leastPower[t], -max(0, limit)) }
            let before = t > 0 ? (mostEnergy[t - 1], leastEnergy[t - 1]) : (0, 0)
            mostEnergy[t] = min(mostEnergy[t], before.0 + mostPower[t] * stepHours)
            leastEnergy[t] = max(leastEnergy[t], before.1 + leastPower[t] * stepHours)
        }
        for t in mostPower.indices.dropLast().reversed() {
            leastEnergy[t] = max(leastEnergy[t], leastEnergy[t + 1] - mostPower[t + 1] * stepHours)
        }
    }
}
