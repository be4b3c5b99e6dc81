import Assets
import Charging
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// Vehicles that can give back (OCPP 2.1 block Q, K18 to K22), from the authorization to what holds them.
@Suite("Vehicles that give back") struct V2XTests {
    private static let everyWord = #"["DC","DC_BPT"]"#

    /// A DC pile of 22 kW (three phases) in a site; its first words are heard, its abilities read.
    private static func yard(
        site allowed: [String]? = nil,
        modes: String? = "ChargingOnly,CentralSetpoint,CentralFrequency,Idle,LocalFrequency",
        transfers: String? = nil
    ) -> Dialogue {
        var d = Dialogue()
        d.order(.putSite(Site(id: SiteID("S"), name: "Yard", tariffs: [], energyTransfer: allowed)))
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
        pass(&d, .seconds(30), modes: modes, transfers: transfers)
        return d
    }

    /// Time passes, and everything is taken; variables are answered. What was sent, as action and payload.
    @discardableResult static func pass(
        _ d: inout Dialogue, _ duration: Duration, modes: String? = nil, transfers: String? = nil
    ) -> [(action: String, payload: String)] {
        var sent: [(String, String)] = []
        let end = d.now + duration
        repeat {
            while let call = d.calls.first {
                sent.append((call.action, String(decoding: call.payload, as: UTF8.self)))
                let answer =
                    call.action == "GetVariables" ? variables(call, modes, transfers) : #"{"status":"Accepted"}"#
                d.settle(call, .answered(payload: Array(answer.utf8)))
            }
            guard d.now < end else { break }
            d.pass(.seconds(1))
        } while true
        return sent
    }

    private static func variables(_ call: StationCall, _ modes: String?, _ transfers: String?) -> String {
        guard
            case .success(.getVariables(let request)) = V2.Request.decode(
                .getVariables, payload: call.payload.span, in: .v21
            ).result
        else { return "{}" }
        let results = request.getVariableData.map { asked in
            let known: [String: String?] = [
                "Enabled": "true", "SupportedOperationModes": modes, "SupportedEnergyTransferModes": transfers,
            ]
            let value =
                asked.component.name == V2XAbilities.component && asked.component.evse?.id == 1
                ? known[asked.variable.name] ?? nil : nil
            return V2.GetVariableResult(
                attributeStatus: value == nil ? .unknownVariable : .accepted, component: asked.component,
                variable: asked.variable, attributeValue: value)
        }
        return String(decoding: V2.GetVariablesResponse(getVariableResult: results).json, as: UTF8.self)
    }

