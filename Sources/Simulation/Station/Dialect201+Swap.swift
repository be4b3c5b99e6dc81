import OCPP
import OCPPMessages

// Battery swap (2.1 block S).
extension Dialect201 {
    /// - Returns: `false`: another block, or no cabinet.
    func answerSwap(_ request: V2.Request, _ id: String, _ station: inout SimulatedChargePoint) -> Bool {
        guard is21, station.desk != nil, case .requestBatterySwap(let request) = request else { return false }
        let isTaken = station.inviteRemotely(request)
        respond(
            .requestBatterySwap(
                .init(
                    status: isTaken ? .accepted : .rejected,
                    statusInfo: isTaken ? nil : V2.StatusInfo(reasonCode: "NoBatteryAvailable"))), id, &station)
        return true
    }

    func swapVariables(_ settings: StationSettings) -> [StationConfiguration.Entry] {
        guard is21, let cabinet = settings.swap else { return [] }
        let seconds = StationConfiguration.Kind.number(unit: "s")
        let percent = StationConfiguration.Kind.number(unit: "Percent", most: 100)
        func time(_ duration: Duration) -> String { "\(duration.components.seconds)" }
        // What they say is how the cabinet was built; none of it is changed from outside.
        return [
            fixed("BatterySwapCtrlr", "TargetSoc", "\(cabinet.targetPermille / 10)", percent),
            fixed("BatterySwapCtrlr", "MaxSoc", "\(cabinet.mostPermille / 10)", percent),
            fixed("BatterySwapCtrlr", "IdToken", cabinet.idToken),
            fixed("BatterySwapCtrlr", "Timeout", time(cabinet.inTimeout), seconds, instance: "In"),
            fixed("BatterySwapCtrlr", "Timeout", time(cabinet.outTimeout), seconds, instance: "Out"),
        ]
    }
}
