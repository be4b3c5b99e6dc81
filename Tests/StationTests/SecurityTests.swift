import Credentials
import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

/// A central system's authority and stations that believe it.
struct Trusted {
    let authority: CertificateAuthority
    var settings: StationSettings

    init(profile: Int = 0, password: String? = nil) throws {
        authority = try CertificateAuthority.make(organization: "Harbour", name: "Root", at: t0)
        settings = StationSettings(identity: "CP-1")
        settings.security.profile = profile
        settings.security.password = password
        settings.security.organization = "Harbour"
        settings.security.roots = [authority.certificate]
        settings.security.trustsSystem = false
    }

    /// What the central system makes of a request.
    func signed(_ request: String, validFor days: Int = 365, at now: Instant = t0) throws -> String {
        var validity = CertificateAuthority.Validity()
        validity.station = .days(days)
        return try authority.issueStation(
            SigningRequest(pem: request), identity: "CP-1", organization: "Harbour", validity: validity, at: now
        ).pem
    }

    func root(_ name: String, at now: Instant = t0) throws -> String {
        try CertificateAuthority.make(organization: "Harbour", name: name, at: now).certificate.pem
    }
}

extension StationBench<Words16> {
    var requestForCertificate: String? {
        for case .signCertificate(let asked) in requests.reversed() { return asked.csr }
        return nil
    }
    mutating func change(_ key: String, _ value: String) -> V16.ConfigurationStatus? {
        guard case .changeConfiguration(let answer)? = call(.changeConfiguration(.init(key: key, value: value))) else {
            return nil
        }
        return answer.status
    }
    func value(_ key: String) -> String? {
        station.configuration.index(of: .init(variable: key)).map { station.configuration.entries[$0].value }
    }
    mutating func deliver(_ pem: String) -> V16.AcceptanceStatus? {
        guard case .certificateSigned(let answer)? = call(.certificateSigned(.init(certificateChain: pem))) else {
            return nil
        }
        return answer.status
    }
}

extension StationBench<Words201> {
    var requestsForCertificates: [V2.SignCertificateRequest] {
        requests.compactMap { if case .signCertificate(let asked) = $0 { asked } else { nil } }
    }
    mutating func set(_ component: String, _ variable: String, _ value: String) -> V2.SetVariableStatus? {
        let data = V2.SetVariableData(
            attributeValue: value, component: V2.Component(name: component), variable: V2.Variable(name: variable))
        guard case .setVariables(let answer)? = call(.setVariables(.init(setVariableData: [data]))) else { return nil }
        return answer.setVariableResult.first?.attributeStatus
    }
    mutating func get(_ component: String, _ variable: String) -> V2.GetVariableResult? {
        let data = V2.GetVariableData(component: V2.Component(name: component), variable: V2.Variable(name: variable))
        guard case .getVariables(let answer)? = call(.getVariables(.init(getVariableData: [data]))) else { return nil }
        return answer.getVariableResult.first
    }
    mutating func network(_ slot: Int, _ profile: Int, _ url: String) -> V2.SetNetworkProfileStatus? {
        let data = V2.NetworkConnectionProfile(
            ocppInterface: .wired0, ocppTransport: .json, messageTimeout: 30, ocppCsmsUrl: url,
            securityProfile: profile, ocppVersion: .ocpp20)
        guard
            case .setNetworkProfile(let answer)? = call(
                .setNetworkProfile(.init(configurationSlot: slot, connectionData: data)))
        else { return nil }
        return answer.status
    }
    mutating func deliver(_ pem: String, _ use: V2.CertificateSigningUse? = .chargingStationCertificate)
        -> V2.CertificateSignedStatus?
    {
        guard
            case .certificateSigned(let answer)? = call(
                .certificateSigned(.init(certificateChain: pem, certificateType: use)))
        else { return nil }
        return answer.status
    }
    mutating func install(_ pem: String, _ use: V2.InstallCertificateUse = .csmsRootCertificate)
        -> V2.InstallCertificateStatus?
    {
        guard
            case .installCertificate(let answer)? = call(
                .installCertificate(.init(certificateType: use, certificate: pem)))
        else { return nil }
        return answer.status
    }
    mutating func held(_ uses: [V2.GetCertificateIdUse]? = nil) -> [V2.CertificateHashDataChain] {
        guard
            case .getInstalledCertificateIds(let answer)? = call(
                .getInstalledCertificateIds(.init(certificateType: uses)))
        else { return [] }
        return answer.certificateHashDataChain ?? []
    }
    mutating func delete(_ data: V2.CertificateHashData) -> V2.DeleteCertificateStatus? {
        guard case .deleteCertificate(let answer)? = call(.deleteCertificate(.init(certificateHashData: data))) else {
            return nil
        }
        return answer.status
    }
}

