import Assets
import Charging
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// Vehicles in scheduled control that give back (2.1 K18, Q03): from the plan to the schedule that they are asked to follow.
@Suite("Schedules of vehicles that give back") struct VehicleScheduleTests {
    /// 14:00 in Guangdong, where giving back is paid best until 19:00. The vehicle holds 40 kWh above its least.
    private static func yard() -> Dialogue {
        var d = Dialogue()
        d.now = Instant("2025-06-02T06:00:00Z")!
        let from = CivilDay(year: 2025, month: 5, day: 15)!
        d.order(
            .putSite(
                Site(
                    id: SiteID("S"), name: "Yard",
                    tariffs: [.init(from: from, tariff: "cn/hubei/residential-charging")],
                    exportTariffs: [.init(from: from, tariff: "cn/guangdong/v2g-discharge")],
                    energyTransfer: ["DC_BPT"],
                    battery: BatteryTerms(
                        chemistry: .lfp, valuePerKilowattHour: 0, cycles: 1000, roundTripPerMille: 900))))
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: .kilowatts(50))))
        var change = StationChange()
        change.site = .some(SiteID("S"))
        change.node = .some(NodeID("N"))
        change.phases = 3
        d.order(.putStation(StationID("P1"), change))
        d.token("T1")
        d.connect("P1", .v21)
        d.say("P1", "BootNotification", #"{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M"}}"#)
        d.say(
            "P1", "StatusNotification",
            #"{"timestamp":"\#(d.now)","connectorStatus":"Available","evseId":1,"connectorId":1}"#)
        pass(&d, .seconds(30))
        d.say("P1", "Authorize", #"{"idToken":{"idToken":"T1","type":"ISO14443"}}"#)
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Started","timestamp":"\#(d.now)","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"tx","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"T1","type":"ISO14443"},"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":1000}]}]}"#
        )
        d.say(
            "P1", "NotifyEVChargingNeeds",
            #"{"evseId":1,"maxScheduleTuples":12,"chargingNeeds":{"requestedEnergyTransfer":"DC_BPT","availableEnergyTransfer":["DC","DC_BPT"],"controlMode":"ScheduledControl","departureTime":"\#(d.now + .hours(16))","v2xChargingParameters":{"maxChargePower":11000,"maxDischargePower":11000,"evTargetEnergyRequest":0,"evMinEnergyRequest":-40000,"evMaxEnergyRequest":20000,"evMinV2XEnergyRequest":-40000,"evMaxV2XEnergyRequest":20000}}}"#
        )
        return d
    }

    /// Time passes, its meter shows what it was told, and everything is taken. What it was told of the transaction.
    /// - Parameters:
    ///   - isDeaf: no schedule is answered any more.
    ///   - asked: called when the station is asked for its own reckoning, with what it was told until then.
    @discardableResult private static func pass(
        _ d: inout Dialogue, _ duration: Duration, isDeaf: Bool = false, asked: (Int) -> Void = { _ in }
    ) -> [V2.ChargingProfile] {
        var told: [V2.ChargingProfile] = []
        let end = d.now + duration
        while d.now < end {
            while let call = d.calls.first {
                var answer = #"{"status":"Accepted"}"#
                switch try? V2.Request.decode(V2.Action(rawValue: call.action)!, payload: call.payload.span, in: .v21)
                    .result.get()
                {
                case .setChargingProfile(let request)?
                where request.chargingProfile.chargingProfilePurpose == .txProfile:
                    told.append(request.chargingProfile)
                    if isDeaf {
                        d.settle(call, .timeout)
                        continue
                    }
                case .setVariables(let request)?:
                    answer = String(
                        decoding: V2.SetVariablesResponse(
                            setVariableResult: request.setVariableData.map {
                                V2.SetVariableResult(
                                    attributeStatus: .accepted, component: $0.component, variable: $0.variable)
                            }
                        ).json, as: UTF8.self)
                case .getCompositeSchedule?:
                    asked(told.count)
                    // It is asked again a minute later.
                    d.settle(call, .timeout)
                    continue
                case .getVariables(let request)?:
                    let results = request.getVariableData.map { asked in
                        let known = [
                            "Enabled": "true", "SupportedOperationModes": "ChargingOnly,CentralSetpoint",
                            "RateUnit": "W", "PeriodsPerSchedule": "24",
                        ]
                        let isOfPower = ["V2XChargingCtrlr", "SmartChargingCtrlr"].contains(asked.component.name)
                        let value = isOfPower ? known[asked.variable.name] : nil
                        return V2.GetVariableResult(
                            attributeStatus: value == nil ? .unknownVariable : .accepted, component: asked.component,
                            variable: asked.variable, attributeValue: value)
                    }
                    answer = String(decoding: V2.GetVariablesResponse(getVariableResult: results).json, as: UTF8.self)
                default: break
                }
                d.settle(call, .answered(payload: Array(answer.utf8)))
            }
            d.pass(.seconds(1))
            if d.now.milliseconds / 1000 % 10 == 0, d.disk.sessions.values.first != nil {
                let setpoint = told.last?.chargingSchedule.first?.chargingSchedulePeriod.first?.setpoint?.whole ?? 0
                d.say(
                    "P1", "MeterValues",
                    #"{"evseId":1,"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(max(0, setpoint)),"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}},{"value":\#(max(0, -setpoint)),"measurand":"Power.Active.Export","unitOfMeasure":{"unit":"W"}}]}]}"#
                )
            }
        }
        return told
    }

    @Test func `a vehicle that plans by itself is told a schedule of the plan that gives back and ends`() throws {
        var d = Self.yard()
        let told = Self.pass(&d, .minutes(20)).filter { profile in
            profile.chargingSchedule.first?.chargingSchedulePeriod.first?.setpoint.map { $0 < JSONDecimal(0) } ?? false
        }
        let first = try #require(told.first, "it gives back")
        #expect(first.chargingProfileKind == .absolute && first.transactionId == "tx")
        #expect(first.maxOfflineDuration == 60 && first.invalidAfterOfflineDuration == true)
        for profile in told {
            let schedule = try #require(profile.chargingSchedule.first)
            let start = try #require(schedule.startSchedule)
            #expect(profile.chargingSchedule.count == 1 && (1...900).contains(schedule.duration ?? 0), "it ends")
            let periods = schedule.chargingSchedulePeriod
            #expect(
                periods.allSatisfy {
                    $0.operationMode == .centralSetpoint && $0.limit == nil && $0.dischargeLimit == nil
                })
            // What follows lies between nothing and what holds now.
            let now = periods.first?.setpoint ?? JSONDecimal(0)
            #expect(periods.allSatisfy { period in period.setpoint.map { now <= $0 && $0 <= JSONDecimal(0) } ?? false })
            #expect(periods.map(\.startPeriod) == periods.map(\.startPeriod).sorted() && start <= d.now)
            #expect(V2.Request.setChargingProfile(.init(evseId: 1, chargingProfile: profile)).conflicts.isEmpty)
            #expect(schedule.absolutePriceSchedule != nil, "with prices, as a limit is")
        }
        // Told seldom: each is negotiated with the vehicle.
        #expect(told.count <= 6, "\(told.count)")
        #expect(!d.disk.sessions.values.isEmpty)
    }

    @Test func `a schedule without an answer may be in the station's reckoning, and it is not asked for it`() throws {
        var d = Self.yard()
        Self.pass(&d, .minutes(5))
        var asked: [Int] = []
        Self.pass(&d, .minutes(3)) { asked.append($0) }
        try #require(!asked.isEmpty, "it has not said yet")
        asked = []
        let told = Self.pass(&d, .minutes(8), isDeaf: true) { asked.append($0) }
        #expect(!told.isEmpty && asked.allSatisfy { $0 == 0 }, "\(asked)")
    }

    @Test func `what the vehicle says of it is judged, and a slack one is told again`() throws {
        var d = Self.yard()
        let told = Self.pass(&d, .minutes(5))
        let setpoint = try #require(told.last?.chargingSchedule.first?.chargingSchedulePeriod.first?.setpoint?.whole)
        try #require(setpoint < 0)
        func course(_ watts: Int) -> String {
            d.say(
                "P1", "NotifyEVChargingSchedule",
                #"{"timeBase":"\#(d.now)","evseId":1,"selectedChargingScheduleId":1,"chargingSchedule":{"id":1,"duration":200,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"setpoint":\#(watts)},{"startPeriod":100,"setpoint":0}]}}"#
            ) ?? ""
        }
        #expect(course(setpoint).contains("Accepted"))
        #expect(d.disk.sessions.values.first?.dialogue?.course?.fits == true)
        // More than it was told, and charging where it was to give.
        #expect(course(setpoint - 9000).contains("Rejected"))
        #expect(Self.pass(&d, .seconds(5)).count == 1, "its schedule is told again")
        #expect(course(9000).contains("Rejected"))
    }

    @Test func `an end that is rounded to a second is none, an early one is`() throws {
        var d = Self.yard()
        let schedule = try #require(Self.pass(&d, .minutes(5)).last?.chargingSchedule.first)
        let setpoint = try #require(schedule.chargingSchedulePeriod.first?.setpoint?.whole)
        let end = try #require(schedule.startSchedule) + .seconds(try #require(schedule.duration))
        let left = Int((end - d.now).wholeMilliseconds / 1000)
        try #require(setpoint < 0 && left > 60)
        func charges(in seconds: Int) -> Bool {
            let answer = d.say(
                "P1", "NotifyEVChargingSchedule",
                #"{"timeBase":"\#(d.now)","evseId":1,"selectedChargingScheduleId":1,"chargingSchedule":{"id":1,"duration":\#(left + 60),"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"setpoint":\#(setpoint)},{"startPeriod":\#(seconds),"limit":9000}]}}"#
            )
            return answer?.contains("Accepted") == true
        }
        #expect(charges(in: left - 1))
        #expect(!charges(in: left - 30))
    }
}
