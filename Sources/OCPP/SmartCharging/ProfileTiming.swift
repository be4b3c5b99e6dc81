import Quantities

// When one profile says what (OCPP 1.6 §3.13, §7.8; 2.x K01). All of it is UTC arithmetic: a Daily profile recurs every
// 86 400 s.
extension ChargingProfile {
    /// The period in force at `instant`; `nil` where the profile is silent: outside its validity, before its start, after its
    /// duration.
    /// - Parameter transactionStart: where Relative profiles begin; without one they are silent.
    public func period(at instant: Instant, transactionStart: Instant?) -> Period? {
        if let validFrom, instant < validFrom { return nil }
        if let validTo, instant >= validTo { return nil }
        guard let start = scheduleStart(at: instant, transactionStart), start <= instant else { return nil }
        let offset = instant.milliseconds - start.milliseconds
        if let duration, offset >= Int64(clamping: duration).seconds { return nil }
        return periods.last { Int64(clamping: $0.start).seconds <= offset }
    }

    /// Whether it says something at the start of `span` or begins to within it.
    public func speaks(within span: Interval, _ transactionStart: Instant?) -> Bool {
        if period(at: span.start, transactionStart: transactionStart) != nil { return true }
        guard let next = nextChange(after: span.start, transactionStart: transactionStart), next < span.end else {
            return false
        }
        return period(at: next, transactionStart: transactionStart) != nil
    }

    /// When it has said all; `nil`: never by itself.
    public func end(transactionStart: Instant?) -> Instant? {
        let run: Instant? =
            recurrence == nil
            ? duration.flatMap { duration in
                scheduleStart(at: Instant(milliseconds: 0), transactionStart).map {
                    Instant(milliseconds: $0.milliseconds + Int64(clamping: duration).seconds)
                }
            } : nil
        return [run, validTo].compactMap { $0 }.min()
    }

    /// The first instant after `instant` at which ``period(at:transactionStart:)`` may change; `nil` when it never does.
    func nextChange(after instant: Instant, transactionStart: Instant?) -> Instant? {
        var next: Int64?
        func consider(_ milliseconds: Int64) {
            if milliseconds > instant.milliseconds, milliseconds < next ?? .max { next = milliseconds }
        }
        if let validFrom { consider(validFrom.milliseconds) }
        if let validTo { consider(validTo.milliseconds) }
        if let start = scheduleStart(at: instant, transactionStart)?.milliseconds {
            consider(start)
            for period in periods {
                consider(start + Int64(clamping: period.start).seconds)
            }
            if let duration { consider(start + Int64(clamping: duration).seconds) }
            if let recurrence { consider(start + recurrence) }
        }
        return next.map { Instant(milliseconds: $0) }
    }

    /// The start that counts at `instant`: the last one at or before it where the profile recurs, else the only one.
    private func scheduleStart(at instant: Instant, _ transactionStart: Instant?) -> Instant? {
        switch kind {
        case .relative: return transactionStart
        case .dynamic: return updatedAt
        case .daily, .weekly:
            guard let first = start, let recurrence else { return nil }
            guard first <= instant else { return first }
            let since = instant.milliseconds - first.milliseconds
            return Instant(milliseconds: instant.milliseconds - since % recurrence)
        case .absolute:
            // Without a start the schedule is relative to the start of charging (OCPP 1.6 §7.13).
            return start ?? transactionStart
        }
    }

    /// Milliseconds from one start to the next.
    private var recurrence: Int64? {
        switch kind {
        case .absolute, .relative, .dynamic: nil
        case .daily: 86_400_000
        case .weekly: 7 * 86_400_000
        }
    }
}

extension Int64 {
    /// This many seconds in milliseconds; a peer's absurd number stays harmless.
    var seconds: Int64 { Swift.max(-1_000_000_000_000, Swift.min(self, 1_000_000_000_000)) * 1000 }
}
