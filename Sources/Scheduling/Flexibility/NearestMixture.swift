/// The mixture of known points that is nearest to the origin, over a growing set of points (P. Wolfe: Finding the nearest point in
/// a polytope, Mathematical Programming 11, 1976).
///
/// Only the points that the mixture needs are kept; they are affinely independent, so never more than one above the dimension.
struct NearestMixture {
    /// Of the points kept, as they were numbered when added.
    private(set) var numbers: [Int] = []
    /// Above 0, sum 1.
    private(set) var weights: [Double] = []
    private var points: [[Double]] = []
    /// Directions at right angles that span the differences of the points to the first, and how much of each a difference has:
    /// of as many points as are done.
    private var basis: [[Double]] = []
    private var upper: [[Double]] = []
    /// Σ weight · point.
    private(set) var rest: [Double]

    init(_ first: [Double], number: Int) {
        (numbers, weights, points, rest) = ([number], [1], [first], first)
    }

    /// - Returns: whether the mixture came nearer.
    mutating func add(_ point: [Double], number: Int) -> Bool {
        let before = rest.reduce(0) { $0 + $1 * $1 }
        let old = self
        numbers.append(number)
        weights.append(0)
        points.append(point)
        while points.count > 1 {
            let best = affineWeights()
            if best.allSatisfy({ $0 > 0 }) {
                weights = best
                break
            }
            // As far towards it as weights stay: one falls to zero.
            var part = 1.0
            for (now, then) in zip(weights, best) where then <= 0 && now > then { part = min(part, now / (now - then)) }
            for k in weights.indices { weights[k] += part * (best[k] - weights[k]) }
            var dropped = false
            for k in weights.indices.reversed() where weights[k] <= Self.sliver || best[k] <= 0 && weights[k] < 1e-9 {
                drop(k)
                dropped = true
            }
            // Rounding left all of them something.
            if !dropped, let least = weights.indices.min(by: { weights[$0] < weights[$1] }) { drop(least) }
            let sum = weights.reduce(0, +)
            for k in weights.indices { weights[k] /= sum }
        }
        if points.count == 1 { weights = [1] }
        rest = [Double](repeating: 0, count: rest.count)
        for (weight, point) in zip(weights, points) {
            for t in rest.indices { rest[t] += weight * point[t] }
        }
        let after = rest.reduce(0) { $0 + $1 * $1 }
        guard after < before else {
            self = old
            return false
        }
        return true
    }

    private mutating func drop(_ k: Int) {
        numbers.remove(at: k)
        weights.remove(at: k)
        points.remove(at: k)
        let kept = k == 0 ? 0 : min(basis.count, k - 1)
        basis.removeLast(basis.count - kept)
        upper.removeLast(upper.count - kept)
    }
    private static let sliver = 1e-14

    /// Weights, of either sign and with sum 1, of the nearest point in the plane through all points: least squares by
    /// orthogonalising the differences to the first, each twice.
    private mutating func affineWeights() -> [Double] {
        let count = points.count - 1
        while basis.count < count {
            var column = zip(points[basis.count + 1], points[0]).map { $0 - $1 }
            var factors = [Double](repeating: 0, count: basis.count + 1)
            for _ in 0..<2 {
                for (j, direction) in basis.enumerated() {
                    let part = dot(direction, column)
                    factors[j] += part
                    subtract(part, direction, from: &column)
                }
            }
            let length = dot(column, column).squareRoot()
            factors[basis.count] = length
            basis.append(length > 0 ? column.map { $0 / length } : column)
            upper.append(factors)
        }
        var left = points[0]
        var sides = [Double](repeating: 0, count: count)
        for (j, direction) in basis.enumerated() {
            sides[j] = -dot(direction, left)
            subtract(-sides[j], direction, from: &left)
        }
        var weights = [Double](repeating: 0, count: count + 1)
        for j in (0..<count).reversed() {
            var value = sides[j]
            for k in (j + 1)..<max(j + 1, count) { value -= upper[k][j] * weights[k + 1] }
            weights[j + 1] = upper[j][j] > 0 ? value / upper[j][j] : 0
        }
        weights[0] = 1 - weights[1...].reduce(0, +)
        return weights
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sum = SIMD4<Double>()
                let whole = a.count / 4 * 4
                for t in stride(from: 0, to: whole, by: 4) {
                    let left = SIMD4<Double>(a[t], a[t + 1], a[t + 2], a[t + 3])
                    let right = SIMD4<Double>(b[t], b[t + 1], b[t + 2], b[t + 3])
                    sum += left * right
                }
                var rest = 0.0
                for t in whole..<a.count { rest += a[t] * b[t] }
                return sum.sum() + rest
            }
        }
    }

    private func subtract(_ factor: Double, _ direction: [Double], from column: inout [Double]) {
        direction.withUnsafeBufferPointer { direction in
            column.withUnsafeMutableBufferPointer { column in
                for t in column.indices { column[t] -= factor * direction[t] }
            }
        }
    }
}
