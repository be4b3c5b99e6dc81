/// The one place of this target that touches raw memory: vectors without bounds checks for the solver's inner loops.
///
/// Rules that keep it sound, to be checked when this file or an allocation changes:
/// - a ``Vector`` or ``IndexVector`` lives no longer than its arena; both are stored side by side in one class;
/// - sizes are computed from the same counts as the loops that run over them; debug builds (all tests) assert each index;
/// - an arena belongs to one solver object and is never shared between threads.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []

    /// Zeros; the storage is a whole number of four-lane groups.
    func vector(_ count: Int) -> Vector {
        let groups = (count + 3) / 4
        let bytes = max(1, groups) * MemoryLayout<SIMD4<Double>>.stride
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        blocks.append(block)
        let quads = block.initializeMemory(
            as: SIMD4<Double>.self, repeating: .zero, count: max(1, groups))
        return Vector(
            base: UnsafeMutableRawPointer(quads).assumingMemoryBound(to: Double.self), count: count)
    }

    func vector(_ values: [Double]) -> Vector {
        let vector = vector(values.count)
        for (i, value) in values.enumerated() { vector[i] = value }
        return vector
    }

    /// Zeros.
    func indices(_ count: Int) -> IndexVector {
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Int>.stride, alignment: 64)
        blocks.append(block)
        return IndexVector(
            base: block.initializeMemory(as: Int.self, repeating: 0, count: max(1, count)), count: count)
    }

    /// Zeros, eight to a group.
    func lanes(_ count: Int) -> LaneVector {
        let bytes = max(1, count) * MemoryLayout<SIMD8<Float>>.stride
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        blocks.append(block)
        return LaneVector(
            base: block.initializeMemory(as: SIMD8<Float>.self, repeating: .zero, count: max(1, count)), count: count)
    }

    deinit { for block in blocks { block.deallocate() } }
}

/// A fixed run of doubles in an ``Arena``; copies share the storage.
struct Vector {
    private let base: UnsafeMutablePointer<Double>
    let count: Int

    fileprivate init(base: UnsafeMutablePointer<Double>, count: Int) {
        self.base = base
        self.count = count
    }

    subscript(_ i: Int) -> Double {
        @inline(__always) get {
            assert(i >= 0 && i < count, "index \(i) of \(count)")
            return base[i]
        }
        @inline(__always) nonmutating set {
            assert(i >= 0 && i < count, "index \(i) of \(count)")
            base[i] = newValue
        }
    }

    /// Elements 4g … 4g+3; the last group may reach into the padding.
    subscript(quad g: Int) -> SIMD4<Double> {
        @inline(__always) get {
            assert(g >= 0 && g * 4 < count + 3, "group \(g) of \(count)")
            return UnsafeRawPointer(base + 4 * g).load(as: SIMD4<Double>.self)
        }
        @inline(__always) nonmutating set {
            assert(g >= 0 && g * 4 < count + 3, "group \(g) of \(count)")
            UnsafeMutableRawPointer(base + 4 * g).storeBytes(of: newValue, as: SIMD4<Double>.self)
        }
    }
    var quadCount: Int { (count + 3) / 4 }

    /// A copy.
    var values: [Double] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The part that begins at `start`, sharing storage.
    @inline(__always) func part(_ start: Int, _ length: Int) -> Vector {
        assert(start >= 0 && start + length <= count, "part \(start)+\(length) of \(count)")
        return Vector(base: base + start, count: length)
    }

    func fill(_ value: Double) { base.update(repeating: value, count: count) }
    func copy(from other: Vector) {
        assert(count == other.count, "vectors of one length")
        base.update(from: other.base, count: count)
    }

    /// self[i] += factor · other[i] for i < n.
    @inline(__always) func add(_ factor: Double, _ other: Vector, _ n: Int) {
        assert(n <= count && n <= other.count, "lengths")
        let wide = SIMD8<Double>(repeating: factor)
        var i = 0
        while i + 8 <= n {
            let a = UnsafeRawPointer(base + i).loadUnaligned(as: SIMD8<Double>.self)
            let b = UnsafeRawPointer(other.base + i).loadUnaligned(as: SIMD8<Double>.self)
            UnsafeMutableRawPointer(base + i).storeBytes(of: a + wide * b, as: SIMD8<Double>.self)
            i += 8
        }
        while i < n {
            base[i] += factor * other.base[i]
            i += 1
        }
    }

