import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// Renewal of a station's certificate (2.0.1 and 1.6 A02, A03), from its request to the connection that uses it.
@Suite("Certificates of stations") struct CertificateFlowTests {
    private static let id = StationID("CP1")

    private static func record(
        _ name: String, ends: Duration = .days(365), number: Int? = nil, of d: Dialogue
    ) -> CertificateRecord {
        CertificateRecord(
            station: id, fingerprint: name, serialNumber: "1A", subject: "CN=CP1,O=Harbour Power", issuer: "CN=Root",
            notBefore: d.now - .days(1), notAfter: d.now + ends, requestID: number, chain: "PEM of \(name)",
            state: .signed, at: d.now)
    }

    private static func online(_ version: OCPPVersion = .v16) -> Dialogue {
        var d = Dialogue()
        d.connect("CP1", version)
        return d
    }

    private static func state(_ d: Dialogue, _ name: String) -> CertificateRecord.State? {
        d.disk.certificates.last { $0.fingerprint == name }?.state
    }

    @Test(arguments: [OCPPVersion.v16, .v201, .v21])
    func `TC_075: the request is accepted, then the chain goes out, its outcome is kept`(
        _ version: OCPPVersion
    ) throws {
        var d = Self.online(version)
        let answer = d.sign("CP1", .signed(Self.record("a", number: 7, of: d)))
        #expect(answer == #"{"status":"Accepted"}"#)
        let call = try #require(d.calls.last)
        #expect(call.action == "CertificateSigned" && call.waitsForDisk)
        let text = String(decoding: call.payload, as: UTF8.self)
        #expect(text.contains(#""certificateChain":"PEM of a""#))
        #expect(text.contains("certificateType") == (version != .v16))
        #expect(text.contains(#""requestId":7"#) == (version == .v21))
        #expect(Self.state(d, "a") == .sent)
        d.answer("CP1", nil, #"{"status":"Accepted"}"#)
        #expect(Self.state(d, "a") == .accepted)
        d.disconnect("CP1")
        d.give(.cameWithCertificate(Self.id, Self.record("a", of: d)))
        #expect(d.disk.certificates.map(\.isInUse) == [true])
    }

    @Test func `TC_A_14: a rejected certificate is kept as rejected and not sent again`() {
        var d = Self.online(.v201)
        _ = d.sign("CP1", .signed(Self.record("a", of: d)))
        d.answer("CP1", nil, #"{"status":"Rejected","statusInfo":{"reasonCode":"InvalidCertificate"}}"#)
        #expect(Self.state(d, "a") == .rejected)
        #expect(d.disk.certificates.first?.word == "InvalidCertificate")
        d.disconnect("CP1")
        d.connect("CP1", .v201)
        #expect(d.calls.isEmpty)
    }

    @Test(arguments: CertificateVerdict.Reason.allCases)
    func `a request that is not signed is rejected, and a wrong one is an event`(_ reason: CertificateVerdict.Reason) {
        for version in [OCPPVersion.v16, .v201] {
            var d = Self.online(version)
            let answer = d.sign("CP1", .refused(reason, detail: "the common name is CP2"))
            #expect(answer?.contains(#""status":"Rejected""#) == true)
            #expect(answer?.contains("the common name is CP2") == (version == .v201))
            #expect(d.calls.isEmpty && d.disk.certificates.isEmpty)
            let isTold = reason == .invalidRequest
            #expect(d.disk.securityEvents.map(\.type) == (isTold ? ["InvalidCsr"] : []))
            #expect(d.core.activeAlarms.map(\.code) == (isTold ? ["station-security-event"] : []))
        }
    }

    @Test func `a repeated request gets the same answer and one certificate`() {
        var d = Self.online()
        _ = d.sign("CP1", .signed(Self.record("a", of: d)), messageID: "r")
        #expect(d.sign("CP1", .signed(Self.record("b", of: d)), messageID: "r") == #"{"status":"Accepted"}"#)
        #expect(d.disk.certificates.map(\.fingerprint) == ["a"] && d.calls.count == 1)
    }

    @Test func `what did not arrive is sent again on a later connection, also after a kill, and not for ever`() {
        for end in ["timeout", "dropped", "kill"] {
            var d = Self.online()
            _ = d.sign("CP1", .signed(Self.record("a", of: d)))
            for attempt in 1...5 {
                guard let call = d.calls.last else {
                    #expect(attempt == 4, "\(end): three attempts")
                    break
                }
                #expect(String(decoding: call.payload, as: UTF8.self).contains("PEM of a"))
                switch end {
                case "timeout":
                    d.settle(call, .timeout)
                    d.disconnect("CP1")
                case "dropped": d.disconnect("CP1")
                default:
                    d.restart()
                    d.give(.tick)
                }
                #expect(Self.state(d, "a") == .unanswered)
                d.connect("CP1")
            }
            #expect(d.calls.isEmpty, "\(end)")
        }
    }

    @Test func `a newer request makes an older certificate that did not arrive worthless`() {
        var d = Self.online()
        _ = d.sign("CP1", .signed(Self.record("a", of: d)))
        d.settle(d.calls[0], .timeout)
        _ = d.sign("CP1", .signed(Self.record("b", of: d)))
        #expect(Self.state(d, "a") == .rejected)
        #expect(d.calls.map { String(decoding: $0.payload, as: UTF8.self).contains("PEM of b") } == [true])
    }

    @Test func `coming with a certificate proves that it arrived`() {
        var d = Self.online()
        _ = d.sign("CP1", .signed(Self.record("a", of: d)))
        d.disconnect("CP1")
        d.give(.cameWithCertificate(Self.id, Self.record("a", of: d)))
        d.connect("CP1")
        #expect(Self.state(d, "a") == .accepted && d.calls.isEmpty)
    }

    @Test func `the end of the certificate in use is an alarm that a renewed one ends`() {
        var d = Dialogue { $0.certificateAlarm = .days(20) }
        var old = Self.record("old", ends: .days(25), of: d)
        old.state = .shown
        d.give(.cameWithCertificate(Self.id, old))
        d.connect("CP1")
        #expect(d.core.activeAlarms.isEmpty)
        d.now += .days(6)
        d.give(.tick)
        #expect(d.core.activeAlarms.map(\.code) == ["station-certificate-ends"])
        d.now += .days(13)
        d.give(.tick)
        #expect(d.core.activeAlarms.map(\.code) == ["station-certificate-ends-soon"])
        #expect(d.core.activeAlarms.map(\.priority) == [.critical])
        // The new one counts when the station comes with it.
        _ = d.sign("CP1", .signed(Self.record("new", of: d)))
        d.answer("CP1", nil, #"{"status":"Accepted"}"#)
        #expect(d.core.activeAlarms.count == 1)
        d.disconnect("CP1")
        d.give(.cameWithCertificate(Self.id, Self.record("new", of: d)))
        #expect(d.core.activeAlarms.isEmpty)
        #expect(d.disk.certificates.filter(\.isInUse).map(\.fingerprint) == ["new"])
    }

    @Test func `memory and disk hold few of a station that asks again and again`() {
        var d = Self.online()
        for number in 0..<40 {
            _ = d.sign("CP1", .signed(Self.record("c\(number)", of: d)))
            d.answerCalls()
        }
        d.restart()
        d.connect("CP1")
        #expect(d.calls.isEmpty)
    }
}

/// Events that bear on security: kept, bounded a station, and an alarm where a person must look.
@Suite("Security events") struct SecurityEventTests {
    private static let id = StationID("CP1")

    private static func tell(
        _ d: inout Dialogue, _ type: String, at: Instant? = nil, info: String? = nil
    ) -> String? {
        let tech = info.map { #","techInfo":"\#($0)""# } ?? ""
        return d.say("CP1", "SecurityEventNotification", #"{"type":"\#(type)","timestamp":"\#(at ?? d.now)"\#(tech)}"#)
    }

    @Test(arguments: [OCPPVersion.v16, .v201, .v21])
    func `TC_080: an event is answered and kept with its time and circumstances`(_ version: OCPPVersion) throws {
        var d = Dialogue()
        d.connect("CP1", version)
        let at = d.now - .minutes(3)
        #expect(Self.tell(&d, "InvalidMessages", at: at, info: "no JSON") == "{}")
        let event = try #require(d.disk.securityEvents.first)
        #expect((event.type, event.at, event.receivedAt, event.info) == ("InvalidMessages", at, d.now, "no JSON"))
        #expect(event.source == .station && !event.isCritical)
        #expect(d.core.activeAlarms.isEmpty)
    }

    @Test func `an event that is sent again is one event`() {
        var d = Dialogue()
        d.connect("CP1")
        for _ in 0..<3 { _ = Self.tell(&d, "MemoryExhaustion") }
        #expect(d.disk.securityEvents.count == 1)
    }

    @Test func `critical events raise one alarm a kind, which ends when a person acknowledges it`() throws {
        var d = Dialogue()
        d.connect("CP1")
        for type in ["TamperDetectionActivated", "StartupOfTheDevice", "TamperDetectionActivated", "SomethingElse"] {
            d.now += .seconds(1)
            _ = Self.tell(&d, type)
        }
        let alarms = d.core.activeAlarms.sorted { $0.id < $1.id }
        #expect(alarms.map(\.object) == ["CP1/TamperDetectionActivated", "CP1/StartupOfTheDevice"])
        #expect(alarms.map(\.priority) == [.critical, .low])
        let first = try #require(alarms.first)
        d.order(.acknowledgeAlarm(first.id))
        #expect(d.core.activeAlarms.map(\.object) == ["CP1/StartupOfTheDevice"])
        #expect(d.disk.alarms[first.id]?.acknowledgedBy == "wang" && d.disk.alarms[first.id]?.endedAt == d.now)
        _ = Self.tell(&d, "TamperDetectionActivated", at: d.now + .seconds(1))
        #expect(d.core.activeAlarms.count == 2, "a new one is a new alarm")
    }

    /// 2.0.1 part 2 appendix 1: the list as it stands there, with the two names that 1.6 has for others.
    @Test func `critical are exactly those that OCPP calls critical, and our own request for help`() {
        let critical = [
            "FirmwareUpdated", "SettingSystemTime", "StartupOfTheDevice", "ResetOrReboot", "SecurityLogWasCleared",
            "MemoryExhaustion", "TamperDetectionActivated", "InvalidFirmwareSignature",
            "InvalidFirmwareSigningCertificate", "InvalidCsmsCertificate", "InvalidChargingStationCertificate",
            "InvalidTLSVersion", "InvalidTLSCipherSuite", "MaintenanceLoginAccepted", "MaintenanceLoginFailed",
            "InvalidCentralSystemCertificate", "InvalidChargePointCertificate", "InvalidCsr",
        ]
        let others = [
            "FailedToAuthenticateAtCsms", "CsmsFailedToAuthenticate", "ReconfigurationOfSecurityParameters",
            "InvalidMessages", "AttemptedReplayAttacks", "LoginFailed", "WeakerProfile", "ForeignCertificate",
            "EventsNotKept", "tamperdetectionactivated", "",
        ]
        for type in critical { #expect(SecurityEvent.priority(of: type) != nil, "\(type)") }
        for type in others { #expect(SecurityEvent.priority(of: type) == nil, "\(type)") }
    }

    @Test func `a station that floods is kept within bounds, is told of, and hides nobody else's events`() throws {
        var d = Dialogue()
        d.connect("CP1")
        for _ in 0..<500 {
            d.now += .milliseconds(10)
            #expect(Self.tell(&d, "InvalidMessages") == "{}")
        }
        #expect(d.disk.securityEvents.count == 60)
        d.give(.securityEvent(Self.id, .loginFailed, info: "a wrong password, from 192.0.2.1:5"))
        #expect(d.disk.securityEvents.last?.type == "LoginFailed")
        for _ in 0..<500 { d.give(.securityEvent(Self.id, .loginFailed, info: "\(d.now)")) }
        #expect(d.disk.securityEvents.count <= 90)
        let before = d.disk.securityEvents.count
        d.now += .hours(2)
        d.give(.tick)
        let told = d.disk.securityEvents.dropFirst(before)
        #expect(told.map(\.type) == ["EventsNotKept", "EventsNotKept"])
        #expect(told.compactMap(\.info).first == "count=440, source=station")
        _ = Self.tell(&d, "InvalidMessages")
        #expect(d.disk.securityEvents.last?.type == "InvalidMessages", "a new hour")
    }

    @Test func `of a station nobody knows nothing is kept`() {
        var d = Dialogue()
        d.give(.securityEvent(StationID("X"), .loginFailed, info: nil))
        #expect(d.disk.securityEvents.isEmpty && d.core.activeAlarms.isEmpty)
    }
}