@Suite("Simulated stations: passwords and ways") struct StationPasswordTests {
    @Test func `in 1.6 a key is hexadecimal digits, and the next connection shows the bytes behind them`() throws {
        var b = Bench(try Trusted(profile: 1, password: "Correct-Horse-1!").settings)
        for wrong in ["", "abc", String(repeating: "0", count: 30), String(repeating: "g", count: 40), "short"] {
            #expect(b.change("AuthorizationKey", wrong) == .rejected)
        }
        b.run(for: .minutes(1))
        #expect(b.connections == 1)
        let key = String(repeating: "a1", count: 20)
        #expect(b.change("AuthorizationKey", key) == .accepted)
        b.run(for: .seconds(10))
        #expect(b.connections == 2 && b.station.isConnected)
        #expect(b.routes.last?.password == [UInt8](repeating: 0xA1, count: 20))
        guard case .getConfiguration(let answer)? = b.call(.getConfiguration(.init())) else {
            Issue.record("no answer")
            return
        }
        let told = answer.configurationKey?.first { $0.key == "AuthorizationKey" }
        #expect(told?.value == nil && told?.readonly == false)
        #expect(b.faults == [])
    }

    @Test func `in 2.0.1 a password is 16 to 40 plain characters, and no answer tells it`() throws {
        var b = Bench201(try Trusted(profile: 1, password: "Correct-Horse-1!").settings)
        for wrong in ["too-short", String(repeating: "x", count: 41), "sixteen but wide!", "潮潮潮潮潮潮潮潮潮潮潮潮潮潮潮潮"] {
            #expect(b.set("SecurityCtrlr", "BasicAuthPassword", wrong) == .rejected)
        }
        let key = "0123456789abcdefXYZ*"
        #expect(b.set("SecurityCtrlr", "BasicAuthPassword", key) == .accepted)
        b.run(for: .seconds(10))
        #expect(b.connections == 2 && b.routes.last?.password == Array(key.utf8))
        let got = b.get("SecurityCtrlr", "BasicAuthPassword")
        #expect(got?.attributeStatus == .rejected && got?.attributeValue == nil)
        _ = b.call(.getBaseReport(.init(requestId: 1, reportBase: .fullInventory)))
        var seen = 0
        for case .notifyReport(let part) in b.requests {
            for data in part.reportData ?? [] where data.variable.name == "BasicAuthPassword" {
                seen += 1
                #expect(data.variableAttribute.first?.value == nil)
                #expect(data.variableAttribute.first?.mutability == .writeOnly)
            }
        }
        #expect(seen == 1 && b.faults == [])
        // It outlives the power.
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(b.station.isConnected && b.routes.last?.password == Array(key.utf8))
    }

    @Test func `1.6 goes up only when everything is there, and back when nobody takes it`() throws {
        var settings = try Trusted(profile: 1, password: "Correct-Horse-1!").settings
        settings.security.url = "ws://cs.example/ocpp"
        var blind = Bench(settings)
        // It knows no encrypted address.
        #expect(blind.change("SecurityProfile", "2") == .rejected)
        settings.security.secureURL = "wss://cs.example/ocpp"
        settings.security.roots = []
        var untrusting = Bench(settings)
        #expect(untrusting.change("SecurityProfile", "2") == .rejected)

        settings = try Trusted(profile: 1, password: "Correct-Horse-1!").settings
        settings.security.url = "ws://cs.example/ocpp"
        settings.security.secureURL = "wss://cs.example/ocpp"
        var b = Bench(settings)
        #expect(b.change("SecurityProfile", "3") == .rejected)
        b.turnsAway = { $0.securityProfile == 2 ? .some(.untrustedServer("not trusted")) : nil }
        #expect(b.change("SecurityProfile", "2") == .accepted)
        b.run(for: .minutes(10))
        #expect(b.station.isConnected && b.value("SecurityProfile") == "1" && b.routes.last?.securityProfile == 1)
        let tries = b.routes.count { $0.url == "wss://cs.example/ocpp" }
        #expect(tries == StationSecurity.attemptsWithNewProfile)
        b.turnsAway = { _ in nil }
        #expect(b.change("SecurityProfile", "2") == .accepted)
        b.run(for: .minutes(1))
        #expect(b.station.isConnected && b.value("SecurityProfile") == "2")
        #expect(b.routes.last?.url == "wss://cs.example/ocpp" && b.routes.last?.roots.count == 1)
    }

