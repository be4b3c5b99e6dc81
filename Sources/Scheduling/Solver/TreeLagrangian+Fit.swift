// From what blocks took to schedules that keep the limits of all nodes.
extension TreeLagrangian {
    /// What became of one block within the room that it was left.
    struct Fitted: Sendable {
        let cost: Double
        /// kWh charged.
        let charged: Double
        fileprivate let load: [Double]
        let schedules: [VehicleSchedule]
    }

    /// Makes the blocks' schedules fit into all nodes; `nil`: they do not.
    ///
    /// Some blocks at a time, each in the room that the others leave: those before it by what they do now, those after it by what
    /// they took last.
    /// - Parameter isFinal: with schedules that can be issued.
    /// - Returns: in the order of ``order``.
    func fitted(isFinal: Bool) -> [Fitted]? {
        var found = [Fitted?](repeating: nil, count: blocks.count)
        var rest = shared.map { Rest($0) }
        for block in blocks { for m in block.above { rest[m].expect(block.method, 1) } }
        let batches = (blocks.count + Self.batch - 1) / Self.batch
        for first in 0..<batches {
            // Each batch is a sample of all.
            let batch = Array(stride(from: first, to: blocks.count, by: batches))
            let rooms = rooms(for: batch, rest)
            let answers = pool.map(Array(batch.indices), isDone: { _ in }) { [self] k, _ in
                fitted(blocks[batch[k]], rooms[k], isFinal: isFinal)
            }
            for (b, answer) in zip(batch, answers) {
                guard let answer else { return nil }
                found[b] = answer
                for m in blocks[b].above {
                    rest[m].expect(blocks[b].method, -1)
                    for t in 0..<problem.slotCount { rest[m].load[t] += answer.load[t] }
                }
            }
        }
        return found.map { $0! }
    }
    fileprivate static let batch = 32

    /// One block after the other takes the best of what is left: the schedule that always exists.
    func filled() -> [Fitted] {
        var rest = shared.map { Rest($0) }
        return blocks.map { block in
            let group = group(of: block)
            for t in 0..<problem.slotCount {
                for m in block.above {
                    group.highest[t] = min(group.highest[t], rest[m].highest[t] - rest[m].load[t])
                    group.lowest[t] = max(group.lowest[t], rest[m].lowest[t] - rest[m].load[t])
                }
            }
            group.fillOneByOne()
            for m in block.above {
                for t in 0..<problem.slotCount { rest[m].load[t] += group.load[t] }
            }
            return answer(group, isFinal: true)
        }
    }

    /// The schedules of all blocks, with the nodes that kept each vehicle from what it wants: blocks know only what was left to them.
    func schedules(_ fitted: [Fitted]) -> [VehicleSchedule] {
        var loads = [[Double]](repeating: [Double](repeating: 0, count: problem.slotCount), count: shared.count)
        for (block, one) in zip(blocks, fitted) {
            for m in block.above { for t in 0..<problem.slotCount { loads[m][t] += one.load[t] } }
        }
        var schedules: [VehicleSchedule] = []
        for (block, one) in zip(blocks, fitted) {
            for (v, schedule) in zip(block.vehicles, one.schedules) {
                guard !schedule.binding.isEmpty else {
                    schedules.append(schedule)
                    continue
                }
                let vehicle = problem.vehicles[v]
                let rest = vehicle.slots.enumerated().filter { j, t in
                    schedule.net[j] < vehicle.maxCharge * vehicle.presence(t) * problem.stepHours - 1e-6
                }.map(\.element)
                var binding: [VehicleSchedule.Binding] = []
                // Some crumbs are left over where blocks share.
                func bind(_ node: Int, _ load: [Double], _ highest: [Double]) {
                    let full = rest.filter { load[$0] >= highest[$0] - 1e-3 * max(1, abs(highest[$0])) }
                    if !full.isEmpty { binding.append(.init(node: node, slots: full)) }
                }
                if !block.isOpen { bind(vehicle.node!, one.load, block.highest) }
                for m in block.above { bind(shared[m].node, loads[m], shared[m].highest) }
                binding += schedule.binding.filter { $0.node == nil }
                schedules.append(
                    VehicleSchedule(net: schedule.net, undelivered: schedule.undelivered, binding: binding))
            }
        }
        return schedules
    }

