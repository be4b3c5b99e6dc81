import OCPPMessages
import Quantities
import Testing

private func decode(_ action: V16.Action, _ text: String) -> Decoded<V16.Request> {
    V16.Request.decode(action, payload: Array(text.utf8).span)
}

/// What stations in the field send, one row a deviation: all of it decodes, and says what was wrong.
struct Deviation: Sendable, CustomTestStringConvertible {
    let what: String
    let action: V16.Action
    let payload: String
    let faults: [String]
    var testDescription: String { what }

    static let all = [
        Deviation(
            what: "null payload of an old station", action: .heartbeat, payload: "null", faults: ["null "]),
        Deviation(
            what: "over-long serial number", action: .bootNotification,
            payload:
                #"{"chargePointVendor":"V","chargePointModel":"M","chargePointSerialNumber":"12345678901234567890123456"}"#,
            faults: ["tooLong chargePointSerialNumber"]),
        Deviation(
            what: "object where text is due", action: .dataTransfer,
            payload: #"{"vendorId":"V","data":{"a":[1]}}"#, faults: ["wrongType data"]),
        Deviation(
            what: "number in quotes", action: .startTransaction,
            payload: #"{"connectorId":"1","idTag":"A","meterStart":"1500","timestamp":"2026-01-31T08:00:00Z"}"#,
            faults: ["wrongType connectorId", "wrongType meterStart"]),
        Deviation(
            what: "fraction of a watt-hour in a register", action: .startTransaction,
            payload: #"{"connectorId":1,"idTag":"A","meterStart":1500.7,"timestamp":"2026-01-31T08:00:00Z"}"#,
            faults: ["wrongType meterStart"]),
        Deviation(
            what: "number where a tag is due", action: .authorize, payload: #"{"idTag":12345}"#,
            faults: ["wrongType idTag"]),
        Deviation(
            what: "unknown measurand and unit", action: .meterValues,
            payload:
                #"{"connectorId":1,"meterValue":[{"timestamp":"2026-01-31T08:00:00Z","sampledValue":[{"value":"1","measurand":"Request.Energy","unit":"Hz"}]}]}"#,
            faults: [
                "unknownValue meterValue[0].sampledValue[0].measurand",
                "unknownValue meterValue[0].sampledValue[0].unit",
            ]),
        Deviation(
            what: "one element instead of a list", action: .meterValues,
            payload:
                #"{"connectorId":1,"meterValue":{"timestamp":"2026-01-31T08:00:00Z","sampledValue":[{"value":"1"}]}}"#,
            faults: ["wrongType meterValue"]),
        Deviation(
            what: "one sample of two unusable", action: .meterValues,
            payload:
                #"{"connectorId":1,"meterValue":[{"timestamp":"2026-01-31T08:00:00Z","sampledValue":[{"unit":"Wh"},{"value":"1"}]}]}"#,
            faults: ["missing meterValue[0].sampledValue[0].value"]),
        Deviation(
            what: "no zone", action: .statusNotification,
            payload: #"{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2026-01-31T08:00:00"}"#,
            faults: ["badTimestamp timestamp"]),
        Deviation(
            what: "space instead of T", action: .statusNotification,
            payload:
                #"{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2026-01-31 08:00:00Z"}"#,
            faults: ["badTimestamp timestamp"]),
        Deviation(
            what: "clock before the first sync", action: .statusNotification,
            payload:
                #"{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"1970-01-01T00:00:12Z"}"#,
            faults: ["unsetClock timestamp"]),
        Deviation(
            what: "unreadable optional time", action: .statusNotification,
            payload: #"{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"yesterday"}"#,
            faults: ["badTimestamp timestamp"]),
        Deviation(
            what: "null for an optional field", action: .statusNotification,
            payload: #"{"connectorId":1,"errorCode":"NoError","status":"Available","info":null}"#, faults: ["null info"]
        ),
        Deviation(
            what: "a field of its own", action: .statusNotification,
            payload: #"{"connectorId":1,"errorCode":"NoError","status":"Available","phase":{"x":[1,2]}}"#,
            faults: ["extraField phase"]),
        Deviation(
            what: "unknown status", action: .statusNotification,
            payload: #"{"connectorId":1,"errorCode":"NoError","status":"Occupied"}"#, faults: ["unknownValue status"]),
        Deviation(
            what: "the same key twice", action: .authorize, payload: #"{"idTag":"A","idTag":"B"}"#,
            faults: ["repeated idTag"]),
        Deviation(
            what: "a key written with an escape", action: .authorize, payload: #"{"id\u0054ag":"A"}"#, faults: []),
        Deviation(
            what: "unusable transaction data does not lose the stop", action: .stopTransaction,
            payload:
                #"{"transactionId":-1,"meterStop":1,"timestamp":"2026-01-31T08:00:00Z","transactionData":[{"sampledValue":[{"value":"1"}]},7]}"#,
            faults: ["missing transactionData[0].timestamp", "wrongType transactionData[1]"]),
    ]
}

@Suite("What is tolerated") struct ToleranceTests {
    @Test(arguments: Deviation.all) func `a deviation of the field decodes and is flagged`(_ row: Deviation) throws {
        let decoded = decode(row.action, row.payload)
        #expect(decoded.softFaults.map { "\($0.kind.rawValue) \($0.path)" } == row.faults)
        #expect(decoded.softFaults.allSatisfy { !$0.isHard })
        _ = try decoded.result.get()
    }

    @Test func `what was sent is kept although it is wrong`() throws {
        guard
            case .dataTransfer(let data) = try decode(.dataTransfer, #"{"vendorId":"V","data":{"a": [1]}}"#).result
                .get()
        else { return #expect(Bool(false)) }
        #expect(data.data == #"{"a": [1]}"#)
        let long = String(repeating: "9", count: 60)
        guard case .authorize(let tag) = try decode(.authorize, #"{"idTag":"\#(long)"}"#).result.get() else {
            return #expect(Bool(false))
        }
        #expect(tag.idTag == long)
        guard
            case .statusNotification(let status) = try decode(
                .statusNotification, #"{"connectorId":1,"errorCode":"NoError","status":"Occupied"}"#
            ).result.get()
        else { return #expect(Bool(false)) }
        #expect(status.status == .unrecognized("Occupied"))
    }

    @Test(arguments: [
        (V16.Action.authorize, "{}", FieldFault.Kind.missing, "idTag"),
        (.authorize, "7", .wrongType, ""),
        (.authorize, #"{"idTag":null}"#, .null, "idTag"),
        (
            .startTransaction, #"{"connectorId":1,"idTag":"A","meterStart":"x","timestamp":"2026-01-31T08:00:00Z"}"#,
            .wrongType, "meterStart"
        ),
        (
            .startTransaction, #"{"connectorId":1,"idTag":"A","meterStart":1,"timestamp":"soon"}"#, .badTimestamp,
            "timestamp"
        ),
        (.meterValues, #"{"connectorId":1}"#, .missing, "meterValue"),
        (
            .setChargingProfile, #"{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1}}"#, .missing,
            "csChargingProfiles.stackLevel"
        ),
        (.heartbeat, "{", .notJSON, ""),
        (.heartbeat, "{} 1", .notJSON, ""),
    ]) func `what cannot be used is refused with the field`(
        _ action: V16.Action, _ payload: String, _ kind: FieldFault.Kind, _ path: String
    ) {
        guard case .failure(let fault) = decode(action, payload).result else {
            Issue.record("\(action) \(payload) was taken")
            return
        }
        #expect(fault.kind == kind && fault.path == path && fault.isHard)
    }

    @Test(arguments: [
        ("2026-01-31T08:00:00Z", 0), ("2026-01-31T16:00:00+08:00", 0), ("2026-01-31T08:00:00.250Z", 250),
        ("2026-01-31T08:00:00.2505Z", 250), ("2026-01-31t08:00:00z", 0), ("2026-01-31T16:00:00+0800", 0),
        ("2026-01-31T16:00:00+08", 0), ("2026-01-31 08:00", 0), ("2026-01-31T08:00:00,25Z", 250),
        ("2026-01-31T08:00:00", 0),
    ]) func `date-times of all habits are read`(_ text: String, _ milliseconds: Int64) throws {
        let payload = #"{"connectorId":1,"idTag":"A","meterStart":1,"timestamp":"\#(text)"}"#
        guard case .startTransaction(let start) = try decode(.startTransaction, payload).result.get() else {
            return #expect(Bool(false))
        }
        #expect(start.timestamp == Instant(milliseconds: 1_769_846_400_000 + milliseconds))
    }

    @Test func `a message with endless faults is described by the first ones`() {
        let extra = (0..<1000).map { "\"x\($0)\":1" }.joined(separator: ",")
        let decoded = decode(.authorize, "{\(extra)}")
        #expect(decoded.softFaults.count < FieldFaults.limit)
        guard case .failure(let fault) = decoded.result else { return #expect(Bool(false)) }
        #expect(fault.path == "idTag")
    }

    @Test func `damaged messages never crash and never decode to nothing without a reason`() {
        let samples = Deviation.all.map { ($0.action, Array($0.payload.utf8)) }
        for seed in 1...5000 {
            var random = SeededRandom(seed: UInt64(seed))
            let (action, original) = samples[seed % samples.count]
            var bytes = original
            for _ in 0...Int(random.next() % 4) { Generator.damage(&bytes, &random) }
            let decoded = V16.Request.decode(action, payload: bytes.span)
            if case .success(let request) = decoded.result {
                // What was taken can be sent again and is then read without a new complaint about its form.
                let again = V16.Request.decode(action, payload: request.json.span)
                #expect((try? again.result.get()) == request, "seed \(seed)")
            }
        }
    }
}
