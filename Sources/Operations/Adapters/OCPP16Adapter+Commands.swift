import Charging
import OCPPMessages
import Quantities

extension OCPP16Adapter {
    /// Numbers of our profiles: stable, so that a newer one replaces the older one (1.6: same id, or same purpose and
    /// stack level), and apart from those that people choose by hand.
    private static let transactionProfiles = 7_100_000
    private static let defaultProfiles = 7_200_000

    /// Above the default profile's, which is 0.
    static func transactionLevel(_ form: LimitForm) -> Int { min(1, form.maxLevel) }

    // MARK: - What we ask

    static func call(_ command: StationCommand, form: LimitForm) -> (action: V16.Action, payload: [UInt8]) {
        switch command {
        case .limitTransaction(let evse, let transaction, let limit, let interval):
            let start = start(of: interval)
            let schedule = V16.ChargingSchedule(
                chargingRateUnit: unit(form),
                chargingSchedulePeriod: [
                    V16.ChargingSchedulePeriod(startPeriod: 0, limit: rate(limit, form), numberPhases: phases(form))
                ],
                duration: Int((interval.end - start).components.seconds), startSchedule: start)
            let profile = V16.ChargingProfile(
                chargingProfileId: transactionProfiles + evse, stackLevel: transactionLevel(form),
                chargingProfilePurpose: .txProfile, chargingProfileKind: .absolute, chargingSchedule: schedule,
                transactionId: Int(transaction))
            return (
                .setChargingProfile, V16.SetChargingProfileRequest(connectorId: evse, csChargingProfiles: profile).json
            )

        case .limitByDefault(let evse, let anchor, let steps):
            let periods = steps.map {
                V16.ChargingSchedulePeriod(
                    startPeriod: Int($0.start.components.seconds), limit: rate($0.limit, form),
                    numberPhases: phases(form))
            }
            let schedule = V16.ChargingSchedule(
                chargingRateUnit: unit(form), chargingSchedulePeriod: periods, duration: 86_400,
                startSchedule: anchor.floored(to: .seconds(1), from: Instant(milliseconds: 0)))
            let profile = V16.ChargingProfile(
                chargingProfileId: defaultProfiles + evse, stackLevel: 0, chargingProfilePurpose: .txDefaultProfile,
                chargingProfileKind: .recurring, chargingSchedule: schedule, recurrencyKind: .daily)
            return (
                .setChargingProfile, V16.SetChargingProfileRequest(connectorId: evse, csChargingProfiles: profile).json
            )

        case .steer(let evse, let transaction, let power, let interval, _):
            // Nothing here can be told to discharge.
            return call(
                .limitTransaction(evse: evse, transaction: transaction, limit: max(.zero, power), interval: interval),
                form: form)
        case .followSchedule(let evse, let transaction, let steps, let interval):
            let most = steps.map(\.power).max() ?? .zero
            return call(
                .limitTransaction(evse: evse, transaction: transaction, limit: max(.zero, most), interval: interval),
                form: form)
        case .readDefault(let evse, _):
            return call(.readSchedule(evse: evse, duration: .minutes(1)), form: form)
        case .readListBounds: return (.getConfiguration, V16.GetConfigurationRequest(key: listKeys).json)
        case .readListVersion: return (.getLocalListVersion, V16.GetLocalListVersionRequest().json)
        case .sendList(let version, let isWhole, let entries):
            return (.sendLocalList, sendList(version, isWhole: isWhole, entries))
        // Nobody asks a station of 1.6 for the second.
        case .readAbilities, .readV2XAbilities: return (.getConfiguration, V16.GetConfigurationRequest().json)
        case .sampleEvery(let interval):
            return configure("MeterValueSampleInterval", String(interval.components.seconds))
        case .sample(let wish, _): return configure("MeterValuesSampledData", measurands(wish))
        case .readSchedule(let evse, let duration):
            return (
                .getCompositeSchedule,
                V16.GetCompositeScheduleRequest(
                    connectorId: evse, duration: Int(duration.components.seconds), chargingRateUnit: unit(form)
                ).json
            )
        }
    }

    /// How far a station's clock may be behind ours: a limit holds at once for it too. The end does not move, so that a
    /// station whose platform is gone falls back when the offline invariant says.
    static let clockAllowance = Duration.minutes(5)

    /// Where a limit's schedule begins, on the second.
    static func start(of interval: Interval) -> Instant {
        (interval.start - clockAllowance).floored(to: .seconds(1), from: Instant(milliseconds: 0))
    }

    private static func configure(_ key: String, _ value: String) -> (action: V16.Action, payload: [UInt8]) {
        (.changeConfiguration, V16.ChangeConfigurationRequest(key: key, value: value).json)
    }

    /// Stations refuse a list with one measurand they lack; the wishes grow more modest.
    static func measurands(_ wish: Int) -> String {
        let register = "Energy.Active.Import.Register"
        return switch wish {
        case 0: "\(register),Power.Active.Import,Current.Import"
        case 1: "\(register),Power.Active.Import"
        default: register
        }
    }

    private static func unit(_ form: LimitForm) -> V16.ChargingRateUnit { form.unit == .amperes ? .a : .w }

    /// 1.6 takes an absent number of phases for 3.
    private static func phases(_ form: LimitForm) -> Int? { form.phases == 3 ? nil : form.phases }

