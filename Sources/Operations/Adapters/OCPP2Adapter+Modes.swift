import Charging
import OCPPMessages
import Quantities

// Charging profiles of the operation modes that people order (2.1 block Q), and of priority charging (K21).
extension OCPP2Adapter {
    /// Numbers of these profiles: apart from the platform's own and from those that people choose by hand.
    static let manualProfiles = 7_300_000
    static let priorityProfiles = 7_400_000

    /// Where a profile of ours belongs.
    struct ProfilePlace {
        let evse: Int
        let transaction: String
        let level: Int
        let form: LimitForm
        /// What limits the EVSE anyway; a limit that nobody named.
        let rating: Power
    }

    static func setMode(
        _ wish: OperationWish, at place: ProfilePlace, _ now: Instant
    ) -> V2.SetChargingProfileRequest {
        // Values that come from outside, or again and again, stand in one period that is changed while it holds (K28, Q05, Q07).
        let isDynamic = [.centralFrequency, .externalSetpoint, .externalLimits].contains(wish.mode)
        let usual = wish.mode == .centralFrequency ? OperationWish.usualFrequency : OperationWish.usualDuration
        let isInAmperes = wish.mode == .chargingOnly && place.form.unit == .amperes
        let limit = wish.limit ?? (wish.mode == .chargingOnly ? place.rating : nil)
        let period = V2.ChargingSchedulePeriod(
            startPeriod: 0, limit: limit.map { isInAmperes ? OCPP16Adapter.rate($0, place.form) : watts($0) },
            numberPhases: place.form.phases == 3 ? nil : place.form.phases,
            dischargeLimit: wish.dischargeLimit.map(watts), setpoint: wish.setpoint.map(watts),
            preconditioningRequest: wish.preconditions, evseSleep: wish.sleeps, v2xBaseline: wish.baseline.map(watts),
            operationMode: V2.OperationMode(wish.mode.rawValue),
            v2xFreqWattCurve: wish.frequencyCurve.isEmpty
                ? nil
                : wish.frequencyCurve.map {
                    V2.V2XFreqWattPoint(
                        frequency: JSONDecimal(mantissa: $0.millihertz, scale: 3), power: watts($0.power))
                },
            v2xSignalWattCurve: wish.signalCurve.isEmpty
                ? nil : wish.signalCurve.map { V2.V2XSignalWattPoint(signal: $0.signal, power: watts($0.power)) })
        let schedule = V2.ChargingSchedule(
            id: 1, chargingRateUnit: isInAmperes ? .a : .w, chargingSchedulePeriod: [period],
            startSchedule: isDynamic ? nil : now.floored(to: .seconds(1), from: Instant(milliseconds: 0)),
            duration: Int((wish.duration ?? usual).components.seconds))
        return V2.SetChargingProfileRequest(
            evseId: place.evse,
            chargingProfile: V2.ChargingProfile(
                id: manualProfiles + place.evse, stackLevel: place.level, chargingProfilePurpose: .txProfile,
                chargingProfileKind: isDynamic ? .dynamic : .absolute, chargingSchedule: [schedule],
                transactionId: place.transaction,
                maxOfflineDuration: Int((wish.offline ?? OperationWish.usualOffline).components.seconds),
                invalidAfterOfflineDuration: true))
    }

    /// Ends it: the platform's own profile holds again.
    static func clearMode(evse: Int) -> [UInt8] { clear(profile: manualProfiles + evse) }

    static func clear(profile id: Int) -> [UInt8] { V2.ClearChargingProfileRequest(chargingProfileId: id).json }

    /// Without a duration (K01.FR.73), and only while the station hears us: whoever has it charges before all others.
    static func priorityProfile(evse: Int, limit: Power, form: LimitForm, _ now: Instant)
        -> V2.SetChargingProfileRequest
    {
        V2.SetChargingProfileRequest(
            evseId: evse,
            chargingProfile: V2.ChargingProfile(
                id: priorityProfiles + evse, stackLevel: 0, chargingProfilePurpose: .priorityCharging,
                chargingProfileKind: .absolute,
                chargingSchedule: [
                    V2.ChargingSchedule(
                        id: 1, chargingRateUnit: form.unit == .amperes ? .a : .w,
                        chargingSchedulePeriod: [
                            V2.ChargingSchedulePeriod(
                                startPeriod: 0, limit: OCPP16Adapter.rate(limit, form),
                                numberPhases: form.phases == 3 ? nil : form.phases)
                        ], startSchedule: now.floored(to: .seconds(1), from: Instant(milliseconds: 0)))
                ], maxOfflineDuration: Int(OperationWish.usualOffline.components.seconds)))
    }

    static func usePriority(transaction: String, isOn: Bool) -> [UInt8] {
        V2.UsePriorityChargingRequest(transactionId: transaction, activate: isOn).json
    }

    static func signal(_ signal: Int, at instant: Instant) -> [UInt8] {
        V2.AFRRSignalRequest(timestamp: instant, signal: signal).json
    }

    private static func watts(_ power: Power) -> JSONDecimal { JSONDecimal(mantissa: power.watts, scale: 0) }
}
