public import Charging
import OCPP
import OCPPMessages
import Quantities

/// The grid code of a station, and what it still has to tell of it.
struct GridCode: Sendable {
    var controls: SimulatedDER
    /// Since when the grid is beyond a point of a curve that makes it trip.
    fileprivate var beyond: [Edge: Instant] = [:]
    /// What could not be told yet, oldest first.
    var untold: [V2.Request] = []

    fileprivate struct Edge: Hashable, Sendable {
        let control: String
        let point: Int
    }
    /// Older news give way.
    static let mostUntold = 50

    init?(functions: Set<DERFunction>) {
        guard !functions.isEmpty else { return nil }
        controls = SimulatedDER(functions: functions)
    }
}

// What controls of the grid code do to power (2.1 block R): trips, droop, curves of active power, the limit of discharging and
// ramps. Those of reactive power, ride-through, and the return to service are kept and reported, and do nothing.
extension SimulatedChargePoint {
    /// Controls of the grid code that the station holds, in the order in which they came.
    public var gridControls: [DERControl] { gridCode?.controls.held ?? [] }

    // MARK: Tripping

    /// A curve of these has times in seconds and, for each, what must not last so long: hertz, or per cent of the voltage. With
    /// momentary cessation (MomCess) power comes back with the grid as it does after a trip here.
    private struct Trip {
        let function: DERFunction
        let fault: V2.GridEventFault
        let isOver: Bool
        let isFrequency: Bool
    }
    private static let trips = [
        Trip(function: .hvMustTrip, fault: .overVoltage, isOver: true, isFrequency: false),
        Trip(function: .lvMustTrip, fault: .underVoltage, isOver: false, isFrequency: false),
        Trip(function: .hfMustTrip, fault: .overFrequency, isOver: true, isFrequency: true),
        Trip(function: .lfMustTrip, fault: .underFrequency, isOver: false, isFrequency: true),
        Trip(function: .hvMomCess, fault: .overVoltage, isOver: true, isFrequency: false),
        Trip(function: .lvMomCess, fault: .underVoltage, isOver: false, isFrequency: false),
    ]

    /// Notes since when the grid is beyond each point of the curves that hold.
    mutating func watchGrid() {
        guard let code = gridCode, !code.controls.held.isEmpty else { return }
        var beyond: [GridCode.Edge: Instant] = [:]
        for trip in Self.trips {
            guard let control = code.controls.active(trip.function, at: clock), let curve = control.curve else {
                continue
            }
            let seen = trip.isFrequency ? frequency : surroundings.voltagePermille * 100
            for (n, point) in curve.curveData.enumerated() {
                guard let edge = point.y.scaled(by: 3), trip.isOver ? seen > edge : seen < edge else { continue }
                let key = GridCode.Edge(control: control.controlId, point: n)
                beyond[key] = code.beyond[key] ?? now
            }
        }
        gridCode?.beyond = beyond
    }

    private func hasTripped(_ trip: Trip, _ code: GridCode) -> Bool {
        guard let control = code.controls.active(trip.function, at: clock), let curve = control.curve else {
            return false
        }
        return curve.curveData.enumerated().contains { n, point in
            code.beyond[GridCode.Edge(control: control.controlId, point: n)].map { now - $0 >= patience(point) }
                ?? false
        }
    }

    private func patience(_ point: V2.DERCurvePoints) -> Duration {
        .milliseconds(max(0, min(point.x.scaled(by: 3) ?? 0, 86_400_000)))
    }

    // MARK: Power

    /// What the grid code leaves of an order, and which control changed it most.
    func underGridCode(_ order: Power, of evse: BidirectionalEVSE) -> (power: Power, deviation: GridDeviation?) {
        guard let code = gridCode, !code.controls.held.isEmpty else { return (order, nil) }
        for trip in Self.trips where hasTripped(trip, code) {
            return (.zero, order == .zero ? nil : GridDeviation(function: trip.function, fault: trip.fault))
        }
        var power = order
        var deviation: GridDeviation?
        func change(_ changed: Power, _ function: DERFunction, _ fault: V2.GridEventFault?) {
            let bounded = max(-evse.maxDischarge, min(changed, evse.maxCharge))
            guard bounded != power else { return }
            power = bounded
            deviation = GridDeviation(function: function, fault: fault)
        }
        /// Per cent in thousandths; what is above zero may be discharged, below it must be charged.
        func atMost(_ share: Int64, _ function: DERFunction, _ fault: V2.GridEventFault?) {
            let rating = share < 0 ? evse.maxCharge : evse.maxDischarge
            let least = Power(watts: -rating.watts * share / 100_000)
            if power < least { change(least, function, fault) }
        }
        if let droop = code.controls.active(.freqDroop, at: clock)?.freqDroop {
            let (over, under) = (droop.overFreq.scaled(by: 3) ?? .max, droop.underFreq.scaled(by: 3) ?? 0)
            if frequency > over, let shift = shift(by: frequency - over, droop.overDroop, evse.maxDischarge) {
                change(power + shift, .freqDroop, .overFrequency)
            } else if frequency < under, let shift = shift(by: under - frequency, droop.underDroop, evse.maxDischarge) {
                change(power - shift, .freqDroop, .underFrequency)
            }
        }
        if let limit = code.controls.active(.limitMaxDischarge, at: clock)?.limitMaxDischarge,
            let share = limit.pctMaxDischargePower?.scaled(by: 3)
        {
            atMost(max(0, min(share, 100_000)), .limitMaxDischarge, nil)
        }
        if let curve = code.controls.active(.freqWatt, at: clock)?.curve, let share = curve.value(at: frequency) {
            atMost(share, .freqWatt, frequency > Self.nominal ? .overFrequency : .underFrequency)
        }
        let voltage = surroundings.voltagePermille * 100
        if let curve = code.controls.active(.voltWatt, at: clock)?.curve, let share = curve.value(at: voltage) {
            atMost(share, .voltWatt, voltage > 100_000 ? .overVoltage : .underVoltage)
        }
        return (power, deviation)
    }

