import Charging
import OCPP
import OCPPMessages
import Quantities

// A power to follow: a Dynamic profile whose duration is a dead-man switch (2.1 K28, K29, Q03). It has the number and the
// level of the limit that a charging-only vehicle gets, so that one replaces the other.
extension OCPP2Adapter {
    static func steer(
        _ evse: Int, _ transaction: String, _ power: Power, _ lasts: Duration, _ form: LimitForm
    ) -> (action: V2.Action, payload: [UInt8]) {
        let seconds = Int(lasts.components.seconds)
        return setProfile(
            V2.ChargingProfile(
                id: transactionProfiles + evse, stackLevel: transactionLevel(form), chargingProfilePurpose: .txProfile,
                chargingProfileKind: .dynamic,
                chargingSchedule: [
                    V2.ChargingSchedule(
                        id: 1, chargingRateUnit: unit(form),
                        chargingSchedulePeriod: [
                            V2.ChargingSchedulePeriod(
                                startPeriod: 0, numberPhases: form.phases == 3 ? nil : form.phases,
                                setpoint: setpoint(power, form), operationMode: .centralSetpoint)
                        ], duration: seconds)
                ], transactionId: transaction, maxOfflineDuration: seconds, invalidAfterOfflineDuration: true),
            evse: evse)
    }

    /// A schedule that a vehicle in scheduled control is asked to follow (Q03.FR.01, FR.02). It ends by the clock, and sooner
    /// where the station is alone: then nobody is discharged for longer than by a dead-man.
    static func follow(
        _ evse: Int, _ transaction: String, _ steps: [PowerStep], _ interval: Interval, _ form: LimitForm
    ) -> (action: V2.Action, payload: [UInt8]) {
        let start = OCPP16Adapter.start(of: interval)
        return setProfile(
            V2.ChargingProfile(
                id: transactionProfiles + evse, stackLevel: transactionLevel(form), chargingProfilePurpose: .txProfile,
                chargingProfileKind: .absolute,
                chargingSchedule: [
                    V2.ChargingSchedule(
                        id: 1, chargingRateUnit: unit(form),
                        chargingSchedulePeriod: steps.map { step in
                            V2.ChargingSchedulePeriod(
                                startPeriod: step.start == .zero
                                    ? 0 : Int((interval.start + step.start - start).components.seconds),
                                numberPhases: form.phases == 3 ? nil : form.phases,
                                setpoint: setpoint(step.power, form), operationMode: .centralSetpoint)
                        }, startSchedule: start, duration: Int((interval.end - start).components.seconds))
                ], transactionId: transaction, maxOfflineDuration: Int(alone.components.seconds),
                invalidAfterOfflineDuration: true), evse: evse)
    }
    /// As long as a power of the moment lasts without word from us.
    private static let alone = Duration.seconds(60)

    static func steerOn(_ evse: Int, _ power: Power, _ form: LimitForm) -> (action: V2.Action, payload: [UInt8]) {
        (
            .updateDynamicSchedule,
            V2.UpdateDynamicScheduleRequest(
                chargingProfileId: transactionProfiles + evse,
                scheduleUpdate: V2.ChargingScheduleUpdate(setpoint: setpoint(power, form))
            ).json
        )
    }

    static func steered(_ payload: [UInt8], _ version: OCPPVersion) -> CommandAnswer {
        guard case .success(.updateDynamicSchedule(let response)) = response(.updateDynamicSchedule, payload, version)
        else { return .none(.unreadable) }
        return response.status == .accepted
            ? .accepted : .refused(word: response.statusInfo?.reasonCode ?? response.status.name)
    }

    /// To a station that asks by itself (K29).
    static func payload(following power: Power?, _ form: LimitForm) -> [UInt8] {
        guard let power else {
            return V2.PullDynamicScheduleUpdateResponse(
                status: .rejected, statusInfo: V2.StatusInfo(reasonCode: "InvalidProfile")
            ).json
        }
        return V2.PullDynamicScheduleUpdateResponse(
            status: .accepted, scheduleUpdate: V2.ChargingScheduleUpdate(setpoint: setpoint(power, form))
        ).json
    }

    /// Default limits alone: the report says whether the one that we count on is there.
    static func readDefault(_ evse: Int, _ request: Int) -> (action: V2.Action, payload: [UInt8]) {
        (
            .getChargingProfiles,
            V2.GetChargingProfilesRequest(
                requestId: request,
                chargingProfile: V2.ChargingProfileCriterion(chargingProfilePurpose: .txDefaultProfile),
                evseId: evse
            ).json
        )
    }

    /// `refused`: it has none.
    static func defaultAnnounced(_ payload: [UInt8], _ version: OCPPVersion) -> CommandAnswer {
        guard case .success(.getChargingProfiles(let response)) = response(.getChargingProfiles, payload, version)
        else {
            return .none(.unreadable)
        }
        return response.status == .accepted ? .accepted : .refused(word: response.status.name)
    }

    /// From the fullest wish to the most modest, as for stations that only charge.
    static func measurandsBothWays(_ wish: Int) -> String {
        let registers = "Energy.Active.Import.Register,Energy.Active.Export.Register"
        return switch wish {
        case 0: registers + ",Power.Active.Import,Power.Active.Export,SoC"
        case 1: registers + ",Power.Active.Import,Power.Active.Export"
        default: registers
        }
    }

    /// In the form's unit, towards 0; below 0 while discharging.
    static func setpoint(_ power: Power, _ form: LimitForm) -> JSONDecimal {
        switch form.unit {
        case .watts: JSONDecimal(Int(power.watts))
        case .amperes:
            JSONDecimal(mantissa: power.watts * 10 / Int64(max(1, form.voltage * form.phases)), scale: 1)
        }
    }
}
