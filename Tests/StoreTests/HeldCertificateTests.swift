import Assets
import Charging
import Operations
import Quantities
import Testing

@testable import Store

/// Certificates that stations hold, on the disk.
@Suite("Held certificates on the disk") struct HeldCertificateTests {
    private static func hash(_ serial: String) -> CertificateHashData {
        CertificateHashData(algorithm: "SHA256", issuerNameHash: "aa", issuerKeyHash: "bb", serialNumber: serial)
    }

    @Test func `a picture comes back as it was, and goes with its station`() async throws {
        try await withStore { store, scratch in
            let id = StationID("CP1")
            var picture = CertificatePicture(station: id)
            picture.learn(
                .listed(
                    [
                        ListedCertificate(use: "V2GCertificateChain", hash: Self.hash("1")),
                        ListedCertificate(use: "V2GCertificateChain", hash: Self.hash("2"), isChild: true),
                    ], uses: nil), facts: nil, at: t0)
            picture.learn(
                .installed(use: "CSMSRootCertificate", pem: ""),
                facts: CertificateFacts(
                    subject: "CN=Root,O=港口", notAfter: t0 + .days(9), hashes: [Self.hash("3"), Self.hash("4")]),
                at: t0 + .seconds(1))
            picture.learn(.installed(use: "MORootCertificate", pem: ""), facts: nil, at: t0 + .seconds(2))
            try await store.write([
                .station(Station(id: id, createdAt: t0)), .holding(.certificates(picture)),
            ])
            #expect(try store.loadCore().heldCertificates == [picture])
            picture.learn(.gone(Self.hash("1")), facts: nil, at: t0 + .seconds(3))
            try await store.write(.holding(.certificates(picture)))
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            #expect(try again.loadCore().heldCertificates == [picture] && picture.items.count == 2)
            try await again.write(.removeStation(id))
            #expect(try again.loadCore().heldCertificates.isEmpty)
        }
    }

    @Test func `words of a station with spaces in them harm no other word`() {
        let odd = CertificateHashData(
            algorithm: "SHA 256", issuerNameHash: "a\nb", issuerKeyHash: "", serialNumber: "1 2")
        let text = CertificateNames.text(of: [odd, Self.hash("5")])
        #expect(CertificateNames.hashes(in: text).map(\.serialNumber) == ["1_2", "5"])
    }
}
