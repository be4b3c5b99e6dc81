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
            case .power: add(measurand, tenths: connector.power.watts * 10, "W")
            case .powerOffered:
                add(measurand, tenths: connector.offeredMilliamperes * volts * Int64(used) / 1000 * 10, "W")
            case .current:
                let tenths = connector.power.watts * 10 / (volts * Int64(used))
                for phase in [MeterSample.Phase.l1, .l2, .l3].prefix(used) {
                    add(measurand, tenths: tenths, "A", phase)
                }
            case .currentOffered: add(measurand, tenths: connector.offeredMilliamperes / 100, "A")
            case .voltage:
                for phase in [MeterSample.Phase.l1N, .l2N, .l3N].prefix(settings.supply.phases) {
                    let value = JSONDecimal(mantissa: volts, scale: 0)
                    values.append(MeterSample.Value(measurand: measurand, value: value, unit: "V", phase: phase))
                }
            }
        }
        return values.isEmpty ? nil : MeterSample(at: clock, context: context, values: values)
    }
}