    /// Rounded down to 100 mA or 1 W, the finest that 1.6 can say (`limit` is a multiple of 0.1).
    static func rate(_ limit: Power, _ form: LimitForm) -> JSONDecimal {
        switch form.unit {
        case .watts: return JSONDecimal(Int(max(0, limit.watts)))
        case .amperes:
            let volts = Int64(max(1, form.voltage * form.phases))
            // The highest current whose power, rounded down to the watt, is at most the limit: a limit that was made from a
            // whole step of current comes back as that step.
            return JSONDecimal(mantissa: max(0, (limit.watts * 10 + 9) / volts), scale: 1)
        }
    }

    // MARK: - How stations take it

    static func answer(to command: StationCommand, _ payload: [UInt8], form: LimitForm, at now: Instant)
        -> CommandAnswer
    {
        switch command {
        case .limitTransaction, .limitByDefault, .steer, .followSchedule:
            guard case .success(.setChargingProfile(let response)) = response(.setChargingProfile, payload) else {
                return .none(.unreadable)
            }
            return response.status == .accepted ? .accepted : .refused(word: response.status.name)
        case .sampleEvery, .sample:
            guard case .success(.changeConfiguration(let response)) = response(.changeConfiguration, payload) else {
                return .none(.unreadable)
            }
            switch response.status {
            case .accepted, .rebootRequired: return .accepted
            default: return .refused(word: response.status.name)
            }
        case .readListBounds:
            guard case .success(.getConfiguration(let response)) = response(.getConfiguration, payload) else {
                return .none(.unreadable)
            }
            return .listBounds(listBounds(response.configurationKey ?? []))
        case .readListVersion:
            guard case .success(.getLocalListVersion(let response)) = response(.getLocalListVersion, payload) else {
                return .none(.unreadable)
            }
            return .listVersion(response.listVersion)
        case .sendList:
            guard case .success(.sendLocalList(let response)) = response(.sendLocalList, payload) else {
                return .none(.unreadable)
            }
            return response.status == .accepted ? .accepted : .refused(word: response.status.name)
        case .readAbilities, .readV2XAbilities:
            guard case .success(.getConfiguration(let response)) = response(.getConfiguration, payload) else {
                return .none(.unreadable)
            }
            return .abilities(abilities(response.configurationKey ?? []))
        case .readSchedule, .readDefault:
            guard case .success(.getCompositeSchedule(let response)) = response(.getCompositeSchedule, payload) else {
                return .none(.unreadable)
            }
            guard response.status == .accepted, let schedule = response.chargingSchedule else {
                return .refused(word: response.status.name)
            }
            let start = schedule.startSchedule ?? response.scheduleStart ?? now
            return .schedule(
                reported(
                    start: start, seconds: schedule.duration,
                    periods: schedule.chargingSchedulePeriod.map { ($0.startPeriod, $0.limit, $0.numberPhases) },
                    isInAmperes: schedule.chargingRateUnit == .a, form: form))
        }
    }

    /// A schedule in watts; an absent number of phases means 3, which the EVSE's own then bound.
    static func reported(
        start: Instant, seconds: Int?, periods: [(start: Int, limit: JSONDecimal, phases: Int?)], isInAmperes: Bool,
        form: LimitForm
    ) -> ReportedSchedule {
        let steps = periods.map { period in
            let thousandths = max(0, min(period.limit.scaled(by: 3) ?? .max, 999_999_999_999))
            let phases = Int64(max(1, min(period.phases ?? 3, form.phases)))
            let milliwatts = isInAmperes ? thousandths * Int64(form.voltage) * phases : thousandths
            return ReportedSchedule.Step(
                start: start + .seconds(max(0, min(period.start, longest))), limit: Power(watts: milliwatts / 1_000))
        }
        let length = max(0, min(seconds ?? longest, longest))
        return ReportedSchedule(span: Interval(start, start + .seconds(length)), steps: steps)
    }
    /// A year: a peer's absurd number stays harmless.
    private static let longest = 31_536_000

    private static func response(_ action: V16.Action, _ payload: [UInt8]) -> Result<V16.Response, FieldFault> {
        V16.Response.decode(action, payload: payload.span).result
    }

    private static func abilities(_ keys: [V16.KeyValue]) -> StationAbilities {
        var abilities = StationAbilities()
        for key in keys {
            guard let value = key.value else { continue }
            let number = Int(value).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
            switch key.key.lowercased() {
            case "chargingscheduleallowedchargingrateunit":
                // Both the standard's words and the bare units occur (reference: deviations of stations).
                let units = value.split(separator: ",").map { $0.lowercased().filter { $0 != " " } }
                if units.contains(where: { $0 == "current" || $0 == "a" }) {
                    abilities.unit = .amperes
                } else if units.contains(where: { $0 == "power" || $0 == "w" }) {
                    abilities.unit = .watts
                }
            case "chargeprofilemaxstacklevel": abilities.maxLevel = number
            case "chargingschedulemaxperiods": abilities.maxPeriods = number
            case "maxchargingprofilesinstalled": abilities.maxProfiles = number
            case "numberofconnectors": abilities.connectors = number
            case "metervaluesampleinterval": abilities.sampleInterval = number
            case "supportedfeatureprofiles":
                abilities.limitsPower = value.split(separator: ",").contains {
                    $0.lowercased().filter { $0 != " " } == "smartcharging"
                }
            default: break
            }
        }
        return abilities
    }
}
