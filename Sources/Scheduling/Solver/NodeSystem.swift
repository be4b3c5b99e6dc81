/// The symmetric positive definite system of node prices: one block of slots a node, blocks tied along the tree by
/// diagonals. Factored by Cholesky from the leaves to the root.
///
/// Rows of a leaf are stored only from the earliest slot that a stay ties to them, so that long horizons stay narrow;
/// a node above others fills.
final class NodeSystem {
    private let arena = Arena()
    private let slots: Int
    private let parent: [Int]
    /// Per node and slot: the first stored column of the row, and where the row begins in ``entries``.
    private let start: IndexVector
    private let row: IndexVector
    private let entries: Vector
    private let inverse: Vector
    /// What ties a node to its parent: how readily its load gives way.
    private let tie: Vector
    private let hasParent: Bool
    private let work: Vector

    init(slots: Int, parent: [Int], reach: [[Int]]) {
        self.slots = slots
        self.parent = parent
        start = arena.indices(parent.count * slots)
        row = arena.indices(parent.count * slots)
        var size = 0
        let fills = Set(parent.filter { $0 >= 0 })
        for n in parent.indices {
            for t in 0..<slots {
                start[n * slots + t] = fills.contains(n) ? 0 : reach[n][t]
                row[n * slots + t] = size - start[n * slots + t]
                size += t - start[n * slots + t] + 1
            }
        }
        entries = arena.vector(size)
        inverse = arena.vector(parent.count * slots)
        tie = arena.vector(parent.count * slots)
        hasParent = parent.contains { $0 >= 0 }
        work = arena.vector(hasParent ? slots * slots : slots)
    }

    /// Starts a new matrix with the nodes' own part of it.
    func begin(_ give: Vector) {
        entries.fill(0)
        tie.copy(from: give)
        for n in parent.indices {
            for t in 0..<slots {
                addDiagonal(n, t, give[n * slots + t])
                if parent[n] >= 0 { addDiagonal(parent[n], t, give[n * slots + t]) }
            }
        }
    }

    @inline(__always) func addDiagonal(_ n: Int, _ t: Int, _ value: Double) {
        entries[row[n * slots + t] + t] += value
    }

    /// Subtracts factor · k kᵀ in the slots from `first` on.
    @inline(__always) func subtractOuter(
        _ n: Int, _ first: Int, _ k: Vector, _ count: Int, _ factor: Double
    ) {
        for j in 0..<count {
            entries.part(row[n * slots + first + j] + first, j + 1).add(-factor * k[j], k, j + 1)
        }
    }

    /// Subtracts factor · values from row `t`, columns from `first` on.
    @inline(__always)
    func subtractRow(
        _ n: Int, _ t: Int, _ first: Int, _ values: Vector, _ count: Int, _ factor: Double
    ) {
        entries.part(row[n * slots + t] + first, count).add(-factor, values, count)
    }

    /// Cholesky; children are added to their parents on the way.
    func factor() {
        for n in parent.indices {
            factorBlock(n)
            if parent[n] >= 0 { passUp(n) }
        }
    }

    private func factorBlock(_ n: Int) {
        var largest = 0.0
        for t in 0..<slots { largest = max(largest, entries[row[n * slots + t] + t]) }
        for i in 0..<slots {
            let (rowI, startI) = (row[n * slots + i], start[n * slots + i])
            let diagonal = entries[rowI + i]
            for j in startI..<i {
                let (rowJ, startJ) = (row[n * slots + j], start[n * slots + j])
                let from = max(startI, startJ)
                let length = max(0, j - from)
                let sum = entries.part(rowI + from, length).dot(entries.part(rowJ + from, length), length)
                entries[rowI + j] = (entries[rowI + j] - sum) * inverse[n * slots + j]
            }
            let length = i - startI
            let own = entries.part(rowI + startI, length)
            // A pivot that rounding has eaten is a direction without curvature: its price stays where it is.
            let rest = diagonal - own.dot(own, length)
            let pivot = rest > 1e-13 * diagonal ? rest : max(diagonal, largest, 1e-30) * 1e6
            let root = pivot.squareRoot()
            entries[rowI + i] = root
            inverse[n * slots + i] = 1 / root
        }
    }

    /// parent −= T S⁻¹ T, with T the ties and S this node's block.
    private func passUp(_ n: Int) {
        // Columns of L⁻¹ T, one row of `work` for each column t, from t on.
        for t in 0..<slots {
            let column = work.part(t * slots, slots)
            column.fill(0)
            column[t] = tie[n * slots + t] * inverse[n * slots + t]
            for i in (t + 1)..<max(t + 1, slots) {
                let from = max(t, start[n * slots + i])
                guard from < i else { continue }
                let sum = entries.part(row[n * slots + i] + from, i - from).dot(
                    column.part(from, i - from), i - from)
                column[i] = -sum * inverse[n * slots + i]
            }
        }
        let up = parent[n]
        for i in 0..<slots {
            let a = work.part(i * slots + i, slots - i)
            for j in 0...i {
                let b = work.part(j * slots + i, slots - i)
                entries[row[up * slots + i] + j] -= a.dot(b, slots - i)
            }
        }
    }

    /// Solves for all nodes' prices; `side` is used up.
    func solve(_ side: Vector, into prices: Vector) {
        for n in parent.indices {
            let b = side.part(n * slots, slots)
            forward(n, b)
            guard parent[n] >= 0 else { continue }
            let answer = work.part(0, slots)
            answer.copy(from: b)
            backward(n, answer)
            for t in 0..<slots { side[parent[n] * slots + t] += tie[n * slots + t] * answer[t] }
        }
        for n in parent.indices.reversed() {
            let x = prices.part(n * slots, slots)
            x.copy(from: side.part(n * slots, slots))
            if parent[n] >= 0 {
                // side holds L⁻¹ b; the parent's prices add L⁻¹ T λ.
                let extra = work.part(0, slots)
                for t in 0..<slots { extra[t] = tie[n * slots + t] * prices[parent[n] * slots + t] }
                forward(n, extra)
                for t in 0..<slots { x[t] += extra[t] }
            }
            backward(n, x)
        }
    }

    private func forward(_ n: Int, _ b: Vector) {
        for i in 0..<slots {
            let from = start[n * slots + i]
            let length = i - from
            let sum =
                length > 0
                ? entries.part(row[n * slots + i] + from, length).dot(b.part(from, length), length) : 0
            b[i] = (b[i] - sum) * inverse[n * slots + i]
        }
    }

    private func backward(_ n: Int, _ b: Vector) {
        var i = slots - 1
        while i >= 0 {
            b[i] *= inverse[n * slots + i]
            let from = start[n * slots + i]
            if i > from {
                b.part(from, i - from).add(
                    -b[i], entries.part(row[n * slots + i] + from, i - from), i - from)
            }
            i -= 1
        }
    }
}
