import Charging
import OCPP
import OCPPMessages
import Quantities

extension HeldProfile {
    /// The profile in the words of the arithmetic, for 2.x; of several schedules the first. `nil`: it says nothing that can be
    /// reckoned with.
    func chargingProfile() -> ChargingProfile? {
        guard let purpose = ChargingProfile.Purpose(V2.ChargingProfilePurpose(purpose)), let schedule = schedules.first,
            let unit = schedule.unit == "A" ? ChargingProfile.Unit.amperes : schedule.unit == "W" ? .watts : nil
        else { return nil }
        let kind: ChargingProfile.Kind
        switch (self.kind, recurrency) {
        case ("Absolute", _): kind = .absolute
        case ("Relative", _): kind = .relative
        case ("Recurring", "Weekly"): kind = .weekly
        case ("Recurring", _): kind = .daily
        case (Self.dynamic, _): kind = .dynamic
        default: return nil
        }
        var periods: [ChargingProfile.Period] = []
        for period in schedule.periods {
            guard let mode = ChargingProfile.Mode(V2.OperationMode(period.mode)) else { return nil }
            periods.append(
                ChargingProfile.Period(
                    start: period.start, limit: period.limit.map(Self.exact), phases: period.phases, mode: mode,
                    dischargeLimit: period.v2x?.dischargeLimit.map(Self.exact),
                    setpoint: period.v2x?.setpoint.map(Self.exact),
                    response: mode == .localFrequency ? period.v2x?.curves?.response : nil,
                    sleeps: period.v2x?.sleeps ?? false, preconditions: period.v2x?.preconditions ?? false))
        }
        return ChargingProfile(
            id: id, stackLevel: level, purpose: purpose, kind: kind, unit: unit, start: schedule.startsAt,
            duration: schedule.duration, periods: periods, validFrom: validFrom, validTo: validTo,
            transaction: transaction, updatedAt: liveness?.updatedAt)
    }
    private static func exact(_ thousandths: Int64) -> JSONDecimal { JSONDecimal(mantissa: thousandths, scale: 3) }
}