    private func answer(_ group: Group, isFinal: Bool) -> Fitted {
        Fitted(
            cost: group.objective(), charged: group.charge.sum(group.charge.count),
            load: (0..<problem.slotCount).map { group.load[$0] }, schedules: isFinal ? group.schedules() : [])
    }

    private func fitted(_ block: Block, _ room: Room, isFinal: Bool) -> Fitted? {
        let group = group(of: block)
        for t in 0..<problem.slotCount {
            group.highest[t] = min(group.highest[t], room.highest[t])
            group.lowest[t] = max(group.lowest[t], room.lowest[t])
        }
        block.method.writeSchedule(to: group)
        group.trim()
        group.redispatch(rounds: 1)
        guard group.worstExcess() <= Group.tolerance else { return nil }
        if isFinal {
            group.finish(prices: group.arena.vector(problem.slotCount))
            if !group.canBeIssued { group.fillOneByOne() }
            guard group.canBeIssued else { return nil }
            group.settleTies(options)
        }
        return answer(group, isFinal: isFinal)
    }

    /// Limits of a block's load, kWh a slot.
    private struct Room {
        var highest: [Double]
        var lowest: [Double]
    }

    /// What is known of a shared node while blocks are fitted one batch after the other.
    private struct Rest {
        let highest: [Double]
        let lowest: [Double]
        /// kWh of all blocks: of those that are fitted what they do, of the others what they took last.
        var load: [Double]
        /// Of the others, those that take and those that give.
        var taking: [Double]
        var giving: [Double]

        init(_ shared: Shared) {
            // Each block of a batch may be beyond its room by what rounding leaves.
            let margin = Double(TreeLagrangian.batch) * Group.tolerance
            highest = shared.highest.map { $0 - min(margin, 0.5 * abs($0)) }
            lowest = shared.lowest.map { $0 + min(margin, 0.5 * abs($0)) }
            load = [Double](repeating: 0, count: highest.count)
            (taking, giving) = (load, load)
        }

        mutating func expect(_ method: NodeLagrangian, _ sign: Double) {
            for t in load.indices {
                let own = method.settledLoad(t)
                load[t] += sign * own
                taking[t] += sign * max(0, own)
                giving[t] += sign * max(0, -own)
            }
        }
    }

    /// What each block of a batch may do so that together they stay within all nodes above: what is too much comes from all that
    /// take, in proportion; what is free is free to this batch.
    private func rooms(for batch: [Int], _ rest: [Rest]) -> [Room] {
        let slots = problem.slotCount
        var rooms = batch.map { _ in
            Room(
                highest: [Double](repeating: .infinity, count: slots),
                lowest: [Double](repeating: -.infinity, count: slots))
        }
        for m in rest.indices {
            let own = batch.indices.filter { blocks[batch[$0]].above.contains(m) }
            if own.isEmpty { continue }
            for t in 0..<slots {
                let up = rest[m].highest[t] - rest[m].load[t]
                let down = rest[m].load[t] - rest[m].lowest[t]
                var (roomUp, roomDown) = (0.0, 0.0)
                for k in own {
                    let load = blocks[batch[k]].method.settledLoad(t)
                    roomUp += max(0, blocks[batch[k]].highest[t] - load)
                    roomDown += max(0, load - blocks[batch[k]].lowest[t])
                }
                for k in own {
                    let block = blocks[batch[k]]
                    let load = block.method.settledLoad(t)
                    let partUp =
                        up < 0
                        ? up * max(0, load) / max(rest[m].taking[t], 1e-9)
                        : min(1, up / max(roomUp, 1e-9)) * max(0, block.highest[t] - load)
                    let partDown =
                        down < 0
                        ? down * max(0, -load) / max(rest[m].giving[t], 1e-9)
                        : min(1, down / max(roomDown, 1e-9)) * max(0, load - block.lowest[t])
                    rooms[k].highest[t] = min(rooms[k].highest[t], load + partUp)
                    rooms[k].lowest[t] = max(rooms[k].lowest[t], load - partDown)
                }
            }
        }
        return rooms
    }
}
