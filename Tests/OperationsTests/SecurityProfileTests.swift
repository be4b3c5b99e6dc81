import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// Another security profile over OCPP (1.6 whitepaper A05, 2.0.1 A05 with B09 and B10): whoever dies in between, the station
/// is let in with what it uses, and never with less again.
@Suite("Security profile") struct SecurityProfileTests {
    private static let id = StationID("CP1")
    private static let network = NetworkProfile(
        slot: 2, interface: "Wired0", url: "wss://csms.example/ocpp", securityProfile: 2, messageTimeout: 30)

    private static func dialogue(_ version: OCPPVersion, profile: Int = 1, password: String? = "p") -> Dialogue {
        var d = Dialogue { $0.offersTLS = true }
        var change = StationChange()
        change.passwordDigest = .some(password)
        change.securityProfile = profile
        d.order(.putStation(id, change))
        d.connect("CP1", version)
        return d
    }

    @discardableResult
    private static func change(_ d: inout Dialogue, _ version: OCPPVersion, to target: Int = 2) -> ServiceFault? {
        let isOld = version == .v16
        let order = DeviceOrder.securityProfile(
            id, target: target, network: isOld ? nil : network, priority: isOld ? nil : "2,1")
        if case .failure(let fault) = d.order(.device(order)) { return fault }
        return nil
    }

    private static func state(_ d: Dialogue) -> SecurityProfileChange.State? {
        d.core.stationView(id)?.profileChange?.state
    }
    private static func held(_ d: Dialogue) -> Int? { d.core.stationView(id)?.station.securityProfile }
    private static let accepted = #"{"status":"Accepted"}"#
    private static func priority(_ status: String) -> String {
        #"{"setVariableResult":[{"attributeStatus":"\#(status)","component":{"name":"OCPPCommCtrlr"},"variable":{"name":"NetworkConfigurationPriority"}}]}"#
    }