    /// self[i] *= factor for i < n.
    @inline(__always) func scale(_ factor: Double, _ n: Int) {
        assert(n <= count, "length")
        let wide = SIMD8<Double>(repeating: factor)
        var i = 0
        while i + 8 <= n {
            let a = UnsafeRawPointer(base + i).loadUnaligned(as: SIMD8<Double>.self)
            UnsafeMutableRawPointer(base + i).storeBytes(of: a * wide, as: SIMD8<Double>.self)
            i += 8
        }
        while i < n {
            base[i] *= factor
            i += 1
        }
    }

    /// Σ self[i] for i < n; the order of the sum is fixed.
    @inline(__always) func sum(_ n: Int) -> Double {
        assert(n <= count, "length")
        var sum = SIMD8<Double>.zero
        var i = 0
        while i + 8 <= n {
            sum += UnsafeRawPointer(base + i).loadUnaligned(as: SIMD8<Double>.self)
            i += 8
        }
        var tail = 0.0
        while i < n {
            tail += base[i]
            i += 1
        }
        return sum.sum() + tail
    }

    /// Σ self[i] · other[i] for i < n; the order of the sum is fixed.
    @inline(__always) func dot(_ other: Vector, _ n: Int) -> Double {
        assert(n <= count && n <= other.count, "lengths")
        var sum = SIMD8<Double>.zero
        var i = 0
        while i + 8 <= n {
            let a = UnsafeRawPointer(base + i).loadUnaligned(as: SIMD8<Double>.self)
            let b = UnsafeRawPointer(other.base + i).loadUnaligned(as: SIMD8<Double>.self)
            sum += a * b
            i += 8
        }
        var tail = 0.0
        while i < n {
            tail += base[i] * other.base[i]
            i += 1
        }
        return sum.sum() + tail
    }
}

/// A fixed run of integers in an ``Arena``; copies share the storage.
struct IndexVector {
    private let base: UnsafeMutablePointer<Int>
    let count: Int

    fileprivate init(base: UnsafeMutablePointer<Int>, count: Int) {
        self.base = base
        self.count = count
    }

    subscript(_ i: Int) -> Int {
        @inline(__always) get {
            assert(i >= 0 && i < count, "index \(i) of \(count)")
            return base[i]
        }
        @inline(__always) nonmutating set {
            assert(i >= 0 && i < count, "index \(i) of \(count)")
            base[i] = newValue
        }
    }

    /// Sorts the first `n` elements.
    func sort(_ n: Int, by areInOrder: (Int, Int) -> Bool) {
        assert(n <= count, "length")
        var buffer = UnsafeMutableBufferPointer(start: base, count: n)
        buffer.sort(by: areInOrder)
    }
}

/// A fixed run of groups of eight floats in an ``Arena``; copies share the storage.
struct LaneVector {
    private let base: UnsafeMutablePointer<SIMD8<Float>>
    /// Groups.
    let count: Int

    fileprivate init(base: UnsafeMutablePointer<SIMD8<Float>>, count: Int) {
        self.base = base
        self.count = count
    }

    subscript(_ g: Int) -> SIMD8<Float> {
        @inline(__always) get {
            assert(g >= 0 && g < count, "group \(g) of \(count)")
            return base[g]
        }
        @inline(__always) nonmutating set {
            assert(g >= 0 && g < count, "group \(g) of \(count)")
            base[g] = newValue
        }
    }

    /// One float of all.
    subscript(at i: Int) -> Float {
        @inline(__always) get {
            assert(i >= 0 && i < 8 * count, "index \(i) of \(8 * count)")
            return UnsafeRawPointer(base).assumingMemoryBound(to: Float.self)[i]
        }
        @inline(__always) nonmutating set {
            assert(i >= 0 && i < 8 * count, "index \(i) of \(8 * count)")
            UnsafeMutableRawPointer(base).assumingMemoryBound(to: Float.self)[i] = newValue
        }
    }

    func fill(_ value: Float) { base.update(repeating: SIMD8(repeating: value), count: count) }
}
