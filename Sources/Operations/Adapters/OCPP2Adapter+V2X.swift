import Charging
import OCPPMessages
import Quantities

// What stations of 2.1 say of giving back, and what is asked of them for it (block Q, K21).
extension OCPP2Adapter {
    /// As a whole, and of each of these EVSEs: a station may answer either.
    static func readV2XAbilities(_ evses: [Int]) -> [UInt8] {
        var wanted: [V2.GetVariableData] = []
        func ask(_ variable: String, instance: String? = nil, _ evse: Int?) {
            wanted.append(
                V2.GetVariableData(
                    component: V2.Component(
                        name: V2XAbilities.component, evse: evse.map { V2.EVSE(id: $0) }),
                    variable: V2.Variable(name: variable, instance: instance)))
        }
        for evse in [nil] + evses.map(Optional.init) {
            for name in ["Enabled", "SupportedOperationModes", "SupportedEnergyTransferModes"] { ask(name, evse) }
            for instance in V2XAbilities.balancingValues { ask("LocalLoadBalancing", instance: instance, evse) }
        }
        return V2.GetVariablesRequest(getVariableData: wanted).json
    }

    /// `nil` where it has nothing of the kind.
    static func v2xAbilities(_ results: [V2.GetVariableResult]) -> V2XAbilities? {
        var found = V2XAbilities()
        for result in results where result.attributeStatus == .accepted {
            guard let value = result.attributeValue, result.component.name == V2XAbilities.component else { continue }
            found.take(
                result.variable.name, instance: result.variable.instance, evse: result.component.evse?.id ?? 0,
                value: value)
        }
        return found == V2XAbilities() ? nil : found
    }
}

extension OCPP2Adapter {
    /// What a station reckons itself, in both directions; a period without a limit allows everything (2.1).
    static func reported(_ schedule: V2.CompositeSchedule, _ form: LimitForm) -> ReportedSchedule {
        let isInAmperes = schedule.chargingRateUnit == .a
        func steps(_ value: (V2.ChargingSchedulePeriod) -> JSONDecimal?) -> [ReportedSchedule.Step] {
            OCPP16Adapter.reported(
                start: schedule.scheduleStart, seconds: schedule.duration,
                periods: schedule.chargingSchedulePeriod.map {
                    ($0.startPeriod, value($0) ?? JSONDecimal(Int.max), $0.numberPhases)
                }, isInAmperes: isInAmperes, form: form
            ).steps
        }
        let whole = OCPP16Adapter.reported(
            start: schedule.scheduleStart, seconds: schedule.duration, periods: [], isInAmperes: isInAmperes, form: form
        )
        let ordered = schedule.chargingSchedulePeriod.sorted { $0.startPeriod < $1.startPeriod }
        let magnitude = { (value: JSONDecimal?) -> JSONDecimal? in value.map { $0 < JSONDecimal(0) ? $0.negated : $0 } }
        let limits = steps(\.limit)
        let discharge = steps { magnitude($0.dischargeLimit) }
        let setpoints = steps { magnitude($0.setpoint) }
        let told = ordered.enumerated().map { i, period in
            ReportedSchedule.Step(
                start: limits[i].start, limit: limits[i].limit, isUnlimited: period.limit == nil,
                dischargeLimit: period.dischargeLimit.map { _ in -discharge[i].limit },
                setpoint: period.setpoint.map { $0 < JSONDecimal(0) ? -setpoints[i].limit : setpoints[i].limit },
                mode: HeldProfile.word(period.operationMode?.name ?? "ChargingOnly"), curves: FrequencyCurves(period),
                sleeps: period.evseSleep ?? false, preconditions: period.preconditioningRequest ?? false)
        }
        return ReportedSchedule(span: whole.span, steps: told)
    }
}

extension JSONDecimal {
    fileprivate var negated: JSONDecimal { JSONDecimal(mantissa: mantissa == .min ? .max : -mantissa, scale: scale) }
}

extension AnsweredCall {
    /// Actions of 2.1 whose answers tell how a session may go on.
    static let v2xActions: Set<String> = ["NotifyAllowedEnergyTransfer", "UsePriorityCharging"]

    var v2xFact: StationFact? {
        switch self {
        case .v2(.notifyAllowedEnergyTransfer(let sent), .notifyAllowedEnergyTransfer(let answer)):
            .transfers(
                sent.allowedEnergyTransfer.map(\.name), transaction: sent.transactionId,
                isTaken: answer.status == .accepted)
        case .v2(.usePriorityCharging(let sent), .usePriorityCharging(let answer)):
            answer.status == .accepted ? .priorityAsked(transaction: sent.transactionId, isOn: sent.activate) : nil
        default: nil
        }
    }
}