    @Test func `TC_083: in 1.6 the key is set, and the platform asks for more once the station has come with more`() {
        var d = Self.dialogue(.v16)
        #expect(Self.change(&d, .v16) == nil)
        #expect(
            d.calls.map { String(decoding: $0.payload, as: UTF8.self) } == [#"{"key":"SecurityProfile","value":"2"}"#])
        #expect(d.calls[0].waitsForDisk)
        d.answer("CP1", "ChangeConfiguration", Self.accepted)
        #expect(Self.state(d) == .awaited && Self.held(d) == 1 && d.core.securityProfile(of: Self.id) == 1)
        d.disconnect("CP1")
        // It could not connect and comes as before (A05.FR.08).
        d.give(.cameOn(Self.id, profile: 1))
        d.connect("CP1", .v16)
        #expect(Self.state(d) == .awaited && d.core.securityProfile(of: Self.id) == 1)
        d.restart()
        d.give(.cameOn(Self.id, profile: 2))
        #expect(Self.state(d) == .done && d.core.securityProfile(of: Self.id) == 2)
        d.restart()
        #expect(d.core.securityProfile(of: Self.id) == 2 && !d.core.awaitsSecurityProfile(of: Self.id))
    }

    @Test(arguments: [OCPPVersion.v201, .v21])
    func `TC_A_19: in 2.x profile, priority and reset, each after the other was taken`(_ version: OCPPVersion) throws {
        var d = Self.dialogue(version)
        #expect(Self.change(&d, version) == nil)
        let firstCall = d.answer("CP1", "SetNetworkProfile", Self.accepted)
        let first = try #require(firstCall)
        let payload = String(decoding: first.payload, as: UTF8.self)
        #expect(payload.contains(#""configurationSlot":2"#) && payload.contains(#""securityProfile":2"#))
        #expect(d.disk.devices.networks[Self.id]?[2]?.url == "wss://csms.example/ocpp")
        let secondCall = d.answer("CP1", "SetVariables", Self.priority("RebootRequired"))
        let second = try #require(secondCall)
        #expect(String(decoding: second.payload, as: UTF8.self).contains(#""attributeValue":"2,1""#))
        let thirdCall = d.answer("CP1", "Reset", Self.accepted)
        let third = try #require(thirdCall)
        #expect(String(decoding: third.payload, as: UTF8.self).contains("OnIdle"))
        #expect(Self.state(d) == .awaited && Self.held(d) == 1)
        d.disconnect("CP1")
        d.give(.cameOn(Self.id, profile: 2))
        d.connect("CP1", version)
        #expect(Self.held(d) == 2 && Self.state(d) == .done)
        #expect(d.calls.isEmpty)
        #expect(d.disk.commands.count == 3)
    }

    @Test func `killed or cut off at any step, the step is done again on the next connection`() {
        for step in 0..<3 {
            for end in ["kill", "cut"] {
                var d = Self.dialogue(.v201)
                Self.change(&d, .v201)
                let answers = [Self.accepted, Self.priority("Accepted"), Self.accepted]
                for k in 0..<step { d.answer("CP1", nil, answers[k]) }
                let asked = d.calls.first?.action
                if end == "kill" { d.restart() } else { d.disconnect("CP1") }
                #expect(d.core.securityProfile(of: Self.id) == 1, "\(end) at \(step)")
                d.connect("CP1", .v201)
                #expect(d.calls.first?.action == asked, "\(end) at \(step)")
                for k in step..<3 { d.answer("CP1", nil, answers[k]) }
                #expect(Self.state(d) == .awaited, "\(end) at \(step)")
                d.restart()
                d.give(.cameOn(Self.id, profile: 2))
                #expect(d.core.securityProfile(of: Self.id) == 2, "\(end) at \(step)")
            }
        }
    }

    @Test func `a station that took it without an answer is believed when it comes`() {
        var d = Self.dialogue(.v16)
        Self.change(&d, .v16)
        d.disconnect("CP1")
        #expect(Self.state(d) == .sendingProfile)
        d.give(.cameOn(Self.id, profile: 2))
        d.connect("CP1", .v16)
        #expect(Self.state(d) == .done && d.calls.isEmpty)
    }

    @Test func `a refusal ends it, silence ends it after three times, a late answer counts`() {
        var d = Self.dialogue(.v201)
        Self.change(&d, .v201)
        d.answer("CP1", "SetNetworkProfile", #"{"status":"Rejected","statusInfo":{"reasonCode":"InvalidURL"}}"#)
        #expect(Self.state(d) == .refused && d.core.stationView(Self.id)?.profileChange?.word == "InvalidURL")
        Self.change(&d, .v201)
        d.settle(d.calls[0], .timeout)
        let second = d.calls[0]
        d.settle(second, .timeout)
        d.settle(second, .answered(payload: Array(Self.accepted.utf8)), late: true)
        #expect(Self.state(d) == .sendingPriority)
        var silent = Self.dialogue(.v201)
        Self.change(&silent, .v201)
        for _ in 0..<3 { silent.settle(silent.calls[0], .timeout) }
        #expect(silent.calls.isEmpty && Self.state(silent) == .refused && Self.held(silent) == 1)
    }

    @Test func `never weaker, but from 3 to 2 in 2.x, and then only once the station may have taken it`() {
        var d = Self.dialogue(.v201, profile: 3)
        #expect(Self.change(&d, .v201, to: 1)?.code == "security-profile-not-above")
        #expect(Self.change(&d, .v201, to: 3)?.code == "security-profile-not-above")
        #expect(Self.change(&d, .v201, to: 2) == nil)
        #expect(d.core.securityProfile(of: Self.id) == 3)
        d.answer("CP1", "SetNetworkProfile", Self.accepted)
        #expect(d.core.securityProfile(of: Self.id) == 2, "the priority is on its way: it may come with it")
        d.answer("CP1", "SetVariables", Self.priority("Rejected"))
        #expect(d.core.securityProfile(of: Self.id) == 3)
        var down = Self.dialogue(.v201, profile: 3)
        Self.change(&down, .v201, to: 2)
        down.answer("CP1", "SetNetworkProfile", Self.accepted)
        down.answer("CP1", "SetVariables", Self.priority("Accepted"))
        down.answer("CP1", "Reset", Self.accepted)
        down.give(.cameOn(Self.id, profile: 3))
        #expect(Self.held(down) == 3)
        down.give(.cameOn(Self.id, profile: 2))
        #expect(Self.held(down) == 2)
        var old = Self.dialogue(.v16, profile: 3)
        #expect(Self.change(&old, .v16, to: 2)?.code == "security-profile-not-above")
    }

    @Test func `what is missing for it is said before anything is sent`() {
        var d = Self.dialogue(.v16, password: nil)
        #expect(Self.change(&d, .v16)?.code == "security-profile-needs-password")
        #expect(Self.change(&d, .v16, to: 3)?.code == "security-profile-needs-certificate")
        var plain = Dialogue()
        plain.connect("CP1")
        var change = StationChange()
        change.passwordDigest = .some("p")
        plain.order(.putStation(Self.id, change))
        #expect(Self.change(&plain, .v16)?.code == "security-profile-needs-listener")
        #expect(Self.change(&plain, .v16, to: 1) == nil)
        var two = Self.dialogue(.v201)
        let order = DeviceOrder.securityProfile(Self.id, target: 2, network: nil, priority: nil)
        guard case .failure(let fault) = two.order(.device(order)) else {
            Issue.record("a change without a network was begun")
            return
        }
        #expect(fault.code == "security-profile-needs-network")
        two.disconnect("CP1")
        #expect(Self.change(&two, .v201)?.code == "station-offline")
    }

    @Test func `a raw command leads the platform upwards as well, never downwards`() {
        var d = Self.dialogue(.v16)
        func raw(_ value: String) {
            d.order(
                .command(
                    Self.id, action: "ChangeConfiguration",
                    payload: Array(#"{"key":"SecurityProfile","value":"\#(value)"}"#.utf8), timeout: .seconds(30)))
            d.answer("CP1", "ChangeConfiguration", Self.accepted)
        }
        raw("0")
        #expect(Self.state(d) == nil)
        raw("2")
        #expect(Self.state(d) == .awaited)
        d.give(.cameOn(Self.id, profile: 2))
        #expect(Self.held(d) == 2)
    }

    @Test func `a profile that a person sets ends the change`() {
        var d = Self.dialogue(.v16)
        Self.change(&d, .v16)
        var change = StationChange()
        change.securityProfile = 0
        d.order(.putStation(Self.id, change))
        #expect(Self.state(d) == .refused)
        // The station took it all the same, and may come with it.
        d.answer("CP1", "ChangeConfiguration", Self.accepted)
        #expect(Self.state(d) == .awaited)
        d.order(.device(.endSecurityProfileChange(Self.id)))
        #expect(!d.core.awaitsSecurityProfile(of: Self.id) && Self.held(d) == 0)
    }
}
