import Charging
import OCPPMessages
import Quantities
import Testing

@testable import Operations

@Suite("OCPP 1.6 adapter") struct AdapterTests {
    private let amperes = LimitForm(unit: .amperes, voltage: 220, phases: 1, maxLevel: 9)
    private let watts = LimitForm(unit: .watts, voltage: 220, phases: 3, maxLevel: 9)
    private let now = Instant("2025-03-01T00:00:00.750Z")!

    @Test func `a transaction limit is an absolute profile that ends by itself`() {
        let command = StationCommand.limitTransaction(
            evse: 2, transaction: "17", limit: .watts(3520), interval: Interval(now, now + .minutes(10)))
        let (action, payload) = OCPP16Adapter.call(command, form: amperes)
        #expect(action == .setChargingProfile)
        #expect(
            String(decoding: payload, as: UTF8.self)
                == #"{"connectorId":2,"csChargingProfiles":{"chargingProfileId":7100002,"transactionId":17,"stackLevel":1,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":{"duration":900,"startSchedule":"2025-02-28T23:55:00Z","chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":16.0,"numberPhases":1}]}}}"#
        )
        #expect(V16.validateRequest(action: action.rawValue, payload: payload).isEmpty)
    }

    @Test func `a default limit recurs daily below it`() {
        let command = StationCommand.limitByDefault(
            evse: 1, anchor: now,
            steps: [
                LimitStep(start: .zero, limit: .watts(0)), LimitStep(start: .hours(12), limit: .watts(6000)),
            ])
        let (action, payload) = OCPP16Adapter.call(command, form: watts)
        #expect(
            String(decoding: payload, as: UTF8.self)
                == #"{"connectorId":1,"csChargingProfiles":{"chargingProfileId":7200001,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Recurring","recurrencyKind":"Daily","chargingSchedule":{"duration":86400,"startSchedule":"2025-03-01T00:00:00Z","chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":0},{"startPeriod":43200,"limit":6000}]}}}"#
        )
        #expect(V16.validateRequest(action: action.rawValue, payload: payload).isEmpty)
    }

    @Test func `a limit made from a whole step of current comes back as that step, and never as more`() {
        for phases in [1, 3] {
            for voltage in [220, 230] {
                let form = LimitForm(unit: .amperes, voltage: voltage, phases: phases, maxLevel: 1)
                for tenths in Int64(0)...320 {
                    let power = Power(watts: tenths * 100 * Int64(voltage * phases) / 1000)
                    #expect(OCPP16Adapter.rate(power, form) == JSONDecimal(mantissa: tenths, scale: 1))
                }
                for watts in stride(from: Int64(0), to: 7100, by: 37) {
                    let rate = OCPP16Adapter.rate(Power(watts: watts), form)
                    #expect(rate.mantissa * Int64(voltage * phases) / 10 <= watts)
                }
            }
        }
    }

    @Test func `abilities are read in whatever words stations write them`() throws {
        let payload = #"""
            {"configurationKey":[{"key":"ChargingScheduleAllowedChargingRateUnit","readonly":true,"value":"Power"},
            {"key":"chargeprofilemaxstacklevel","readonly":true,"value":"3"},
            {"key":"ChargingScheduleMaxPeriods","readonly":true,"value":"none"},
            {"key":"NumberOfConnectors","readonly":true,"value":"2"},{"key":"Empty","readonly":false}],"unknownKey":[]}
            """#
        guard case .abilities(let found) = answer(to: .readAbilities, payload) else {
            Issue.record("abilities cannot be read")
            return
        }
        #expect(found.unit == .watts)
        #expect(found.maxLevel == 3)
        #expect(found.maxPeriods == nil)
        #expect(found.connectors == 2)
        #expect(answer(to: .readAbilities, "[]") == .none(.unreadable))
        #expect(
            answer(to: .sampleEvery(.seconds(60)), #"{"status":"RebootRequired"}"#) == .accepted)
        #expect(
            answer(to: .sampleEvery(.seconds(60)), #"{"status":"Rejected"}"#)
                == .refused(word: "Rejected"))
    }

    @Test func `a station's own schedule is read in watts, whichever unit and phases it writes`() {
        let command = StationCommand.readSchedule(evse: 2, duration: .hours(1))
        let (action, payload) = OCPP16Adapter.call(command, form: amperes)
        #expect(action == .getCompositeSchedule)
        #expect(
            String(decoding: payload, as: UTF8.self) == #"{"connectorId":2,"duration":3600,"chargingRateUnit":"A"}"#)

        // 1.6: amperes a phase, on the one phase that the pile has.
        let inAmperes = #"""
            {"status":"Accepted","connectorId":2,"scheduleStart":"2025-03-01T00:00:10Z","chargingSchedule":
            {"duration":3600,"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":600,"limit":6.5},
            {"startPeriod":0,"limit":16.0,"numberPhases":1}]}}
            """#
        let from = Instant("2025-03-01T00:00:10Z")!
        #expect(
            answer(to: command, inAmperes)
                == .schedule(
                    ReportedSchedule(
                        span: Interval(from, from + .hours(1)),
                        steps: [
                            .init(start: from, limit: .watts(3520)),
                            .init(start: from + .minutes(10), limit: .watts(1430)),
                        ])))
        // 2.x: watts over all phases.
        let inWatts = #"""
            {"status":"Accepted","schedule":{"evseId":2,"duration":1800,"scheduleStart":"2025-03-01T00:00:10Z",
            "chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":6600.5}]}}
            """#
        #expect(
            OCPP2Adapter.answer(to: command, Array(inWatts.utf8), form: watts, in: .v201)
                == .schedule(
                    ReportedSchedule(
                        span: Interval(from, from + .minutes(30)), steps: [.init(start: from, limit: .watts(6600))])))
        #expect(answer(to: command, #"{"status":"Rejected"}"#) == .refused(word: "Rejected"))
        // Absurd numbers of a peer do no harm.
        let absurd = #"""
            {"status":"Accepted","chargingSchedule":{"duration":9223372036854775807,"chargingRateUnit":"A",
            "chargingSchedulePeriod":[{"startPeriod":9223372036854775807,"limit":9e18}]}}
            """#
        guard case .schedule(let schedule) = answer(to: command, absurd) else {
            Issue.record("not read")
            return
        }
        #expect(schedule[at: now] == nil)
    }

    private func answer(to command: StationCommand, _ payload: String) -> CommandAnswer {
        OCPP16Adapter.answer(to: command, Array(payload.utf8), form: amperes, at: now)
    }

    @Test func `samples get the standard's defaults and lose nothing`() {
        let values = [
            V16.MeterValue(
                timestamp: now,
                sampledValue: [
                    V16.SampledValue(value: "12.340"), V16.SampledValue(value: "1e3", measurand: .powerActiveImport),
                    V16.SampledValue(value: "abc"), V16.SampledValue(value: "00ff", format: .signedData),
                ])
        ]
        let readings = OCPP16Adapter.readings(values)
        #expect(readings.count == 2)
        #expect(readings[0].measurand == "Energy.Active.Import.Register")
        #expect(
            readings[0].unit == "Wh" && readings[0].location == "Outlet" && readings[0].context == "Sample.Periodic")
        #expect(readings[0].mantissa == 12_340 && readings[0].scale == 3)
        #expect(readings[1].unit == "W" && readings[1].mantissa == 1000 && readings[1].scale == 0)
    }
}