    @Test func `2.0.1 goes by its network profiles, to the next after the attempts, and back`() throws {
        var b = Bench201(try Trusted(profile: 1, password: "Correct-Horse-1!").settings)
        #expect(b.network(2, 1, "ws://second/ocpp") == .accepted)
        #expect(b.network(3, 1, "wss://second/ocpp") == .rejected)
        #expect(b.network(3, 2, "ws://second/ocpp") == .rejected)
        #expect(b.network(3, 1, "second") == .rejected)
        #expect(b.network(5, 1, "ws://second/ocpp") == .rejected)
        #expect(b.set("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "2") == .accepted)
        #expect(b.set("OCPPCommCtrlr", "NetworkConfigurationPriority", "2,1") == .rebootRequired)
        b.turnsAway = { $0.url == "ws://second/ocpp" ? .some(nil) : nil }
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(2))
        #expect(b.station.isConnected)
        #expect(b.routes.map(\.url) == [nil, "ws://second/ocpp", "ws://second/ocpp", nil])
        b.turnsAway = { _ in nil }
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(2))
        #expect(b.station.isConnected && b.routes.last?.url == "ws://second/ocpp")
        // Nobody answers there any more: the other one is tried, and then this one again.
        b.turnsAway = { _ in .some(nil) }
        b.cut()
        b.run(for: .minutes(10))
        #expect(Set(b.routes.suffix(8).map(\.url)) == [nil, "ws://second/ocpp"])
    }

    @Test func `a higher profile is proven by the connection, and ends the weaker ones`() throws {
        let trusted = try Trusted(profile: 1, password: "Correct-Horse-1!")
        var b = Bench201(trusted.settings)
        #expect(b.network(2, 2, "wss://cs/ocpp") == .accepted && b.network(3, 3, "wss://cs/ocpp") == .accepted)
        // Without a certificate of its own there is no third.
        #expect(b.set("OCPPCommCtrlr", "NetworkConfigurationPriority", "3,1") == .rejected)
        #expect(b.set("OCPPCommCtrlr", "NetworkConfigurationPriority", "2,1") == .rebootRequired)
        #expect(b.get("SecurityCtrlr", "SecurityProfile")?.attributeValue == "1")
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(b.get("SecurityCtrlr", "SecurityProfile")?.attributeValue == "2")
        #expect(b.get("OCPPCommCtrlr", "NetworkConfigurationPriority")?.attributeValue == "2")
        #expect(b.routes.last?.password == Array("Correct-Horse-1!".utf8))
        #expect(b.network(1, 1, "ws://cs/ocpp") == .rejected)

        _ = b.call(.triggerMessage(.init(requestedMessage: .signChargingStationCertificate)))
        let request = try #require(b.requestsForCertificates.last?.csr)
        #expect(b.deliver(try trusted.signed(request)) == .accepted)
        #expect(b.set("OCPPCommCtrlr", "NetworkConfigurationPriority", "3,2") == .rebootRequired)
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(b.get("SecurityCtrlr", "SecurityProfile")?.attributeValue == "3")
        #expect(b.routes.last?.password == nil && b.routes.last?.chain.first?.commonName == "CP-1")
        #expect(b.routes.last?.key == b.kept.last && b.faults == [])
    }
}

