import Credentials
import OCPP
import OCPPMessages
import Quantities

// The security extensions of OCPP 1.6 (security whitepaper, edition 3).
extension Dialect16 {
    func securityKeys(_ settings: StationSecuritySettings) -> [StationConfiguration.Entry] {
        [
            open("AuthorizationKey", "", .secret),
            open("CpoName", settings.organization, .text, .organization),
            open("SecurityProfile", "\(StationSecurity(settings).profile)", .number(most: 3)),
            fixed("AdditionalRootCertificateCheck", "false"),
            fixed("CertificateSignedMaxChainSize", "\(StationSecurity.mostChain)"),
            fixed("CertificateStoreMaxLength", "\(settings.mostCertificates)"),
        ]
    }

    /// - Returns: `nil` for keys that have nothing to do with security.
    func changeSecurity(
        _ request: V16.ChangeConfigurationRequest, _ station: inout SimulatedChargePoint
    ) -> V16.ConfigurationStatus? {
        switch request.key.lowercased() {
        case "securityprofile":
            return Int(request.value).map { station.raiseProfile(to: $0) } ?? false ? .accepted : .rejected
        case "authorizationkey":
            // At most 40 digits, and the bytes behind them are the password (§7.2); fewer than 16 are none (A00.FR.205).
            guard request.value.utf8.count <= 40, let key = Hexadecimal.decode(Array(request.value.utf8)),
                key.count >= 16
            else { return .rejected }
            station.take(password: key)
            return .accepted
        default: return nil
        }
    }

    func answer(security request: V16.Request, _ id: String, _ station: inout SimulatedChargePoint) {
        switch request {
        case .extendedTriggerMessage(let request): trigger(request, id, &station)
        case .certificateSigned(let request):
            station.take(certificate: request.certificateChain, for: .platform, answering: id)
        case .installCertificate(let request):
            let verdict = use(request.certificateType).map {
                station.security.certificates.install(request.certificate, as: $0, at: station.clock)
            }
            let status: V16.InstallCertificateStatus =
                switch verdict {
                case .accepted: .accepted
                case .failed: .failed
                case .rejected, .notFound, nil: .rejected
                }
            station.respond(id, V16.Response.installCertificate(.init(status: status)))
        case .deleteCertificate(let request):
            let data = request.certificateHashData
            let verdict = station.deleteCertificate(
                StationHash(
                    algorithm: data.hashAlgorithm.name, issuerName: data.issuerNameHash,
                    issuerKey: data.issuerKeyHash, serial: data.serialNumber))
            let status: V16.DeleteCertificateStatus =
                switch verdict {
                case .accepted: .accepted
                case .notFound: .notFound
                case .failed, .rejected: .failed
                }
            station.respond(id, V16.Response.deleteCertificate(.init(status: status)))
        case .getInstalledCertificateIds(let request):
            let hashes = use(request.certificateType).map { station.security.certificates.hashes($0) } ?? []
            let data = hashes.map {
                V16.CertificateHashData(
                    hashAlgorithm: V16.HashAlgorithm($0.hashAlgorithm), issuerNameHash: $0.issuerNameHash,
                    issuerKeyHash: $0.issuerKeyHash, serialNumber: $0.serialNumber)
            }
            station.respond(
                id,
                V16.Response.getInstalledCertificateIds(
                    .init(
                        status: data.isEmpty ? .notFound : .accepted, certificateHashData: data.isEmpty ? nil : data)))
        default: break
        }
    }

    private func use(_ use: V16.CertificateUse) -> StationCertificates.RootUse? {
        switch use {
        case .centralSystemRootCertificate: .centralSystem
        case .manufacturerRootCertificate: .manufacturer
        case .unrecognized: nil
        }
    }

    func answer(certificate messageID: String, isTaken: Bool, by station: inout SimulatedChargePoint) {
        station.respond(
            messageID, V16.Response.certificateSigned(.init(status: isTaken ? .accepted : .rejected)))
    }

    func isSigning(_ answer: [UInt8]) -> Bool {
        guard case .signCertificate(let response)? = read(.signCertificate, answer) else { return false }
        return response.status == .accepted
    }

    private func trigger(
        _ request: V16.ExtendedTriggerMessageRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        func answer(_ status: V16.TriggerMessageStatus) {
            station.respond(id, V16.Response.extendedTriggerMessage(.init(status: status)))
        }
        if let connector = request.connectorId, connector != 0, station[connector] == nil { return answer(.rejected) }
        if case .unrecognized = request.requestedMessage { return answer(.notImplemented) }
        answer(.accepted)
        switch request.requestedMessage {
        case .bootNotification: station.call(.boot(.triggered), .boot)
        case .heartbeat: station.call(.heartbeat, .heartbeat)
        // Idle, which has no number.
        case .logStatusNotification: tell(.logStatusNotification(.init(status: .idle)), &station)
        case .firmwareStatusNotification: tell(.signedFirmwareStatusNotification(.init(status: .idle)), &station)
        case .signChargePointCertificate: station.ask(for: .platform)
        case .statusNotification:
            if let connector = request.connectorId {
                station.reportStatus(connector)
            } else {
                for number in 0...station.connectors.count { station.reportStatus(number) }
            }
        case .meterValues: station.reportMeters(connector: request.connectorId == 0 ? nil : request.connectorId)
        case .unrecognized: break
        }
    }

    private func tell(_ request: V16.Request, _ station: inout SimulatedChargePoint) {
        station.call(request.action.rawValue, request.json, .other)
    }

    /// Security whitepaper §8.
    func word(_ kind: StationSecurityEvent.Kind) -> String {
        switch kind {
        case .startup: "StartupOfTheDevice"
        case .reset: "ResetOrReboot"
        case .firmwareUpdated: "FirmwareUpdated"
        case .timeSet: "SettingSystemTime"
        case .reconfigured: "ReconfigurationOfSecurityParameters"
        case .invalidFirmwareSignature: "InvalidFirmwareSignature"
        case .invalidSigningCertificate: "InvalidFirmwareSigningCertificate"
        case .invalidServerCertificate: "InvalidCentralSystemCertificate"
        case .invalidOwnCertificate: "InvalidChargePointCertificate"
        case .notAdmitted: "FailedToAuthenticationAtCentralSystem"
        }
    }
}
