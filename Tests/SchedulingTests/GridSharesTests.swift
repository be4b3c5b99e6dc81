import Quantities
import Testing

@testable import Scheduling

@Suite("Grid shares") struct GridSharesTests {
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `what is granted keeps all limits of a tree, and nothing that keeps them is nearer`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func unit() -> Double { random.unit() }
        let nodes = 1 + Int(random.next() % 5)
        let parents: [Int?] = (0..<nodes).map { $0 == 0 ? nil : Int(random.next() % UInt64($0)) }
        let count = nodes + Int(random.next() % 12)
        // Every node has a block, or one below it has.
        let above = (0..<count).map { b in
            Array(sequence(first: b < nodes ? b : Int(random.next() % UInt64(nodes))) { parents[$0] })
        }
        var grid = GridShares(parents: parents, above: above, slots: 1)
        grid.softness[0] = (0..<count).map { _ in 0.2 + 3 * unit() }
        grid.lowest[0] = (0..<count).map { _ in -4 * unit() }
        grid.highest[0] = (0..<count).map { _ in 6 * unit() }
        grid.limits[0] = (0..<nodes).map { _ in (unit() < 0.3 ? -.infinity : -3 * unit(), 8 * unit()) }
        let wish = (0..<count).map { _ in 12 * unit() - 4 }
        let levels = grid.levels(0, wish: wish, near: [Double](repeating: 0, count: nodes))
        let loads = grid.loads(0, wish: wish, levels: levels)

        /// By how much loads break limits at most.
        func excess(_ loads: [Double]) -> Double {
            var worst = 0.0
            for b in 0..<count {
                worst = max(worst, loads[b] - grid.highest[0][b], grid.lowest[0][b] - loads[b])
            }
            for m in 0..<nodes {
                let sum = (0..<count).filter { above[$0].contains(m) }.reduce(0) { $0 + loads[$1] }
                worst = max(worst, sum - grid.limits[0][m].highest, grid.limits[0][m].lowest - sum)
            }
            return worst
        }
        func distance(_ loads: [Double]) -> Double {
            var sum = 0.0
            for b in 0..<count {
                let away = loads[b] - wish[b]
                sum += away * away / grid.softness[0][b]
            }
            return sum
        }
        #expect(excess(loads) < 1e-6)
        // Any mixture with loads that keep the limits does so too: none may be nearer.
        var kept = 0
        for _ in 0..<300 {
            var other = loads
            for _ in 0..<(1 + random.next() % 3) {
                let (a, b) = (Int(random.next() % UInt64(count)), Int(random.next() % UInt64(count)))
                let step = (unit() - 0.5) * (unit() < 0.5 ? 1 : 0.01)
                other[a] += step
                if unit() < 0.7 { other[b] -= step }
            }
            guard excess(other) <= 1e-9 else { continue }
            kept += 1
            #expect(distance(other) >= distance(loads) - 1e-6)
        }
        #expect(kept > 0)
    }
}