@Suite("Simulated stations: certificates") struct StationCertificateTests {
    @Test func `1.6 asks when it is told to, and takes what fits its key`() throws {
        let trusted = try Trusted(profile: 2, password: "Correct-Horse-1!")
        var b = Bench(trusted.settings)
        #expect(b.deliver(try trusted.root("Stray")) == .rejected)
        #expect(
            b.call(.extendedTriggerMessage(.init(requestedMessage: .signChargePointCertificate)))
                == .extendedTriggerMessage(.init(status: .accepted)))
        let request = try #require(b.requestForCertificate)
        let parsed = try SigningRequest(pem: request)
        #expect(parsed.commonName == "CP-1" && parsed.organization == "Harbour" && parsed.key == .ecdsa(bits: 256))
        // Of another key, of another authority, no certificate at all.
        let other = try StationKey.make().request(commonName: "CP-1", organization: "Harbour")
        #expect(b.deliver(try trusted.signed(other)) == .rejected)
        #expect(b.deliver(try Trusted().signed(request)) == .rejected)
        #expect(b.deliver("no certificate") == .rejected)
        #expect(b.deliver(try trusted.signed(request)) == .accepted)
        #expect(b.kept == [1] && b.faults == [])
        #expect(b.change("SecurityProfile", "3") == .accepted)
        b.run(for: .minutes(1))
        #expect(b.station.isConnected && b.routes.last?.key == 1 && b.routes.last?.password == nil)
    }

    @Test func `while no certificate comes it asks again with new keys, each time after twice as long`() throws {
        let trusted = try Trusted(profile: 2, password: "Correct-Horse-1!")
        var b = Bench201(trusted.settings)
        #expect(b.set("SecurityCtrlr", "CertSigningWaitMinimum", "30") == .accepted)
        #expect(b.set("SecurityCtrlr", "CertSigningRepeatTimes", "2") == .accepted)
        _ = b.newStory()
        _ = b.call(.triggerMessage(.init(requestedMessage: .signChargingStationCertificate)))
        b.run(for: .hours(2))
        let places = b.requests.indices.filter { if case .signCertificate = b.requests[$0] { true } else { false } }
        let waits = zip(places, places.dropFirst()).map { (b.times[$1] - b.times[$0]).wholeMilliseconds / 1000 }
        #expect(waits == [30, 60])
        #expect(Set(b.requestsForCertificates.map(\.csr)).count == 3)
        // The last one may still be answered, an older one not.
        let asked = b.requestsForCertificates.map(\.csr)
        #expect(b.deliver(try trusted.signed(asked[0], at: b.now)) == .rejected)
        #expect(b.deliver(try trusted.signed(asked[2], at: b.now)) == .accepted)
    }

    @Test func `a refused request is not repeated`() throws {
        var b = Bench201(try Trusted(profile: 2, password: "Correct-Horse-1!").settings)
        b.answer = { request, number in
            if case .signCertificate = request { return .signCertificate(.init(status: .rejected)) }
            return Words201.friendly(request, number)
        }
        _ = b.call(.triggerMessage(.init(requestedMessage: .signChargingStationCertificate)))
        b.run(for: .hours(2))
        #expect(b.requestsForCertificates.count == 1)
    }

    @Test func `a month before its end it asks by itself, and comes with the new one`() throws {
        var trusted = try Trusted(profile: 3)
        let key = StationKey.make()
        let chain = try StationCertificate.chain(
            pem: trusted.signed(try key.request(commonName: "CP-1", organization: "Harbour"), validFor: 40))
        trusted.settings.security.chain = chain
        var b = Bench201(trusted.settings)
        #expect(b.routes.last?.chain == chain && b.routes.last?.securityProfile == 3)
        b.run(for: .days(9))
        #expect(b.requestsForCertificates.isEmpty)
        b.run(for: .days(2))
        let request = try #require(b.requestsForCertificates.last)
        #expect(request.certificateType == .chargingStationCertificate)
        let before = b.connections
        #expect(b.deliver(try trusted.signed(request.csr, at: b.now)) == .accepted)
        b.run(for: .minutes(1))
        #expect(b.connections == before + 1 && b.station.isConnected)
        #expect(b.routes.last?.key == b.kept.last && b.routes.last?.chain != chain)
    }

    @Test func `a station of profile 3 without a certificate comes with 2 and asks for one`() throws {
        let trusted = try Trusted(profile: 3, password: "Correct-Horse-1!")
        var b = Bench201(trusted.settings)
        #expect(b.get("SecurityCtrlr", "SecurityProfile")?.attributeValue == "2")
        let request = try #require(b.requestsForCertificates.last?.csr)
        #expect(b.deliver(try trusted.signed(request)) == .accepted)
        b.run(for: .minutes(1))
        #expect(b.get("SecurityCtrlr", "SecurityProfile")?.attributeValue == "3" && b.routes.last?.password == nil)
    }

    @Test func `a certificate towards vehicles is another one, and its chain is listed`() throws {
        let trusted = try Trusted(profile: 2, password: "Correct-Horse-1!")
        var b = Bench201(trusted.settings)
        _ = b.call(.triggerMessage(.init(requestedMessage: .signV2GCertificate)))
        let request = try #require(b.requestsForCertificates.last)
        #expect(request.certificateType == .v2GCertificate)
        let pem = try trusted.authority.issueStation(
            SigningRequest(pem: request.csr), for: .vehicles, identity: "CP-1", organization: "Harbour", at: t0
        ).pem
        #expect(b.deliver(pem, .v2GCertificate) == .accepted)
        let chains = b.held([.v2GCertificateChain])
        #expect(chains.map(\.certificateType) == [.v2GCertificateChain])
        // The connection to the central system has nothing to do with it.
        b.run(for: .minutes(1))
        #expect(b.connections == 1)
        #expect(b.delete(chains[0].certificateHashData) == .accepted && b.held([.v2GCertificateChain]).isEmpty)
        _ = b.call(.triggerMessage(.init(requestedMessage: .signCombinedCertificate)))
        #expect(b.requestsForCertificates.last?.certificateType == nil && b.faults == [])
    }

    @Test func `roots are installed, listed and deleted, and outlive a reboot`() throws {
        var trusted = try Trusted(profile: 2, password: "Correct-Horse-1!")
        trusted.settings.security.mostCertificates = 3
        var b = Bench201(trusted.settings)
        #expect(b.get("SecurityCtrlr", "CertificateEntries")?.attributeValue == "1")
        #expect(b.install("no certificate") == .rejected)
        // Over, not yet, and no authority.
        let over = try CertificateAuthority.make(organization: "X", name: "X", at: t0 - .days(4000)).certificate.pem
        let later = try trusted.root("Later", at: t0 + .days(9))
        #expect(b.install(over) == .rejected && b.install(later) == .rejected)
        let leaf = try trusted.authority.issueServer(names: ["h"], key: .ecdsa, organization: "Harbour", at: t0)
        #expect(b.install(leaf.certificate.pem) == .rejected)
        let second = try trusted.root("Second")
        #expect(b.install(second) == .accepted && b.install(second) == .accepted)
        #expect(b.install(try trusted.root("Third"), .moRootCertificate) == .accepted)
        #expect(b.install(try trusted.root("Fourth"), .v2GRootCertificate) == .rejected)
        #expect(b.get("SecurityCtrlr", "CertificateEntries")?.attributeValue == "3")
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(b.held().count == 3 && b.held([.moRootCertificate]).count == 1)
        #expect(b.held([.manufacturerRootCertificate]).isEmpty)
        let roots = b.held([.csmsRootCertificate]).map(\.certificateHashData)
        #expect(b.delete(roots[1]) == .accepted && b.delete(roots[1]) == .notFound)
        // It could not come back without the last one.
        #expect(b.delete(roots[0]) == .failed && b.held([.csmsRootCertificate]).count == 1)
        #expect(b.routes.last?.roots.count == 2 && b.faults == [])
    }

    @Test func `in 1.6 too`() throws {
        let trusted = try Trusted()
        var b = Bench(trusted.settings)
        func held() -> [V16.CertificateHashData] {
            guard
                case .getInstalledCertificateIds(let answer)? = b.call(
                    .getInstalledCertificateIds(.init(certificateType: .centralSystemRootCertificate)))
            else { return [] }
            return answer.certificateHashData ?? []
        }
        #expect(
            b.call(
                .installCertificate(
                    .init(certificateType: .centralSystemRootCertificate, certificate: try trusted.root("Second"))))
                == .installCertificate(.init(status: .accepted)))
        #expect(held().count == 2)
        let first = held()[0]
        #expect(
            b.call(.deleteCertificate(.init(certificateHashData: first)))
                == .deleteCertificate(.init(status: .accepted)))
        #expect(held().count == 1 && !held().contains(first) && b.faults == [])
    }

    @Test func `a certificate is judged by its key, its names, its time and its root`() async throws {
        let trusted = try Trusted()
        let key = StationKey.make()
        let request = try key.request(commonName: "CP-1", organization: "Harbour")
        func judged(
            _ pem: String, name: String = "CP-1", organization: String = "Harbour", roots: [StationCertificate]? = nil,
            by key: StationKey?, at: Instant = t0, use: CertificateAuthority.StationUse = .platform
        ) async throws -> String? {
            await CertificateJudgement(
                key: 1, chain: try StationCertificate.chain(pem: pem), use: use,
                roots: roots ?? [trusted.authority.certificate], alsoSystem: false, commonName: name,
                organization: organization, at: at
            ).fault(for: key)
        }
        let good = try trusted.signed(request)
        #expect(try await judged(good, by: key) == nil)
        #expect(try await judged(good, by: StationKey.make()) == "it is for another key")
        #expect(try await judged(good, by: nil) == "it is for another key")
        #expect(try await judged(good, name: "CP-2", by: key) == "it is for another station")
        #expect(try await judged(good, organization: "Bay", by: key) == "it is of another organization")
        #expect(try await judged(good, by: key, at: t0 + .days(400)) == "it is over")
        #expect(try await judged(good, by: key, use: .vehicles)?.contains("does not allow servers") == true)
        let stranger = try Trusted().authority.certificate
        #expect(try await judged(good, roots: [stranger], by: key)?.contains("not trusted") == true)
        // What it has kept it can read again.
        let again = try StationKey(pem: key.pem())
        #expect(try await judged(good, by: again) == nil)
    }
}