    private static func authorize(_ d: inout Dialogue, vehicle: String? = nil) -> String {
        let more = vehicle.map { #","additionalInfo":[{"additionalIdToken":"\#($0)","type":"EVCCID"}]"# } ?? ""
        return d.say("P1", "Authorize", #"{"idToken":{"idToken":"T1","type":"ISO14443"\#(more)}}"#) ?? ""
    }

    private static func start(_ d: inout Dialogue, vehicle: String? = nil) {
        let more = vehicle.map { #","additionalInfo":[{"additionalIdToken":"\#($0)","type":"EVCCID"}]"# } ?? ""
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Started","timestamp":"\#(d.now)","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"tx","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"T1","type":"ISO14443"\#(more)},"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":1000}]}]}"#
        )
    }

    private static func meter(_ d: inout Dialogue, wh: Int) {
        d.say(
            "P1", "MeterValues",
            #"{"evseId":1,"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(wh)}]}]}"#)
    }

    private static func needs(_ d: inout Dialogue, _ transfer: String, more: String = "") -> String {
        d.say(
            "P1", "NotifyEVChargingNeeds",
            #"{"evseId":1,"maxScheduleTuples":12,"chargingNeeds":{"requestedEnergyTransfer":"\#(transfer)","availableEnergyTransfer":["DC","DC_BPT"],"controlMode":"DynamicControl","mobilityNeedsMode":"EVCC_SECC","departureTime":"\#(d.now + .hours(8))","v2xChargingParameters":{"minChargePower":1000,"maxChargePower":22000,"minDischargePower":500,"maxDischargePower":11000,"evTargetEnergyRequest":20000,"evMinEnergyRequest":-5000,"evMaxEnergyRequest":40000,"evMinV2XEnergyRequest":-10000.5,"evMaxV2XEnergyRequest":30000\#(more)}}}"#
        ) ?? ""
    }

    private static func permit(_ d: inout Dialogue, _ words: [String]?) {
        d.order(.putIdToken(IdToken(value: "T1", status: .accepted, energyTransfer: words)))
    }

    static func session(_ d: Dialogue) throws -> Session { try #require(d.disk.sessions.values.first) }

    // MARK: Permission

    @Test func `who may give back is told with the authorization, and nothing where nobody said`() {
        var d = Self.yard()
        #expect(!Self.authorize(&d).contains("allowedEnergyTransfer"))
        Self.permit(&d, ["DC", "DC_BPT"])
        #expect(Self.authorize(&d).contains(#""allowedEnergyTransfer":["DC","DC_BPT"]"#))
        // A vehicle's own record goes before its driver's card.
        d.order(.putIdToken(IdToken(value: "EV1", status: .accepted, energyTransfer: ["DC"])))
        #expect(Self.authorize(&d, vehicle: "EV1").contains(#""allowedEnergyTransfer":["DC"]"#))
        d.order(.putIdToken(IdToken(value: "EV1", status: .blocked, energyTransfer: ["DC"])))
        #expect(Self.authorize(&d, vehicle: "EV1").contains(#""allowedEnergyTransfer":["DC","DC_BPT"]"#))
        // A site's word holds where no token says more.
        var sited = Self.yard(site: ["DC_BPT"])
        #expect(Self.authorize(&sited).contains(#""allowedEnergyTransfer":["DC_BPT"]"#))
        // A refused card is told nothing.
        d.order(.putIdToken(IdToken(value: "T1", status: .blocked, energyTransfer: ["DC_BPT"])))
        #expect(!Self.authorize(&d).contains("allowedEnergyTransfer"))
    }

    @Test func `2_0_1 is never told`() {
        var d = Dialogue()
        d.token("T1")
        Self.permit(&d, ["DC_BPT"])
        d.connect("P1", .v201)
        #expect(!Self.authorize(&d).contains("allowedEnergyTransfer"))
    }

    @Test func `a permission that comes late is told once, and one taken back counts at once`() throws {
        var d = Self.yard()
        _ = Self.authorize(&d)
        Self.start(&d)
        #expect(Self.needs(&d, "DC").contains("Accepted"))
        #expect(try Self.session(d).v2x?.isBidirectional == false)
        Self.pass(&d, .seconds(5))
        Self.permit(&d, ["DC", "DC_BPT"])
        let told = Self.pass(&d, .seconds(5)).filter { $0.action == "NotifyAllowedEnergyTransfer" }
        #expect(told.map(\.payload) == [#"{"transactionId":"tx","allowedEnergyTransfer":["DC","DC_BPT"]}"#])
        #expect(try Self.session(d).dialogue?.allowed == ["DC", "DC_BPT"])
        // Its vehicle asks for more now.
        #expect(Self.needs(&d, "DC_BPT").contains("Accepted"))
        #expect(try Self.session(d).v2x?.isBidirectional == true)
        Self.permit(&d, nil)
        #expect(try Self.session(d).v2x?.transfer == "DC", "before the station has answered")
        let taken = Self.pass(&d, .seconds(5)).filter { $0.action == "NotifyAllowedEnergyTransfer" }
        #expect(taken.count == 1 && taken.first?.payload.contains("BPT") == false)
        #expect(Self.pass(&d, .minutes(2)).allSatisfy { $0.action != "NotifyAllowedEnergyTransfer" })
    }

    @Test func `a permission that a station refused, or never heard, is told again when it comes back`() throws {
        var d = Self.yard()
        Self.start(&d)
        Self.permit(&d, ["DC_BPT"])
        d.answer("P1", "NotifyAllowedEnergyTransfer", #"{"status":"Rejected"}"#)
        #expect(try Self.session(d).dialogue?.allowed == nil)
        d.disconnect("P1")
        d.restart()
        d.connect("P1", .v21)
        Self.pass(&d, .seconds(1))
        #expect(try Self.session(d).dialogue?.allowed == ["DC_BPT"])
    }

    // MARK: Needs

    @Test func `what waited in a station's queue while its vehicle spoke moves the vehicle's energies`() throws {
        var d = Self.yard(site: ["DC_BPT"])
        _ = Self.authorize(&d, vehicle: "WMIV1234567890ABC")
        Self.start(&d, vehicle: "WMIV1234567890ABC")
        func meter(_ wh: Int, age: Duration) {
            d.say(
                "P1", "MeterValues",
                #"{"evseId":1,"meterValue":[{"timestamp":"\#(d.now - age)","sampledValue":[{"value":\#(wh)},{"value":11000,"measurand":"Power.Active.Import"}]}]}"#
            )
        }
        d.pass(.minutes(2))
        meter(2000, age: .zero)
        d.pass(.minutes(2))
        // Its battery has what it charged meanwhile; nobody here knows of it yet.
        #expect(Self.needs(&d, "DC_BPT").contains("Accepted"))
        #expect(try Self.session(d).v2x?.minimum == .wattHours(-4000))
        meter(2800, age: .seconds(90))
        meter(3500, age: .seconds(10))
        let moved = try #require(try Self.session(d).v2x)
        #expect(moved.minimum == .wattHours(-2500) && moved.importedThen == .wattHours(2500))
        #expect(try Self.session(d).needs?.energy == .wattHours(22_500), "what its driver wants, too")
        d.pass(.seconds(5))
        meter(3600, age: .zero)
        #expect(try Self.session(d).v2x == moved)
    }

    /// A pile that waits takes 40 W: a kilowatt-hour a day went through the meter and into no battery, and was taken out of one.
    @Test(arguments: [Duration.seconds(10), .seconds(60)])
    func `what a pile takes for itself is in no battery`(interval: Duration) throws {
        var d = Self.yard(site: ["DC_BPT"])
        _ = Self.authorize(&d, vehicle: "WMIV1234567890ABC")
        Self.start(&d, vehicle: "WMIV1234567890ABC")
        #expect(Self.needs(&d, "DC_BPT").contains("Accepted"))
        var register = 1000.0
        func run(_ power: Double, for time: Duration) {
            for _ in 0..<Int(time / interval) {
                d.pass(interval)
                register += power * (interval / .seconds(3600))
                // Whole watt-hours, as most registers are.
                Self.meter(&d, wh: Int(register))
            }
        }
        // What it knows, not what it has written last.
        func session() throws -> Session {
            let station = try #require(d.core.stations.first { $0.station.id.value == "P1" })
            return try #require(station.sessions.last)
        }
        run(40, for: .hours(6))
        #expect(try session().imported == .wattHours(Int64(register) - 1000))
        #expect(try d.core.stored(session()) < .wattHours(5))
        run(11_000, for: .hours(1))
        let charged = try d.core.stored(session())
        #expect(charged > .wattHours(10_200) && charged < .wattHours(10_500), "\(charged)")
        run(40, for: .hours(3))
        #expect(try d.core.stored(session()) - charged < .wattHours(5))
        // The first reading after the pause holds what was charged since it ended.
        let paused = try d.core.stored(session())
        run(11_000, for: interval)
        let first = try d.core.stored(session()) - paused
        let flowed = Power.watts(11_000).energy(over: interval)
        #expect(first.milliwattHours > flowed.milliwattHours * 9 / 10 - 2000, "\(first) of \(flowed)")
        let id = try session().id
        d.restart()
        #expect(d.session(id.value)?.v2x?.ownUse ?? .zero > .wattHours(340))
    }

    /// Else a plan would give at a flat price what the valley behind the departure is to bring back.
    @Test func `nobody is planned to stay longer than was stated, and who should be gone gives nothing`() throws {
        var d = Self.yard(site: ["DC_BPT"])
        _ = Self.authorize(&d, vehicle: "WMIV1234567890ABC")
        Self.start(&d, vehicle: "WMIV1234567890ABC")
        d.say(
            "P1", "StatusNotification",
            #"{"timestamp":"\#(d.now)","connectorStatus":"Occupied","evseId":1,"connectorId":1}"#)
        #expect(Self.needs(&d, "DC_BPT").contains("Accepted"))
        Self.pass(&d, .seconds(30))
        let stated = try #require(Self.session(d).needs?.departure)
        func candidate() throws -> Core.Candidate {
            var core = d.core
            return try #require(core.planningBasis(site: 0, at: d.now).candidates.first)
        }
        #expect(try candidate().vehicle.maxDischarge > 0)
        Self.pass(&d, stated - d.now - .minutes(10))
        #expect(try candidate().key.departure == stated)
        Self.pass(&d, .minutes(16))
        let overdue = try candidate()
        #expect(overdue.key.departure > d.now && overdue.vehicle.maxDischarge == 0)
    }

    @Test func `what a vehicle says is kept as net energy since plug-in, over a restart`() throws {
        var d = Self.yard(site: ["DC_BPT"])
        _ = Self.authorize(&d, vehicle: "WMIV1234567890ABC")
        Self.start(&d, vehicle: "WMIV1234567890ABC")
        d.pass(.minutes(10))
        Self.meter(&d, wh: 4000)
        #expect(Self.needs(&d, "DC_BPT", more: #","maxChargePower_L2":1"#).contains("Accepted"))
        let kept = try Self.session(d)
        let v2x = try #require(kept.v2x)
        #expect(v2x.transfer == "DC_BPT" && v2x.isBidirectional && v2x.control == .dynamic)
        #expect(v2x.target == .kilowattHours(23) && v2x.minimum == .wattHours(-2000))
        #expect(v2x.maximum == .kilowattHours(43) && v2x.maximumV2X == .kilowattHours(33))
        #expect(v2x.minimumV2X == .wattHours(-7000), "half a watt-hour is none")
        #expect(v2x.mostCharge == .watts(22_001) && v2x.mostDischarge == .kilowatts(11), "phases add up")
        #expect(kept.needs?.energy == .kilowattHours(23) && kept.needs?.minimum == nil)
        #expect(kept.dialogue?.vehicle == "WMIV1234567890ABC")
        #expect(kept.dialogue?.offer?.phases == ["maxChargePower_L2"] && kept.dialogue?.offer?.mostTuples == 12)
        d.restart()
        #expect(d.session(kept.id.value)?.v2x == v2x && d.session(kept.id.value)?.dialogue == kept.dialogue)
    }

    @Test func `a transfer that nobody allows charges only, one that is excluded or unknown is rejected`() throws {
        var d = Self.yard()
        Self.start(&d)
        #expect(Self.needs(&d, "DC_BPT").contains("Accepted"))
        #expect(try Self.session(d).v2x?.transfer == "DC" && Self.session(d).dialogue?.offer?.requested == "DC_BPT")
        var excluded = Self.yard(site: ["AC_BPT"])
        Self.start(&excluded)
        #expect(Self.needs(&excluded, "DC_BPT").contains(#""reasonCode":"InvalidValue""#))
        #expect(try Self.session(excluded).v2x == nil && Self.session(excluded).needs == nil)
        var unknown = Self.yard(site: ["DC_BPT"], transfers: "DC")
        Self.start(&unknown)
        #expect(Self.needs(&unknown, "DC_BPT").contains(#""reasonCode":"UnsupportedParam""#))
        // Who may give back may also only charge.
        #expect(Self.needs(&unknown, "DC").contains("Accepted"))
        var idle = Self.yard()
        #expect(Self.needs(&idle, "DC").contains(#""reasonCode":"TxNotFound""#))
    }

    @Test func `absurd numbers of a vehicle are none`() throws {
        var d = Self.yard(site: ["DC_BPT"])
        Self.start(&d)
        d.say(
            "P1", "NotifyEVChargingNeeds",
            #"{"evseId":1,"chargingNeeds":{"requestedEnergyTransfer":"DC_BPT","v2xChargingParameters":{"maxChargePower":1e17,"maxDischargePower":-5,"evTargetEnergyRequest":1e16,"evMinEnergyRequest":-9e17}}}"#
        )
        let v2x = try #require(try Self.session(d).v2x)
        #expect(v2x.mostCharge == nil && v2x.mostDischarge == nil && v2x.target == nil && v2x.minimum == nil)
    }

    // MARK: What a station can

    @Test func `abilities are read once, kept, and proven by a vehicle`() throws {
        var d = Self.yard()
        let slot = try #require(d.core.stations.first)
        #expect(slot.supports(mode: "CentralSetpoint", evse: 1) && slot.supports(mode: "LocalFrequency", evse: 1))
        #expect(!slot.supports(mode: "LocalLoadBalancing", evse: 1) && !slot.supports(mode: "Idle", evse: 2))
        d.restart()
        #expect(d.core.stations.first?.supports(mode: "LocalFrequency", evse: 1) == true)
        var silent = Self.yard(modes: nil)
        silent.restart()
        #expect(silent.core.stations.first?.supports(mode: "LocalFrequency", evse: 1) == false)
        // Without a word of its own a station shows it by a vehicle.
        var proven = Dialogue()
        proven.token("T1")
        proven.connect("P1", .v21)
        #expect(proven.core.stations.first?.supports(mode: "CentralSetpoint", evse: 1) == false)
        Self.start(&proven)
        _ = Self.needs(&proven, "DC")
        #expect(proven.core.stations.first?.supports(mode: "CentralSetpoint", evse: 1) == true)
    }

    // MARK: Orders

    /// A session that may give back.
    static func bidirectional(
        modes: String? = "ChargingOnly,CentralSetpoint,CentralFrequency,Idle,LocalFrequency"
    )
        throws -> (Dialogue, Session.ID)
    {
        var d = yard(site: ["DC_BPT"], modes: modes)
        start(&d)
        _ = needs(&d, "DC_BPT")
        pass(&d, .seconds(5))
        return (d, try session(d).id)
    }

    static func fields(_ result: Result<OrderResult, ServiceFault>) -> String {
        guard case .failure(let fault) = result else { return "" }
        return fault.fields.map { $0.path + ": " + $0.problem }.joined(separator: "; ") + " " + fault.code
    }

    @Test func `a mode that a person orders holds above the platform's profile, until it is ended`() throws {
        var (d, id) = try Self.bidirectional()
        var wish = OperationWish(.localFrequency)
        wish.baseline = .kilowatts(-2)
        wish.frequencyCurve = [
            .init(millihertz: 49_800, power: .kilowatts(-10)), .init(millihertz: 50_200, power: .kilowatts(10)),
        ]
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        let set = try #require(d.calls.first { $0.action == "SetChargingProfile" })
        let sent = String(decoding: set.payload, as: UTF8.self)
        #expect(
            sent.contains(#""id":7300001"#) && sent.contains(#""stackLevel":8"#)
                && sent.contains(#""transactionId":"tx""#))
        #expect(sent.contains(#""v2xBaseline":-2000"#) && sent.contains(#"{"frequency":49.800,"power":-10000}"#))
        #expect(sent.contains(#""maxOfflineDuration":60"#) && sent.contains(#""duration":3600"#))
        d.answer("P1", "SetChargingProfile", #"{"status":"Accepted"}"#)
        #expect(d.core.activeSession(id, at: d.now)?.operation?.mode == "LocalFrequency")
        #expect(d.core.activeSession(id, at: d.now)?.operation?.isManual == true)
        d.restart()
        #expect(d.core.activeSession(id, at: d.now)?.operation?.isManual == true)
        #expect(d.core.activeSession(id, at: d.now + .hours(2))?.operation?.isManual != true, "it ends by itself")
        d.connect("P1", .v21)
        d.order(.v2x(.mode(id, OperationWish(.centralSetpoint), timeout: .seconds(30))))
        #expect(
            Self.pass(&d, .seconds(1)).contains {
                $0.action == "ClearChargingProfile" && $0.payload == #"{"chargingProfileId":7300001}"#
            })
        #expect(d.core.activeSession(id, at: d.now)?.operation?.isManual != true)
    }

    @Test func `what breaks a rule is refused with it, and nothing is sent`() throws {
        var (d, id) = try Self.bidirectional()
        func order(_ wish: OperationWish) -> String {
            Self.fields(d.order(.v2x(.mode(id, wish, timeout: .seconds(30)))))
        }
        #expect(order(OperationWish(.localLoadBalancing)).contains("K01.FR.115"))
        #expect(order(OperationWish(.centralFrequency)).contains("needs a setpoint"))
        #expect(order(OperationWish(.localFrequency)).contains("baseline"))
        var curve = OperationWish(.localFrequency)
        curve.baseline = .zero
        curve.frequencyCurve = [.init(millihertz: 50_000, power: .zero)]
        #expect(order(curve).contains("two points"))
        var limited = OperationWish(.idle)
        limited.limit = .kilowatts(3)
        #expect(order(limited).contains("Idle has neither"))
        #expect(!d.calls.contains { $0.action == "SetChargingProfile" })

        func raw(_ period: String, id: Int = 5, level: Int = 4, unit: String = "W") -> String {
            Self.fields(
                d.order(
                    .command(
                        StationID("P1"), action: "SetChargingProfile",
                        payload: Array(
                            #"{"evseId":1,"chargingProfile":{"id":\#(id),"stackLevel":\#(level),"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative","transactionId":"tx","chargingSchedule":[{"id":1,"chargingRateUnit":"\#(unit)","chargingSchedulePeriod":[\#(period)]}]}}"#
                                .utf8), timeout: .seconds(30))))
        }
        #expect(raw(#"{"startPeriod":0,"limit":5000,"limit_L2":4000}"#).contains("K01.FR.142"))
        #expect(
            raw(#"{"startPeriod":0,"setpoint":5000,"setpoint_L3":1,"operationMode":"CentralSetpoint"}"#).contains(
                "V2X.08"))
        #expect(raw(#"{"startPeriod":0,"limit":5000}"#) == "")
        Self.pass(&d, .seconds(2))
        // The same again is a replacement, another one of the level is none.
        #expect(raw(#"{"startPeriod":0,"limit":6000}"#) == "")
        #expect(raw(#"{"startPeriod":0,"limit":6000}"#, id: 6).contains("K01.FR.06"))
        #expect(raw(#"{"startPeriod":0,"limit":6000}"#, id: 6, level: 5) == "")
        // Nobody is told to give back who may not.
        d.order(.putSite(Site(id: SiteID("S"), name: "Yard", tariffs: [])))
        #expect(
            raw(#"{"startPeriod":0,"setpoint":-5000,"operationMode":"CentralSetpoint"}"#, id: 7, level: 6).contains(
                "Q02.FR.02"))
    }

    @Test func `values that a Dynamic profile's mode does not have, or its vehicle may not follow, are not sent`()
        throws
    {
        var (d, id) = try Self.bidirectional()
        func update(_ values: String, of profile: Int = 7_300_001) -> String {
            Self.fields(
                d.order(
                    .command(
                        StationID("P1"), action: "UpdateDynamicSchedule",
                        payload: Array(#"{"chargingProfileId":\#(profile),"scheduleUpdate":{\#(values)}}"#.utf8),
                        timeout: .seconds(30))))
        }
        #expect(update(#""limit":1"#, of: 99) == "", "what nobody knows, the station may know")
        var wish = OperationWish(.centralFrequency)
        wish.setpoint = .kilowatts(-4)
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        #expect(update(#""setpoint":-3000"#) == "")
        #expect(
            update(#""limit":3000"#).contains("scheduleUpdate.limit: a profile in mode CentralFrequency has no limit"))
        #expect(update(#""setpoint":3000,"setpoint_L2":1"#).contains("V2X.08"))
        var local = OperationWish(.localFrequency)
        local.baseline = .zero
        local.frequencyCurve = [.init(millihertz: 49_000, power: .zero), .init(millihertz: 51_000, power: .zero)]
        d.order(.v2x(.mode(id, local, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        #expect(update(#""setpoint":1"#).contains("only a Dynamic one"))
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        d.order(.putSite(Site(id: SiteID("S"), name: "Yard", tariffs: [])))
        #expect(update(#""setpoint":-3000"#).contains("Q02.FR.02"))
        #expect(update(#""setpoint":3000"#) == "")
    }

    @Test func `a signal needs a curve for it where the mode is known`() throws {
        var (d, id) = try Self.bidirectional()
        func signal() -> String {
            Self.fields(d.order(.v2x(.signal(StationID("P1"), 5, at: nil, timeout: .seconds(30)))))
        }
        #expect(signal() == "", "nobody knows what the station holds")
        #expect(
            Self.pass(&d, .seconds(1)).contains { $0.action == "AFRRSignal" && $0.payload.contains(#""signal":5"#) })
        var wish = OperationWish(.localFrequency)
        wish.baseline = .zero
        wish.frequencyCurve = [.init(millihertz: 49_000, power: .zero), .init(millihertz: 51_000, power: .zero)]
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        #expect(signal().contains("Q08.FR.11"))
        wish.signalCurve = [.init(signal: -10, power: .kilowatts(-1)), .init(signal: 10, power: .kilowatts(1))]
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        #expect(signal() == "")
    }

    @Test func `priority charging installs its profile once, and the session is charged at once while it is on`() throws
    {
        var (d, id) = try Self.bidirectional()
        d.order(.v2x(.priority(id, isOn: true, limit: nil, timeout: .seconds(30))))
        let sent = Self.pass(&d, .seconds(1)).filter {
            $0.payload.contains("Priority") || $0.action == "UsePriorityCharging"
        }
        #expect(sent.map(\.action) == ["SetChargingProfile", "UsePriorityCharging"])
        #expect(sent.first?.payload.contains(#""chargingProfilePurpose":"PriorityCharging""#) == true)
        #expect(sent.first?.payload.contains("duration") == false)
        #expect(try Self.session(d).needs?.chargeNow == false, "the station has not told yet")
        func notify(_ isOn: Bool) {
            d.say("P1", "NotifyPriorityCharging", #"{"transactionId":"tx","activated":\#(isOn)}"#)
        }
        notify(true)
        #expect(try Self.session(d).needs?.chargeNow == true)
        #expect(try Self.session(d).dialogue?.priority?.isLocal == false)
        // Needs told meanwhile do not end it.
        _ = Self.needs(&d, "DC_BPT")
        #expect(try Self.session(d).needs?.chargeNow == true)
        d.order(.v2x(.priority(id, isOn: false, limit: nil, timeout: .seconds(30))))
        #expect(Self.pass(&d, .seconds(1)).contains { $0.payload == #"{"transactionId":"tx","activate":false}"# })
        notify(false)
        #expect(try Self.session(d).needs?.chargeNow == false)
        // Somebody at the pile.
        notify(true)
        #expect(try Self.session(d).dialogue?.priority?.isLocal == true)
        d.order(.v2x(.priority(id, isOn: true, limit: nil, timeout: .seconds(30))))
        #expect(
            !Self.pass(&d, .seconds(1)).contains {
                $0.action == "SetChargingProfile" && $0.payload.contains("Priority")
            })
    }

    @Test func `a Dynamic profile keeps the values of its updates, and dies with its time`() throws {
        var (d, id) = try Self.bidirectional()
        var wish = OperationWish(.centralFrequency)
        wish.setpoint = .kilowatts(-4)
        wish.duration = .seconds(60)
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        #expect(d.core.activeSession(id, at: d.now)?.operation?.setpoint == .kilowatts(-4))
        d.order(
            .command(
                StationID("P1"), action: "UpdateDynamicSchedule",
                payload: Array(#"{"chargingProfileId":7300001,"scheduleUpdate":{"setpoint":2500}}"#.utf8),
                timeout: .seconds(30)))
        d.pass(.seconds(40))
        Self.pass(&d, .seconds(1))
        #expect(d.core.activeSession(id, at: d.now + .seconds(50))?.operation?.setpoint == .watts(2500))
        #expect(d.core.activeSession(id, at: d.now + .seconds(70))?.operation?.isManual != true)
    }

    // MARK: Schedules and prices

    private static func course(_ d: inout Dialogue, _ period: String) -> String {
        d.say(
            "P1", "NotifyEVChargingSchedule",
            #"{"timeBase":"\#(d.now)","evseId":1,"selectedChargingScheduleId":1,"powerToleranceAcceptance":true,"chargingSchedule":{"id":1,"duration":240,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,\#(period)}]}}"#
        ) ?? ""
    }

    @Test func `a schedule that gives back more than is allowed is rejected, and the limit told again`() throws {
        var (d, id) = try Self.bidirectional(modes: "ChargingOnly,CentralSetpoint,ExternalLimits")
        // By the platform's profile it only charges.
        #expect(Self.course(&d, #""limit":0,"setpoint":-3000"#).contains("Rejected"))
        let told = Self.pass(&d, .seconds(3))
        #expect(told.contains { ["SetChargingProfile", "UpdateDynamicSchedule"].contains($0.action) })
        #expect(try Self.session(d).dialogue?.course?.fits == false)
        var wish = OperationWish(.externalLimits)
        wish.limit = .kilowatts(10)
        wish.dischargeLimit = .kilowatts(-4)
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        #expect(Self.course(&d, #""setpoint":-3000"#).contains("Accepted"))
        #expect(Self.course(&d, #""setpoint":-5000"#).contains("Rejected"))
        let course = try #require(try Self.session(d).dialogue?.course)
        #expect(
            course.selected == 1 && course.keepsTolerance == true && course.steps == [.init(seconds: 0, watts: -5000)])
    }

    @Test func `a vehicle in scheduled control is told prices of both directions with its limit`() throws {
        var d = Self.yard()
        d.order(
            .putSite(
                Site(
                    id: SiteID("S"), name: "Yard",
                    tariffs: [
                        .init(from: CivilDay(year: 2025, month: 1, day: 1)!, tariff: "cn/hubei/residential-charging")
                    ],
                    exportTariffs: [
                        .init(from: CivilDay(year: 2025, month: 1, day: 1)!, tariff: "cn/guangdong/v2g-discharge")
                    ])))
        Self.start(&d)
        Self.pass(&d, .seconds(5))
        d.say(
            "P1", "NotifyEVChargingNeeds",
            #"{"evseId":1,"maxScheduleTuples":4,"chargingNeeds":{"requestedEnergyTransfer":"DC","controlMode":"ScheduledControl","departureTime":"\#(d.now + .hours(20))","v2xChargingParameters":{"maxChargePower":22000}}}"#
        )
        let sent = Self.pass(&d, .seconds(3)).filter {
            $0.action == "SetChargingProfile" && $0.payload.contains("TxProfile")
        }
        let text = try #require(sent.last?.payload)
        guard
            case .success(.setChargingProfile(let request)) = V2.Request.decode(
                .setChargingProfile, payload: Array(text.utf8).span, in: .v21
            ).result
        else { return #expect(Bool(false)) }
        let prices = try #require(request.chargingProfile.chargingSchedule.first?.absolutePriceSchedule)
        #expect((1...3).contains(prices.priceRuleStacks.count), "no more entries than the vehicle takes")
        let first = try #require(prices.priceRuleStacks.first?.priceRule)
        #expect(first.last?.powerRangeStart.value == 0 && (first.last?.energyFee.value ?? 0) > 0)
        #expect(first.last?.energyFee.exponent == -4)
        #expect(V2.Request.setChargingProfile(request).conflicts.isEmpty)
    }

    @Test func `limits of others hold in both directions, local generation lies on top`() throws {
        var (d, id) = try Self.bidirectional(modes: "ChargingOnly,CentralSetpoint,ExternalLimits")
        var wish = OperationWish(.externalLimits)
        wish.limit = .kilowatts(10)
        wish.dischargeLimit = .kilowatts(-8)
        d.order(.v2x(.mode(id, wish, timeout: .seconds(30))))
        Self.pass(&d, .seconds(1))
        func notice(_ source: String, _ period: String, generation: Bool = false) {
            d.say(
                "P1", "NotifyChargingLimit",
                #"{"evseId":1,"chargingLimit":{"chargingLimitSource":"\#(source)","isGridCritical":false,"isLocalGeneration":\#(generation)},"chargingSchedule":[{"id":1,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,\#(period)}]}]}"#
            )
        }
        notice("EMS", #""limit":9000,"dischargeLimit":-3000,"operationMode":"ExternalLimits""#)
        notice("SO", #""limit":12000,"dischargeLimit":-5000,"operationMode":"ExternalLimits""#)
        let held = try #require(d.core.activeSession(id, at: d.now + .seconds(1))?.operation)
        #expect(held.limit == .kilowatts(9) && held.dischargeLimit == .kilowatts(-3))
        notice("Other", #""limit":1500"#, generation: true)
        #expect(d.core.activeSession(id, at: d.now + .seconds(1))?.operation?.limit == .watts(10_500))
    }

    // MARK: Texts for the disk

    @Test(arguments: 0..<200) func `what is written is what is read`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func maybe<T>(_ value: T) -> T? { random.next() % 3 == 0 ? nil : value }
        func number(_ most: Int64) -> Int64 { Int64(random.next() % UInt64(most * 2)) - most }
        func at() -> Instant { Instant(milliseconds: abs(number(2_000_000_000_000))) }
        var told = V2XParameters(
            transfer: EnergyTransfer.words[Int(random.next() % 11)],
            control: random.next() % 2 == 0 ? .dynamic : .scheduled,
            leastCharge: maybe(.watts(number(9999))), mostDischarge: maybe(.watts(number(99_999))),
            target: maybe(.wattHours(number(90_000))), minimum: maybe(.wattHours(number(90_000))),
            maximumV2X: maybe(.wattHours(number(90_000))), toldAt: at())
        told.ownUse = maybe(.wattHours(abs(number(900)))) ?? .zero
        #expect(V2XParameters(texts: told.texts) == told)
        var dialogue = VehicleDialogue(vehicle: maybe("EVCC:\"é,"))
        dialogue.allowed = maybe(["DC", "DC_BPT"])
        dialogue.askedPriority = maybe(random.next() % 2 == 0)
        dialogue.priority = maybe(.init(isOn: random.next() % 2 == 0, at: at(), isLocal: random.next() % 2 == 0))
        var offer = VehicleOffer(
            requested: "DC_BPT", available: maybe(["DC", "WPT"]) ?? [], mobility: maybe("EVCC"),
            mostTuples: maybe(Int(number(900))), phases: maybe(["maxChargePower_L2"]) ?? [],
            der: maybe(#"{"evSupportedDERControl":["FreqDroop"]}"#), at: at())
        offer.power = maybe(
            .init(
                start: at(), steps: (0..<Int(random.next() % 4)).map { .init(seconds: $0 * 60, watts: number(9_000)) }))
        offer.price = maybe(
            .init(
                start: at(), currency: "CNY", algorithm: "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
                steps: [
                    .init(seconds: 60, rules: [.init(fee: "-0.25", from: 0), .init(fee: "1E+2", from: 5000)]),
                    .init(seconds: 30, rules: []),
                ]))
        dialogue.offer = maybe(offer)
        dialogue.course = maybe(
            VehicleCourse(
                selected: maybe(2), keepsTolerance: maybe(true), start: at(),
                steps: [.init(seconds: 0, watts: -5000), .init(seconds: 900, watts: 0)], fits: random.next() % 2 == 0,
                at: at()))
        #expect(VehicleDialogue(texts: dialogue.texts) == dialogue)
        var abilities = V2XAbilities()
        abilities.isEnabled = maybe(true)
        abilities.hasVehicle = random.next() % 2 == 0
        abilities.modes = maybe([0: ["Idle"], 2: []]) ?? [:]
        abilities.transfers = maybe([1: ["DC", "DC_BPT"]]) ?? [:]
        abilities.balancing = maybe([1: ["UpperThreshold": -1500]]) ?? [:]
        #expect(V2XAbilities(texts: abilities.texts) == abilities)
    }
}
