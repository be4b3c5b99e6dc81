import OCPPMessages
import Testing

@Suite("Messages of all versions against their schemas") struct SchemaTests {
    @Test(arguments: OCPPVersion.allCases) func `every message of the version is among the samples`(
        _ version: OCPPVersion
    ) throws {
        let samples = try SamplePayload.valid(version)
        let requests = Set(samples.filter(\.isRequest).map(\.action))
        let responses = Set(samples.filter { !$0.isRequest }.map(\.action))
        switch version {
        case .v16:
            #expect(requests == Set(V16.Action.allCases.map(\.rawValue)) && responses == requests)
            #expect(requests.count == 39)
        case .v201, .v21:
            let actions = V2.Action.allCases.filter { $0.isIn(version) }
            #expect(actions.count == (version == .v201 ? 64 : 91))
            #expect(requests == Set(actions.map(\.rawValue)))
            #expect(responses == Set(actions.filter { !$0.isUnanswered }.map(\.rawValue)))
            #expect(actions.allSatisfy { $0.isFromStation || $0.isFromCentralSystem })
        }
    }

    @Test(arguments: OCPPVersion.allCases) func `a valid message is read without complaint and written as it came`(
        _ version: OCPPVersion
    ) throws {
        for sample in try SamplePayload.valid(version) {
            let reading = try sample.decode()
            #expect(reading.soft == [] && reading.hard == nil, "\(sample.testDescription)")
            let json = try #require(reading.json, "\(sample.testDescription)")
            #expect(Tree(json)?.plain == Tree(sample.payload)?.plain, "\(sample.testDescription)")
        }
    }

    @Test(arguments: OCPPVersion.allCases) func `each thing that is wrong is found, and only what is needed is refused`(
        _ version: OCPPVersion
    ) throws {
        for sample in try SamplePayload.broken(version) {
            let reading = try sample.decode()
            let fault = try #require(sample.fault)
            if sample.isHard {
                let hard = try #require(reading.hard, "\(sample.testDescription) was taken")
                #expect("\(hard.kind.rawValue) \(hard.path)" == fault)
            } else {
                #expect(reading.hard == nil, "\(sample.testDescription): \(String(describing: reading.hard))")
                #expect(reading.soft.map { "\($0.kind.rawValue) \($0.path)" } == [fault], "\(sample.testDescription)")
            }
        }
    }

    @Test func `what came with 2_1 is no part of 2_0_1`() {
        let faults = { (version: OCPPVersion, action: String, payload: String) in
            V2.validateRequest(action: action, payload: Array(payload.utf8), version: version)
                .map { "\($0.kind.rawValue) \($0.path)" }
        }
        #expect(faults(.v21, "UsePriorityCharging", #"{"transactionId":"T","activate":true}"#) == [])
        #expect(
            faults(.v201, "UsePriorityCharging", #"{"transactionId":"T","activate":true}"#) == ["unknownValue action"])
        let reset = #"{"type":"ImmediateAndResume"}"#
        #expect(faults(.v21, "Reset", reset) == [])
        #expect(faults(.v201, "Reset", reset) == ["unknownValue type"])
        let start = { (type: String, more: String) in
            #"{"remoteStartId":1,"idToken":{"idToken":"A","type":"\#(type)"\#(more)}}"#
        }
        #expect(faults(.v21, "RequestStartTransaction", start("VendorCard", "")) == [])
        #expect(faults(.v201, "RequestStartTransaction", start("VendorCard", "")) == ["unknownValue idToken.type"])
        #expect(
            faults(.v21, "RequestStartTransaction", start("A word of more than twenty", "")) == ["tooLong idToken.type"]
        )
        let setpoint =
            #"{"evseId":1,"chargingProfile":{"id":1,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","chargingSchedule":[{"id":1,"startSchedule":"2026-01-31T08:00:00Z","chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"operationMode":"CentralSetpoint","setpoint":-7000.5}]}]}}"#
        #expect(faults(.v21, "SetChargingProfile", setpoint) == [])
        let period = "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0]"
        #expect(
            faults(.v201, "SetChargingProfile", setpoint) == [
                "extraField \(period).operationMode", "extraField \(period).setpoint", "missing \(period).limit",
            ])
    }

    @Test func `a word that only another version has still means the same`() throws {
        let decoded = V2.Request.decode(
            .reset, payload: Array(#"{"type":"ImmediateAndResume"}"#.utf8).span, in: .v201)
        #expect(try decoded.result.get() == .reset(V2.ResetRequest(type: .immediateAndResume)))
    }

    @Test func `what a vendor adds is kept and can be read`() throws {
        let payload = #"{"customData":{"vendorId":"潮电","limit":1.50,"list":[1,{"a":null}]}}"#
        guard
            case .heartbeat(let beat) = try V2.Request.decode(.heartbeat, payload: Array(payload.utf8).span, in: .v21)
                .result.get()
        else { return #expect(Bool(false)) }
        let data = try #require(beat.customData)
        #expect(data.vendorId == "潮电")
        #expect(data.member("limit") == RawJSON("1.50"))
        #expect(data.member("list")?.text == #"[1,{"a":null}]"#)
        #expect(data.member("none") == nil)
        #expect(String(decoding: V2.Request.heartbeat(beat).json, as: UTF8.self) == payload)
        let own = V2.CustomData(vendorId: "V", members: [("power \"W\"", RawJSON(words: "7"))])
        #expect(String(decoding: own.json, as: UTF8.self) == #"{"vendorId":"V","power \"W\"":"7"}"#)
        #expect(own.member("power \"W\"") == RawJSON(#""7""#))
    }

    @Test(arguments: ["", "{", "1 2", "nul", "\u{1}"]) func `only whole JSON is raw JSON`(_ text: String) {
        #expect(RawJSON(text) == nil)
    }

    @Test func `a SEND is never answered`() {
        let decoded = V2.Response.decode(.notifyPeriodicEventStream, payload: Array("{}".utf8).span, in: .v21)
        guard case .failure(let fault) = decoded.result else { return #expect(Bool(false)) }
        #expect(fault.isHard && fault.detail.contains("never answered"))
    }
}
