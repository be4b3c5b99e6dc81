import OCPP
import OCPPMessages
import Quantities

/// Electronics and meter of a connector that works both ways, while a vehicle that does so too has a transaction there.
struct EnergyExchange: Hashable, Sendable {
    /// It drives the power of its connector.
    var isOn = false
    var flow = PowerFlow()
    /// Who holds the power at zero, while it is.
    var held = ConnectorCondition.suspendedEVSE
    /// What is to be followed, at the meter; `nil`: there is only a limit.
    var setpoint: Power?
    /// The electronics are switched off.
    var isAsleep = false
    /// The grid code keeps power from what was asked.
    var deviation: GridDeviation?
    /// Given back since the station was built.
    var exported = RegisterReading(milliwattHours: 0)
    fileprivate(set) var standby = Power.zero
    fileprivate(set) var efficiencyPermille = 1000
    /// Not yet whole mWh: of the export register in mW·ms, of what passes the electronics in thousandths of that and in parts of
    /// their efficiency.
    fileprivate var exportRemainder: Int64 = 0
    fileprivate var inward: Int128 = 0
    fileprivate var outward: Int128 = 0

    mutating func cutOff() {
        isOn = false
        flow.cutOff()
        setpoint = nil
        deviation = nil
        isAsleep = false
        standby = .zero
    }
}

extension SimulatedConnector {
    /// Milliwatt-milliseconds a mWh.
    private static let unit: Int64 = 3_600_000

    /// Lets the electronics follow an order.
    /// - Parameter isReady: they stay ready at zero, which takes their standby power.
    mutating func follow(
        _ order: Power, within bounds: ClosedRange<Power>, by evse: BidirectionalEVSE, ramp: Int64, isReady: Bool,
        at now: Instant
    ) {
        exchange.isOn = true
        exchange.efficiencyPermille = evse.efficiencyPermille
        let perTick = Power(watts: ramp * PowerFlow.tick.wholeMilliseconds / 1000)
        exchange.flow.follow(order, within: bounds, delay: evse.responseDelay, perTick: perTick, at: now)
        let flowing = exchange.flow.power
        exchange.standby = exchange.isAsleep || (flowing == .zero && !isReady) ? .zero : evse.standby
        power = flowing == .zero ? exchange.standby : flowing
    }

    /// Of ``power``, what reaches the vehicle or comes from it, still without what is lost on the way.
    private var through: Power {
        let flowing = exchange.flow.power
        return flowing > .zero ? max(.zero, flowing - exchange.standby) : flowing
    }

    /// The present power held for `duration`: each register counts its own direction.
    mutating func exchange(for duration: Duration) {
        let lasts = duration.wholeMilliseconds
        if power > .zero {
            let total = remainder + power.watts * 1000 * lasts
            register = RegisterReading(milliwattHours: register.milliwattHours + total / Self.unit)
            remainder = total % Self.unit
        } else if power < .zero {
            let total = exchange.exportRemainder - power.watts * 1000 * lasts
            exchange.exported = RegisterReading(
                milliwattHours: exchange.exported.milliwattHours + total / Self.unit)
            exchange.exportRemainder = total % Self.unit
        }
        let flowing = Int128(through.watts) * 1000 * Int128(lasts)
        if flowing > 0 {
            let total = exchange.inward + flowing * Int128(exchange.efficiencyPermille)
            let whole = Int128(Self.unit) * 1000
            vehicle?.charge(Energy(milliwattHours: Int64(total / whole)))
            exchange.inward = total % whole
        } else if flowing < 0 {
            let total = exchange.outward - flowing * 1000
            let whole = Int128(Self.unit) * Int128(exchange.efficiencyPermille)
            vehicle?.discharge(Energy(milliwattHours: Int64(total / whole)))
            exchange.outward = total % whole
        }
    }

    /// How long the present power flows before battery or a limit of the transaction want another.
    func timeToNextExchange() -> Duration? {
        guard let vehicle else { return nil }
        var next: Int128?
        func consider(_ amount: Int128, every rate: Int128) {
            guard rate > 0 else { return }
            let time = max(1, (amount + rate - 1) / rate)
            next = min(next ?? time, time)
        }
        let flowing = Int128(through.watts) * 1000
        if flowing > 0 {
            var ceiling = vehicle.ceiling
            // What only charges ends where the driver's wish does.
            if exchange.setpoint == nil, vehicle.target > vehicle.stored { ceiling = min(ceiling, vehicle.target) }
            let energy = Int128(vehicle.cell.chargeToNextStep(ceiling: ceiling).milliwattHours)
            consider(
                energy * Int128(Self.unit) * 1000 - exchange.inward,
                every: flowing * Int128(exchange.efficiencyPermille))
        } else if flowing < 0 {
            let energy = Int128(vehicle.cell.dischargeToNextStep(floor: vehicle.floor).milliwattHours)
            consider(
                energy * Int128(Self.unit) * Int128(exchange.efficiencyPermille) - exchange.outward,
                every: -flowing * 1000)
        }
        if power > .zero {
            for end in [transaction?.energyEnd, transaction?.bounds.energyEnd].compactMap({ $0 })
            where end > register.milliwattHours {
                consider(
                    Int128(end - register.milliwattHours) * Int128(Self.unit) - Int128(remainder),
                    every: Int128(power.watts) * 1000)
            }
        }
        return next.map { .milliseconds(Int64($0)) }
    }
}

/// What ends a transaction's energy, as the central system says it (2.1 E16).
struct TransactionLimit: Hashable, Sendable {
    var cost: JSONDecimal?
    /// Wh.
    var energy: JSONDecimal?
    /// Seconds from its start.
    var time: Int?
    /// Per cent.
    var charge: Int?
}

/// What a central system sets as the end of a transaction (2.1 E16), and whether it is reached.
struct TransactionBounds: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case energy, time, charge, cost }
    /// Register at which it ends, in mWh.
    var energyEnd: Int64?
    var timeEnd: Instant?
    /// Per cent.
    var mostCharge: Int?
    var mostCost: JSONDecimal?
    /// As the central system last told it.
    var cost: JSONDecimal?
    /// As it was said last.
    var said: TransactionLimit?
    /// As it was set, to be confirmed once.
    var unconfirmed: TransactionLimit?
    /// Energy rests for it.
    var reached: Kind?
}

/// What a vehicle that can give energy back and its central system have agreed on.
struct V2XSession: Hashable, Sendable {
    /// `nil`: it has not been said yet.
    var allowed: [EnergyTransfer]?
    /// What runs, or is asked for.
    var transfer: EnergyTransfer
    /// When the vehicle is asked to agree anew.
    var renegotiatesAt: Instant?
    /// The last frequency that was answered, mHz.
    var millihertz: Int64?
    /// Of local load balancing.
    var balance = Power.zero

    var isBidirectional: Bool { transfer == .directBothWays || transfer == .alternatingBothWays }
}

/// In the standard's words.
enum EnergyTransfer: String, Hashable, Sendable {
    case direct = "DC"
    case directBothWays = "DC_BPT"
    case alternating = "AC_three_phase"
    case alternatingBothWays = "AC_BPT"
}
