import Assets
import Charging
import Operations
import Quantities

/// What bears on the security of two piles: certificates and events.
extension PreviewCommunity {
    static func security(_ state: inout FakePlatform.State) {
        let root = CertificateHashData(
            algorithm: "SHA256", issuerNameHash: String(repeating: "5a", count: 32),
            issuerKeyHash: String(repeating: "c3", count: 32), serialNumber: "4F1D02")
        state.authority = AuthorityView(
            subject: "CN=Sunshine OCPP root,O=Sunshine Property", notAfter: evening + .days(3400),
            root: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", hash: root)
        let (first, second) = (StationID("JY-001"), StationID("JY-002"))
        state.roots = [
            PlatformRoot(
                name: PlatformRoot.authority, use: "CSMSRootCertificate",
                subject: "CN=Sunshine OCPP root,O=Sunshine Property", notAfter: evening + .days(3400),
                fingerprint: String(repeating: "4f", count: 32),
                pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", hashes: [root])
        ]
        var held = CertificatePicture(station: first)
        let other = CertificateHashData(
            algorithm: "SHA256", issuerNameHash: String(repeating: "7b", count: 32),
            issuerKeyHash: String(repeating: "d2", count: 32), serialNumber: "0B77")
        held.learn(
            .listed([ListedCertificate(use: "CentralSystemRootCertificate", hash: root)], uses: nil), facts: nil,
            at: evening - .hours(3))
        held.learn(
            .installed(use: "ManufacturerRootCertificate", pem: ""),
            facts: CertificateFacts(subject: "CN=Pile maker,O=Pile", notAfter: evening + .days(20), hashes: [other]),
            at: evening - .minutes(40))
        state.heldCertificates[first] = held
        state.certificates[first] = [
            certificate(first, "7A31", ends: .days(5), .accepted, at: evening - .days(360), isInUse: true),
            certificate(first, "81C4", ends: .days(365), .signed, at: evening - .minutes(2)),
        ]
        let told: [(StationID, SecurityEvent.Source, String, Duration, String?)] = [
            (first, .station, "StartupOfTheDevice", .days(2), nil),
            (first, .platform, "LoginFailed", .hours(5), "reason=wrong-password, from=198.51.100.7:40112"),
            (second, .station, "TamperDetectionActivated", .minutes(12), "lid"),
        ]
        for (number, (station, source, type, ago, info)) in told.enumerated() {
            state.securityEvents.append(
                StoredSecurityEvent(
                    id: Int64(number + 1),
                    event: SecurityEvent(
                        station: station, source: source, type: type, at: evening - ago, receivedAt: evening - ago,
                        info: info)))
        }
    }

    private static func certificate(
        _ station: StationID, _ serial: String, ends: Duration, _ state: CertificateRecord.State, at: Instant,
        isInUse: Bool = false
    ) -> CertificateRecord {
        var record = CertificateRecord(
            station: station, fingerprint: serial + String(repeating: "0", count: 60), serialNumber: serial,
            subject: "CN=\(station.value),O=Sunshine Property", issuer: "CN=Sunshine OCPP root,O=Sunshine Property",
            notBefore: at, notAfter: evening + ends, chain: "", state: state, at: at)
        record.isInUse = isInUse
        return record
    }
}
