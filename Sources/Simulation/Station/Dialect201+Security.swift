import Credentials
import OCPP
import OCPPMessages
import Quantities

// Security, certificates and network profiles of OCPP 2.0.1 (part 2 blocks A and M, B09 and B10).
extension Dialect201 {
    func securityVariables(
        _ settings: StationSecuritySettings, identity: String
    ) -> [StationConfiguration.Entry] {
        let security = "SecurityCtrlr"
        let seconds = StationConfiguration.Kind.number(unit: "s")
        return [
            open(security, "BasicAuthPassword", "", .secret),
            fixed(security, "Identity", identity),
            open(security, "OrganizationName", settings.organization, .text, .organization),
            fixed(security, "CertificateEntries", "0", .number(most: Int64(settings.mostCertificates))),
            fixed(security, "SecurityProfile", "\(StationSecurity(settings).profile)", .number()),
            fixed(security, "AdditionalRootCertificateCheck", "false", .flag),
            fixed(
                security, "MaxCertificateChainSize", "\(StationSecurity.mostChain)",
                .number(most: Int64(StationSecurity.mostChain))),
            open(security, "CertSigningWaitMinimum", "60", seconds, .signingWait),
            open(security, "CertSigningRepeatTimes", "3", .number(most: 10), .signingRepeats),
            open("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "3", .number(most: 100), .networkAttempts),
            open("ClockCtrlr", "TimeAdjustmentReportingThreshold", "20", seconds, .clockThreshold),
        ]
    }

    /// `passwordString` of 16 to 40 characters (§2.2.1).
    func setPassword(_ text: String, in station: inout SimulatedChargePoint) -> Bool {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "*-_=:+|@.".utf8.contains(byte)
            }
        }
        guard isPlain, (16...40).contains(text.utf8.count) else { return false }
        station.take(password: Array(text.utf8))
        return true
    }

    // MARK: Network profiles

    /// Not weaker than what it uses, and only an address that it can go to (B09.FR.02, FR.04, FR.05).
    func set(_ request: V2.SetNetworkProfileRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let data = request.connectionData
        let endpoint = try? StationEndpoint(data.ocppCsmsUrl)
        let fault: String?
        if !StationWatch.slots.contains(request.configurationSlot) {
            fault = "InvalidConfSlot"
        } else if data.securityProfile < station.security.profile {
            fault = "NoSecurityDowngrade"
        } else if endpoint?.isEncrypted != (data.securityProfile >= 2) || data.securityProfile > 3 {
            fault = "InvalidNetworkConf"
        } else {
            fault = nil
            station.security.networks[request.configurationSlot] = .init(
                url: data.ocppCsmsUrl, profile: data.securityProfile)
            if data.securityProfile != station.security.profile { station.note(.reconfigured, "network profile") }
        }
        respond(
            .setNetworkProfile(
                .init(
                    status: fault == nil ? .accepted : .rejected,
                    statusInfo: fault.map { V2.StatusInfo(reasonCode: $0) })), id, &station)
    }

    /// All slots hold something, and what their profiles need is there (A05.FR.02, FR.03, B10.FR.02).
    func isUsable(priority: String, in station: SimulatedChargePoint) -> Bool {
        let slots = priority.split(separator: ",").map { Int($0) }
        return !slots.isEmpty
            && slots.allSatisfy { slot in
                guard let network = slot.flatMap({ station.security.networks[$0] }) else { return false }
                return station.isReady(for: network.profile)
            }
    }

    // MARK: Certificates

    func answer(security request: V2.Request, _ id: String, _ station: inout SimulatedChargePoint) {
        switch request {
        case .certificateSigned(let request):
            let use: CertificateAuthority.StationUse? =
                switch request.certificateType {
                case .chargingStationCertificate?: .platform
                case .v2GCertificate?: .vehicles
                default: nil
                }
            station.take(certificate: request.certificateChain, for: use, answering: id)
        case .installCertificate(let request):
            let verdict = use(request.certificateType).map {
                station.security.certificates.install(request.certificate, as: $0, at: station.clock)
            }
            let status: V2.InstallCertificateStatus =
                switch verdict {
                case .accepted: .accepted
                case .failed: .failed
                case .rejected, .notFound, nil: .rejected
                }
            respond(.installCertificate(.init(status: status)), id, &station)
        case .deleteCertificate(let request):
            let data = request.certificateHashData
            let verdict = station.deleteCertificate(
                StationHash(
                    algorithm: data.hashAlgorithm.name, issuerName: data.issuerNameHash,
                    issuerKey: data.issuerKeyHash, serial: data.serialNumber))
            let status: V2.DeleteCertificateStatus =
                switch verdict {
                case .accepted: .accepted
                case .notFound: .notFound
                case .failed, .rejected: .failed
                }
            respond(.deleteCertificate(.init(status: status)), id, &station)
        case .getInstalledCertificateIds(let request):
            let chains = held(request.certificateType, by: station.security.certificates)
            respond(
                .getInstalledCertificateIds(
                    .init(
                        status: chains.isEmpty ? .notFound : .accepted,
                        certificateHashDataChain: chains.isEmpty ? nil : chains)), id, &station)
        default: break
        }
    }

    /// - Parameter wanted: `nil`: of every use.
    private func held(
        _ wanted: [V2.GetCertificateIdUse]?, by certificates: StationCertificates
    ) -> [V2.CertificateHashDataChain] {
        func data(_ hash: CertificateHash) -> V2.CertificateHashData {
            V2.CertificateHashData(
                hashAlgorithm: V2.HashAlgorithm(hash.hashAlgorithm), issuerNameHash: hash.issuerNameHash,
                issuerKeyHash: hash.issuerKeyHash, serialNumber: hash.serialNumber)
        }
        let uses: [(V2.GetCertificateIdUse, StationCertificates.RootUse)] = [
            (.csmsRootCertificate, .centralSystem), (.manufacturerRootCertificate, .manufacturer),
            (.v2GRootCertificate, .vehicleToGrid), (.moRootCertificate, .mobilityOperator),
        ]
        var chains: [V2.CertificateHashDataChain] = []
        for (word, use) in uses where wanted?.contains(word) ?? true {
            chains += certificates.hashes(use).map { .init(certificateHashData: data($0), certificateType: word) }
        }
        if wanted?.contains(.v2GCertificateChain) ?? true, let chain = certificates.vehicleChain {
            chains.append(
                .init(
                    certificateHashData: data(chain.own), certificateType: .v2GCertificateChain,
                    childCertificateHashData: chain.children.isEmpty ? nil : chain.children.prefix(4).map(data)))
        }
        return chains
    }

    private func use(_ use: V2.InstallCertificateUse) -> StationCertificates.RootUse? {
        switch use {
        case .csmsRootCertificate: .centralSystem
        case .manufacturerRootCertificate: .manufacturer
        case .v2GRootCertificate: .vehicleToGrid
        case .moRootCertificate: .mobilityOperator
        case .oemRootCertificate, .unrecognized: nil
        }
    }

    func answer(certificate messageID: String, isTaken: Bool, by station: inout SimulatedChargePoint) {
        respond(.certificateSigned(.init(status: isTaken ? .accepted : .rejected)), messageID, &station)
    }

    func isSigning(_ answer: [UInt8]) -> Bool {
        guard case .signCertificate(let response)? = read(.signCertificate, answer) else { return false }
        return response.status == .accepted
    }

    // MARK: Words

    /// A certificate for both uses is asked for without one (A02.FR.13).
    func word(_ use: CertificateAuthority.StationUse) -> V2.CertificateSigningUse? {
        switch use {
        case .platform: .chargingStationCertificate
        case .vehicles: .v2GCertificate
        case .both: nil
        }
    }

    /// Part 2 appendix 1.
    func word(_ kind: StationSecurityEvent.Kind) -> String {
        switch kind {
        case .startup: "StartupOfTheDevice"
        case .reset: "ResetOrReboot"
        case .firmwareUpdated: "FirmwareUpdated"
        case .timeSet: "SettingSystemTime"
        case .reconfigured: "ReconfigurationOfSecurityParameters"
        case .invalidFirmwareSignature: "InvalidFirmwareSignature"
        case .invalidSigningCertificate: "InvalidFirmwareSigningCertificate"
        case .invalidServerCertificate: "InvalidCsmsCertificate"
        case .invalidOwnCertificate: "InvalidChargingStationCertificate"
        case .notAdmitted: "FailedToAuthenticationAtCsms"
        }
    }
}
