import Quantities

/// Evenly spaced intervals that begin at each midnight (UTC) of a clock; the last one of a day may be shorter.
enum AlignedTime {
    private static let day: Int64 = 86_400_000

    /// - Parameter interval: seconds, 1 or more; more than a day is a day.
    static func next(after instant: Instant, every interval: Int) -> Instant {
        let (time, step) = (instant.milliseconds, min(Int64(max(1, interval)) * 1000, day))
        let midnight = time - (time % day + day) % day
        return Instant(milliseconds: min(midnight + ((time - midnight) / step + 1) * step, midnight + day))
    }
}

/// When values are due that the clock asks for, on the machine's own time.
struct AlignedPlan: Hashable, Sendable {
    /// Sent at once.
    var next: Instant?
    /// Kept for the end of the transaction.
    var nextKept: Instant?
}

// Clock-aligned values (1.6 `ClockAlignedDataInterval`; 2.x block J, `AlignedDataCtrlr`), and what is kept for the end of a
// transaction.
extension SimulatedChargePoint {
    mutating func planAligned() {
        guard configuration.text(.alignedEnabled) != "false" else {
            aligned = AlignedPlan()
            return
        }
        aligned.next = nextAligned(configuration.number(.alignedInterval))
        // 1.6 has one interval for both.
        let kept: StationConfiguration.Parameter =
            configuration.text(.alignedEndInterval).isEmpty ? .alignedInterval : .alignedEndInterval
        aligned.nextKept = nextAligned(configuration.number(kept))
    }

    private func nextAligned(_ interval: Int) -> Instant? {
        guard interval > 0 else { return nil }
        return AlignedTime.next(after: clock, every: interval) - settings.faults.clockSkew
    }

    mutating func playAligned() {
        let (isDue, isKept) = (aligned.next.map { $0 <= now } ?? false, aligned.nextKept.map { $0 <= now } ?? false)
        guard isDue || isKept else { return }
        if powerAt == nil {
            let isQuiet = configuration.flag(.alignedOnlyIdle) && connectors.contains { $0.transaction != nil }
            for i in connectors.indices where connectors[i].backAt == nil {
                if isDue, !isQuiet { sendAligned(i) }
                if isKept, connectors[i].transaction != nil,
                    let sample = sample(i, configuration.measurands(.alignedAtEnd), .clock)
                {
                    connectors[i].transaction?.keptAligned.append(sample)
                }
            }
        }
        planAligned()
    }

    /// In a transaction it is a message of it, and waits with the others; else it is said once or never.
    private mutating func sendAligned(_ i: Int) {
        guard let sample = sample(i, configuration.measurands(.aligned), .clock) else { return }
        if connectors[i].transaction != nil {
            tell(i, .sample, sample: sample)
        } else if link != nil, isAccepted {
            call(.readings(connector: connectors[i].number, sample, transaction: nil), .other)
        }
    }

    // MARK: Kept for the end

    /// Seconds between samples for the end: 1.6 has one interval for both.
    private var keptInterval: Int {
        let own = configuration.text(.sampledEndInterval)
        return own.isEmpty ? configuration.number(.sampleInterval) : Int(own) ?? 0
    }

    /// The first one: unless nothing comes between and the start has been told with its own message.
    mutating func keepFirst(_ i: Int) {
        guard keptInterval > 0 || configuration.measurands(.sampledAtBegin).isEmpty,
            let sample = sample(i, configuration.measurands(.sampledAtEnd), .begin)
        else { return }
        connectors[i].transaction?.kept.append(sample)
        planKept(i)
    }

    func isDueKept(_ i: Int) -> Bool { connectors[i].transaction?.nextKept.map { $0 <= now } ?? false }

    mutating func keepNow(_ i: Int) {
        if let sample = sample(i, configuration.measurands(.sampledAtEnd), .periodic) {
            connectors[i].transaction?.kept.append(sample)
        }
        planKept(i)
    }

    mutating func planKept(_ i: Int) {
        let interval = configuration.measurands(.sampledAtEnd).isEmpty ? 0 : keptInterval
        connectors[i].transaction?.nextKept = interval > 0 ? now + .seconds(interval) : nil
    }

    /// All that is kept of a transaction, oldest first.
    func kept(_ i: Int) -> [MeterSample] {
        guard let transaction = connectors[i].transaction else { return [] }
        return (transaction.kept.samples + transaction.keptAligned.samples).enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }.map(\.element)
    }
}