@Suite("Simulated stations: security events") struct StationSecurityEventTests {
    private func settings(_ profile: Int = 1) throws -> StationSettings {
        var settings = try Trusted(profile: profile, password: "Correct-Horse-1!").settings
        settings.security.tellsEvents = true
        return settings
    }
    private func told(_ story: [String]) -> [String] {
        story.filter { $0.hasPrefix("security ") }.map { String($0.dropFirst(9)) }
    }

    @Test func `they are told in the words of the version, in order, once there is a connection`() throws {
        var b = Bench(try settings())
        #expect(told(b.newStory()) == ["StartupOfTheDevice"])
        b.isReachable = false
        b.cut()
        b.turnsAway = { _ in .some(.untrustedServer("not trusted")) }
        b.run(for: .minutes(5))
        b.turnsAway = { _ in nil }
        b.isReachable = true
        b.run(for: .minutes(10))
        #expect(told(b.newStory()) == ["InvalidCentralSystemCertificate"])
        #expect(b.deliverStray() == .rejected)
        _ = b.call(.reset(.init(type: .hard)))
        b.run(for: .minutes(1))
        #expect(
            told(b.newStory()) == ["InvalidChargePointCertificate", "ResetOrReboot", "StartupOfTheDevice"])
        #expect(b.faults == [])
    }

    @Test func `2.0.1 has its own words`() throws {
        var settings = try settings()
        settings.faults.wrongTime = .hours(-3)
        var b = Bench201(settings)
        #expect(told(b.newStory()) == ["StartupOfTheDevice", "SettingSystemTime"])
        #expect(b.deliver(try Trusted().root("Stray")) == .rejected)
        #expect(b.set("SecurityCtrlr", "BasicAuthPassword", "0123456789abcdef") == .accepted)
        b.run(for: .minutes(1))
        #expect(
            told(b.newStory()) == ["InvalidChargingStationCertificate", "ReconfigurationOfSecurityParameters"])
        b.turnsAway = { _ in .some(.notAdmitted) }
        b.cut()
        b.run(for: .minutes(2))
        b.turnsAway = { _ in nil }
        b.run(for: .minutes(5))
        #expect(told(b.newStory()) == ["FailedToAuthenticationAtCsms"])
        #expect(b.faults == [])
    }

    @Test func `what firmware goes through is told`() throws {
        for (fault, expected) in [
            (StationFaults.Transfer?.none, ["FirmwareUpdated"]), (.badSignature, ["InvalidFirmwareSignature"]),
            (.badCertificate, ["InvalidFirmwareSigningCertificate"]),
        ] {
            var settings = try settings()
            settings.faults.transfer = fault
            var b = Bench201(settings)
            let firmware = V2.Firmware(
                location: "http://h/v2.bin", retrieveDateTime: t0, signingCertificate: "c", signature: "s")
            _ = b.call(.updateFirmware(.init(requestId: 1, firmware: firmware)))
            b.run(for: .minutes(5))
            let events = told(b.story).filter { $0.contains("Firmware") }
            #expect(events == expected)
        }
    }

    @Test func `too many are bounded, and an unheard one is repeated`() throws {
        var b = Bench201(try settings())
        b.answer = { request, number in
            if case .securityEventNotification = request { return nil }
            return Words201.friendly(request, number)
        }
        for _ in 0..<150 { _ = b.deliver("nothing") }
        #expect(b.station.security.events.count == StationSecurity.mostEvents)
        b.answer = { request, number in Words201.friendly(request, number) }
        _ = b.newStory()
        b.run(for: .minutes(10))
        #expect(b.station.security.events.isEmpty)
    }
}

extension StationBench<Words16> {
    fileprivate mutating func deliverStray() -> V16.AcceptanceStatus? { deliver("nobody asked") }
}
