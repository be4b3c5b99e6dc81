import Foundation
import Operations
import Quantities
import Synchronization

/// The core's own thread: a bounded mailbox in front of the reducer, drained in batches.
///
/// A batch is whatever has gathered while the one before was handled: one lock, one call of the effect sink a batch.
/// Nothing here waits for a disk, a socket or a solver.
///
/// Unchecked: `core`, `effects` and `ends` are touched by `run()`'s thread only, the rest lies behind `condition`.
final class CoreLoop: @unchecked Sendable {
    /// What a batch asks of the shell, in order; `ends` holds for each input that asked something where its effects end.
    /// Called on the core's thread; must not block.
    typealias Sink = @Sendable (_ effects: [Effect], _ ends: [Int]) -> Void

    private enum Item {
        case input(Input)
        /// Runs with the core between two inputs: reads for the API.
        case visit(@Sendable (borrowing Core) -> Void)
    }

    private let clock: DomainClock
    private let sink: Sink
    private var core: Core
    private var effects: [Effect] = []
    private var ends: [Int] = []

    private let condition = NSCondition()
    private var mailbox: [Item] = []
    private var isStopping = false
    private var hasEnded = false
    /// Domain time at which the core wants to be woken; guarded by `condition`.
    private var wakeAt: Instant?
    /// Inputs that may wait. Beyond it the gateway refuses new connections and calls (back-pressure by silence: a
    /// station repeats).
    static let capacity = 65_536

    private var pulse: (any DispatchSourceTimer)?

    let handled = Atomic<Int>(0)
    let dropped = Atomic<Int>(0)

    private let clockEvents: @Sendable (ClockWatch.Event) -> Void
    private var clockWatch = ClockWatch()

    /// - Parameter clockEvents: called on the core's thread when the machine's clock was set; must not block.
    init(
        core: consuming Core, clock: DomainClock,
        clockEvents: @escaping @Sendable (ClockWatch.Event) -> Void = { _ in },
        sink: @escaping Sink
    ) {
        self.core = core
        self.clock = clock
        self.clockEvents = clockEvents
        self.sink = sink
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "core"
        thread.stackSize = 8 << 20
        thread.start()
        // The wait above goes by the machine's clock; set back, it would last by so much longer.
        let pulse = DispatchSource.makeTimerSource()
        pulse.schedule(deadline: .now() + 1, repeating: 1)
        pulse.setEventHandler { [condition] in condition.signal() }
        pulse.activate()
        self.pulse = pulse
    }

    /// `false` when the mailbox is full: the input was not taken.
    @discardableResult func post(_ input: Input) -> Bool { enqueue([.input(input)]) }
    @discardableResult func post(_ inputs: [Input]) -> Bool { enqueue(inputs.map { .input($0) }) }

    /// A consistent look at the core; runs on its thread between two inputs, so keep it short.
    func read<Value: Sendable>(_ body: @escaping @Sendable (borrowing Core) -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let taken = enqueue([.visit { core in continuation.resume(returning: body(core)) }])
            if !taken { continuation.resume(returning: nil) }
        }
    }

    var depth: Int {
        condition.lock()
        defer { condition.unlock() }
        return mailbox.count
    }

    /// Handles what is in the mailbox, then ends. Returns when the thread is done.
    func stop() {
        condition.lock()
        isStopping = true
        pulse?.cancel()
        condition.broadcast()
        while !hasEnded { condition.wait() }
        condition.unlock()
    }

    private func enqueue(_ items: [Item]) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isStopping, mailbox.count + items.count <= Self.capacity else {
            dropped.add(items.count, ordering: .relaxed)
            return false
        }
        mailbox.append(contentsOf: items)
        if mailbox.count == items.count { condition.signal() }
        return true
    }

    private func run() {
        var batch: [Item] = []
        while true {
            condition.lock()
            let delay = nextTick
            // Woken early there is nothing to do but to look at the clock: cheap.
            if mailbox.isEmpty, !isStopping, delay > 0 { _ = condition.wait(until: Date(timeIntervalSinceNow: delay)) }
            swap(&batch, &mailbox)
            let stopping = isStopping
            condition.unlock()

            for item in batch {
                switch item {
                case .input(let input): handle(input, at: clock.now)
                case .visit(let body): body(core)
                }
            }
            handled.add(batch.count, ordering: .relaxed)
            batch.removeAll(keepingCapacity: true)
            watchClock()
            if nextTick <= 0 {
                lastTick = clock.now
                wakeAt = nil
                handle(.tick, at: lastTick)
            }
            if !effects.isEmpty {
                for case .wake(let at) in effects { wakeAt = min(wakeAt ?? at, at) }
                sink(effects, ends)
                effects.removeAll(keepingCapacity: true)
                ends.removeAll(keepingCapacity: true)
            }
            if stopping { break }
        }
        condition.lock()
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }

    private func handle(_ input: Input, at now: Instant) {
        core.handle(input, at: now, into: &effects)
        if effects.count != ends.last ?? 0 { ends.append(effects.count) }
    }

    // MARK: - Ticks (core thread only)

    /// Domain time may be set back: what was due "later" is then due now, or the guard would sleep until the clock is
    /// where it was.
    private func watchClock() {
        guard case .real = clock.kind else { return }
        let now = clock.now
        guard let event = clockWatch.look(now, counter: DomainClock.monotonicNanoseconds()) else { return }
        if case .moved = event {
            lastTick = Instant(milliseconds: 0)
            wakeAt = nil
        }
        clockEvents(event)
    }

    private var lastTick = Instant(milliseconds: 0)
    /// A tick a second of domain time, but never more than 100 a second of real time: at high speeds of the demo a tick
    /// covers several virtual seconds.
    private static let leastRealSeconds = 0.01
    private var nextTick: Double {
        let due = min(wakeAt ?? .distantFuture, lastTick + .seconds(1))
        let real = Double(clock.realDelay(until: due).wholeMilliseconds) / 1000
        let sinceLast = Double((clock.now - lastTick).wholeMilliseconds) / 1000 / clock.speed
        return max(real, Self.leastRealSeconds - sinceLast)
    }
}

extension Instant {
    static let distantFuture = Instant(milliseconds: .max / 4)
}
