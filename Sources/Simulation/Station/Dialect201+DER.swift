import Charging
import OCPP
import OCPPMessages

// Controls of the grid code (2.1 block R).
extension Dialect201 {
    /// - Returns: `false`: another block, or a station without such controls.
    func answerGridCode(_ request: V2.Request, _ id: String, _ station: inout SimulatedChargePoint) -> Bool {
        guard is21, station.gridCode != nil else { return false }
        let clock = station.clock
        switch request {
        case .setDERControl(let request):
            guard let answer = station.gridCode?.controls.set(request, at: clock) else { return false }
            respond(.setDERControl(answer), id, &station)
        case .clearDERControl(let request):
            guard let answer = station.gridCode?.controls.clear(request, at: clock) else { return false }
            respond(.clearDERControl(answer), id, &station)
        case .getDERControl(let request):
            guard let (answer, then) = station.gridCode?.controls.get(request, at: clock) else { return false }
            respond(.getDERControl(answer), id, &station)
            for part in then { station.call(part.action.rawValue, part.json, .other) }
        default: return false
        }
        return true
    }

    /// The nameplate of the inverter at each EVSE (R01.FR.01); with alternating current it is the vehicle's, and only what the
    /// EVSE can have it do is said (ACDERCtrlr).
    func gridCodeVariables(_ settings: StationSettings) -> [StationConfiguration.Entry] {
        guard is21, let evse = settings.bidirectional, !settings.gridFunctions.isEmpty else { return [] }
        let modes = DERFunction.allCases.filter(settings.gridFunctions.contains).map(\.rawValue)
        let (most, charge) = (evse.maxDischarge.watts, evse.maxCharge.watts)
        func watts(_ variable: String, _ value: Int64, _ unit: String) -> (String, String, StationConfiguration.Kind) {
            (variable, "\(value)", .number(unit: unit))
        }
        let list: [(variable: String, value: String, kind: StationConfiguration.Kind)]
        switch evse.current {
        case .alternating: list = [("ModesSupported", modes.joined(separator: ","), .members(modes))]
        case .direct:
            list = [
                ("ModesSupported", modes.joined(separator: ","), .members(modes)), watts("MaxW", most, "W"),
                watts("OverExcitedW", most, "W"), ("OverExcitedPF", "1", .signed(unit: "")),
                watts("UnderExcitedW", most, "W"), ("UnderExcitedPF", "1", .signed(unit: "")),
                watts("MaxVA", most, "VA"), watts("MaxVar", 0, "var"), watts("MaxVarNeg", 0, "var"),
                watts("MaxChargeRateW", charge, "W"), watts("MaxChargeRateVA", charge, "VA"),
                ("InverterManufacturer", settings.vendor, .text), ("InverterModel", settings.model, .text),
                ("InverterSwVersion", settings.firmware, .text), ("InverterHwVersion", "1", .text),
                ("ReactiveSusceptance", "0", .signed(unit: "")),
            ]
        }
        let component = evse.current == .direct ? "DCDERCtrlr" : "ACDERCtrlr"
        return (1...settings.connectors).flatMap { number in
            list.map { one in
                StationConfiguration.Entry(
                    name: StationConfiguration.Name(component: component, evse: number, variable: one.variable),
                    value: one.value, kind: one.kind)
            }
        }
    }
}
