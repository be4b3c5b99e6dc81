import Charging
import OCPPMessages
import Quantities

// What a vehicle says through its station (ISO 15118: K15 to K17).
extension OCPP2Adapter {
    static func needs(_ request: V2.NotifyEVChargingNeedsRequest) -> VehicleNeeds {
        let needs = request.chargingNeeds
        let wattHours = (needs.acChargingParameters?.energyAmount ?? dcEnergy(needs.dcChargingParameters))?.scaled(
            by: 0)
        return VehicleNeeds(
            evse: request.evseId, departure: needs.departureTime,
            energy: wattHours.flatMap { (0...mostWattHours).contains($0) ? Energy.wattHours($0) : nil })
    }
    /// What no vehicle asks for: a peer's absurd number is no need.
    private static let mostWattHours: Int64 = 10_000_000

    /// What it asks for, else what is missing in its battery.
    private static func dcEnergy(_ parameters: V2.DCChargingParameters?) -> JSONDecimal? {
        guard let parameters else { return nil }
        if let asked = parameters.energyAmount { return asked }
        guard let capacity = parameters.evEnergyCapacity?.scaled(by: 0), let charge = parameters.stateOfCharge,
            (0...mostWattHours).contains(capacity)
        else { return nil }
        return JSONDecimal(Int(capacity) * max(0, (parameters.fullSoC ?? 100) - charge) / 100)
    }

    static func schedule(_ request: V2.NotifyEVChargingScheduleRequest) -> VehicleSchedule {
        let schedule = request.chargingSchedule
        return VehicleSchedule(
            evse: request.evseId, start: schedule.startSchedule ?? request.timeBase,
            duration: schedule.duration.map { .seconds(max(0, min($0, mostSeconds))) },
            unit: schedule.chargingRateUnit == .a ? .amperes : .watts,
            steps: schedule.chargingSchedulePeriod.map { period in
                VehicleSchedule.Step(
                    start: .seconds(max(0, min(period.startPeriod, mostSeconds))),
                    // 2.1: a period without a limit allows everything.
                    limit: max(0, min(period.limit?.scaled(by: 3) ?? mostThousandths, mostThousandths)),
                    phases: period.numberPhases)
            })
    }
    private static let mostSeconds = 86_400
    private static let mostThousandths: Int64 = 999_999_999_999
}
