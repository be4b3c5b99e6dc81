import Assets
import GridDispatch
import Quantities
import Testing

@Suite("Priority stack") struct PriorityStackTests {
    static let evse = Instruction.Target.evse(EVSEID(StationID("P1"), 1))
    static let t0 = Instant("2024-09-10T10:00:00Z")!

    static func instruction(_ id: String, _ priority: Priority, _ demand: Instruction.Demand) -> Instruction {
        Instruction(
            id: id, source: "test", priority: priority, target: evse, demand: demand,
            interval: Interval(t0, t0 + .hours(1)), receivedAt: t0)
    }
    func stack(_ instructions: [Instruction], at now: Instant = t0) -> PriorityStack {
        PriorityStack(instructions, for: Self.evse, within: .zero...(.kilowatts(7)), at: now)
    }

    @Test func `a limit of the grid beats a driver's minimum, and who yielded is named`() {
        let minimum = Self.instruction("driver", .driverMinimum, .atLeast(.kilowatts(5)))
        let grid = Self.instruction("grid", .grid, .atMost(.kilowatts(3)))
        for order in [[minimum, grid], [grid, minimum]] {
            let stack = stack(order)
            #expect(stack.lowest == .kilowatts(3) && stack.highest == .kilowatts(3))
            #expect(stack.setHighest?.id == "grid")
            #expect(stack.yielded.map(\.id) == ["driver"])
        }
    }

    @Test func `the plan moves only in what everyone above it leaves`() {
        let stack = stack([
            Self.instruction("plan", .cost, .exactly(.zero)),
            Self.instruction("driver", .driverMinimum, .atLeast(.kilowatts(2))),
            Self.instruction("market", .market, .atMost(.kilowatts(4))),
        ])
        #expect(stack.lowest == .kilowatts(2) && stack.highest == .kilowatts(2))
        #expect(stack.yielded.map(\.id) == ["plan"])
    }

    @Test func `instructions of other targets and other times do not count`() {
        let other = Instruction(
            id: "x", source: "test", priority: .safety, target: .node(NodeID("T1")), demand: .atMost(.zero),
            interval: Interval(Self.t0, Self.t0 + .hours(1)), receivedAt: Self.t0)
        #expect(stack([other]).highest == .kilowatts(7))
        #expect(
            stack([Self.instruction("late", .grid, .atMost(.zero))], at: Self.t0 + .hours(1)).highest == .kilowatts(7))
    }

    @Test
    func `properties over seeds: the range is never empty, and higher priorities are never narrowed by lower ones`() {
        for seed in UInt64(1)...300 {
            var random = SeededRandom(seed: seed)
            let all = (0..<Int.random(in: 1...6, using: &random)).map { i in
                let power = Power(watts: Int64.random(in: 0...8_000, using: &random))
                let demands: [Instruction.Demand] = [.atMost(power), .atLeast(power), .exactly(power)]
                return Self.instruction(
                    "i\(i)", Priority.allCases.randomElement(using: &random)!, demands.randomElement(using: &random)!)
            }
            let whole = stack(all)
            #expect(whole.lowest <= whole.highest, "seed \(seed)")
            let highest = all.map(\.priority).max()!
            let top = stack(all.filter { $0.priority == highest })
            #expect(top.lowest <= whole.lowest && whole.highest <= top.highest, "seed \(seed)")
        }
    }
}