    /// mHz.
    private static let nominal: Int64 = 50_000

    /// Droop per unit: so much of the nominal frequency moves the whole rating.
    private func shift(by millihertz: Int64, _ droop: JSONDecimal, _ rating: Power) -> Power? {
        guard let perUnit = droop.scaled(by: 3), perUnit > 0 else { return nil }
        return Power(watts: Int64(Int128(rating.watts) * Int128(millihertz) * 1000 / Int128(Self.nominal * perUnit)))
    }

    /// Watts a second; a gradient is the time from nothing to the rating. `nil`: as the electronics do.
    func rampByGridCode(_ evse: BidirectionalEVSE) -> Int64? {
        guard let gradient = gridCode?.controls.active(.gradients, at: clock)?.gradient,
            let seconds = gradient.gradient.scaled(by: 3), seconds > 0
        else { return nil }
        return max(1, evse.maxDischarge.watts * 1000 / seconds)
    }

    // MARK: Telling

    /// Begins and ends of controls, then whether one keeps power from what was asked; without the central system it waits.
    mutating func tellGridCode() {
        guard gridCode != nil else { return }
        let ranks = Self.trips.map(\.function)
        let found = connectors.compactMap(\.exchange.deviation).min { a, b in
            (ranks.firstIndex(of: a.function) ?? ranks.count) < (ranks.firstIndex(of: b.function) ?? ranks.count)
        }
        let clock = clock
        let turns = gridCode?.controls.advance(to: clock) ?? []
        gridCode?.untold += turns
        if let alarm = gridCode?.controls.deviates(found, at: clock) { gridCode?.untold.append(alarm) }
        guard let untold = gridCode?.untold, !untold.isEmpty else { return }
        guard link != nil, isAccepted else {
            gridCode?.untold = Array(untold.suffix(GridCode.mostUntold))
            return
        }
        gridCode?.untold = []
        for message in untold { call(message.action.rawValue, message.json, .other) }
    }

    /// When a control begins or ends by itself, or the grid has been beyond a point for long enough.
    var nextGridCode: Instant? {
        guard let code = gridCode, !code.controls.held.isEmpty else { return nil }
        var due = code.controls.nextDue(after: clock).map { [$0 - settings.faults.clockSkew] } ?? []
        for trip in Self.trips {
            guard let control = code.controls.active(trip.function, at: clock), let curve = control.curve else {
                continue
            }
            for (n, point) in curve.curveData.enumerated() {
                guard let since = code.beyond[GridCode.Edge(control: control.controlId, point: n)] else { continue }
                let at = since + patience(point)
                if at > now { due.append(at) }
            }
        }
        return due.min()
    }

    /// Whether a control that holds looks at the frequency.
    var gridCodeSeesFrequency: Bool {
        guard let code = gridCode, !code.controls.held.isEmpty else { return false }
        let functions: [DERFunction] = [.freqDroop, .freqWatt, .hfMustTrip, .lfMustTrip]
        return functions.contains { code.controls.active($0, at: clock) != nil }
    }
}

extension V2.DERCurve {
    /// Between points on the straight line, beyond them as at the last; both axes in thousandths. `nil`: no such number.
    fileprivate func value(at x: Int64) -> Int64? {
        let points = curveData.compactMap { point in
            point.x.scaled(by: 3).flatMap { x in point.y.scaled(by: 3).map { (x: x, y: $0) } }
        }.sorted { $0.x < $1.x }
        guard let first = points.first, let last = points.last else { return nil }
        if x <= first.x { return first.y }
        for (a, b) in zip(points, points.dropFirst()) where x <= b.x && a.x < b.x {
            return a.y + Int64(Int128(b.y - a.y) * Int128(x - a.x) / Int128(b.x - a.x))
        }
        return last.y
    }
}
