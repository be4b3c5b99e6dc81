import OCPPMessages
import Quantities

/// What the meter of a connector shows at one instant. The raw values are the words that every version of OCPP has for them.
struct MeterSample: Hashable, Sendable {
    enum Measurand: String, Hashable, Sendable, CaseIterable {
        case energyRegister = "Energy.Active.Import.Register"
        case power = "Power.Active.Import"
        case current = "Current.Import"
        case currentOffered = "Current.Offered"
        case powerOffered = "Power.Offered"
        case voltage = "Voltage"
        // Of both directions, and of vehicles that say more of themselves than a pilot signal can.
        case energyExport = "Energy.Active.Export.Register"
        case powerExport = "Power.Active.Export"
        case charge = "SoC"
        case setpoint = "Power.Active.Setpoint"
        case residual = "Power.Active.Residual"
        case requestTarget = "EnergyRequest.Target"
        case requestMinimum = "EnergyRequest.Minimum"
        case requestMaximum = "EnergyRequest.Maximum"
        case requestMinimumV2X = "EnergyRequest.Minimum.V2X"
        case requestMaximumV2X = "EnergyRequest.Maximum.V2X"

        static let ofOneDirection: [Measurand] = [
            .energyRegister, .power, .current, .currentOffered, .powerOffered, .voltage,
        ]
        static func known(in version: OCPPVersion) -> [Measurand] { version == .v21 ? allCases : ofOneDirection }
    }
    enum Context: String, Hashable, Sendable {
        case periodic = "Sample.Periodic"
        case clock = "Sample.Clock"
        case trigger = "Trigger"
        case begin = "Transaction.Begin"
        case end = "Transaction.End"
    }
    enum Phase: String, Hashable, Sendable {
        case l1 = "L1"
        case l2 = "L2"
        case l3 = "L3"
        case l1N = "L1-N"
        case l2N = "L2-N"
        case l3N = "L3-N"
    }
    struct Value: Hashable, Sendable {
        let measurand: Measurand
        let value: JSONDecimal
        let unit: String
        let phase: Phase?
    }

    let at: Instant
    let context: Context
    /// Never empty.
    let values: [Value]
}

extension SimulatedChargePoint {
    /// What the meter of a connector shows now; `nil` when nothing is to be sampled.
    func sample(_ i: Int, _ measurands: [MeterSample.Measurand], _ context: MeterSample.Context) -> MeterSample? {
        guard !settings.faults.meterIsSilent else { return nil }
        let connector = connectors[i]
        let used = min(settings.supply.phases, connector.vehicle?.phases ?? settings.supply.phases)
        let volts = Int64(settings.supply.voltage)
        var values: [MeterSample.Value] = []
        func add(
            _ measurand: MeterSample.Measurand, tenths: Int64, _ unit: String, _ phase: MeterSample.Phase? = nil
        ) {
            let value = JSONDecimal(mantissa: tenths, scale: 1)
            values.append(MeterSample.Value(measurand: measurand, value: value, unit: unit, phase: phase))
        }
        for measurand in measurands {
            switch measurand {
            // A meter shows tenths of a watt-hour, cut off.
            case .energyRegister: add(measurand, tenths: connector.register.milliwattHours / 100, "Wh")
            case .power: add(measurand, tenths: max(0, connector.power.watts) * 10, "W")
            case .powerOffered:
                add(measurand, tenths: connector.offeredMilliamperes * volts * Int64(used) / 1000 * 10, "W")
            case .current:
                let tenths = max(0, connector.power.watts) * 10 / (volts * Int64(used))
                for phase in [MeterSample.Phase.l1, .l2, .l3].prefix(used) {
                    add(measurand, tenths: tenths, "A", phase)
                }
            case .currentOffered: add(measurand, tenths: connector.offeredMilliamperes / 100, "A")
            case .voltage:
                for phase in [MeterSample.Phase.l1N, .l2N, .l3N].prefix(settings.supply.phases) {
                    let value = JSONDecimal(mantissa: volts, scale: 0)
                    values.append(MeterSample.Value(measurand: measurand, value: value, unit: "V", phase: phase))
                }
            case .energyExport: add(measurand, tenths: connector.exchange.exported.milliwattHours / 100, "Wh")
            case .powerExport: add(measurand, tenths: max(0, -connector.power.watts) * 10, "W")
            case .charge:
                if let vehicle = connector.vehicle, vehicle.bidirectional != nil || vehicle.serial != nil {
                    add(measurand, tenths: Int64(vehicle.cell.statePermille), "Percent")
                }
            case .setpoint: if let told = connector.exchange.setpoint { add(measurand, tenths: told.watts * 10, "W") }
            case .residual: add(measurand, tenths: connector.residual.watts * 10, "W")
            case .requestTarget, .requestMinimum, .requestMaximum, .requestMinimumV2X, .requestMaximumV2X:
                if let needs = v2xNeeds(i) { add(measurand, tenths: needs.request(measurand) * 10, "Wh") }
            }
        }
        return values.isEmpty ? nil : MeterSample(at: clock, context: context, values: values)
    }
}

extension SimulatedConnector {
    /// By how much more than told it charges or discharges, below zero: less (2.1 part 2, block Q §2.4, where its pseudo code is
    /// read as what it says in words).
    fileprivate var residual: Power {
        guard let setpoint = exchange.setpoint else { return .zero }
        let (imported, exported) = (max(.zero, power), max(.zero, -power))
        if setpoint == .zero { return imported + exported }
        return setpoint > .zero ? imported - setpoint : exported + setpoint
    }
}

extension V2XNeeds {
    /// Wh.
    fileprivate func request(_ measurand: MeterSample.Measurand) -> Int64 {
        switch measurand {
        case .requestMinimum: minimum
        case .requestMaximum: maximum
        case .requestMinimumV2X: minimumV2X
        case .requestMaximumV2X: maximumV2X
        default: target
        }
    }
}
