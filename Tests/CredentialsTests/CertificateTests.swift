import Foundation
import Quantities
import SwiftASN1
import Testing

@testable import Credentials

/// Certificates with the openssl program as the other side: it reads ours, and we read its.
@Suite("Certificates", .timeLimit(.minutes(2))) struct CertificateTests {
    // Certificates hold now for openssl, which has a clock of its own.
    static let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    /// After what openssl has made meanwhile.
    static var later: Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) + .seconds(60) }
    static let operatorName = "Harbour Power"

    static func authority() throws -> CertificateAuthority {
        try .make(organization: operatorName, name: "Harbour Root", at: now)
    }

    /// - Returns: what the program said, standard output and errors.
    @discardableResult
    static func openssl(_ arguments: [String], expect status: Int32? = 0) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        if let status { try #require(process.terminationStatus == status, "openssl \(arguments): \(said)") }
        return said
    }

    /// A request made by openssl.
    static func request(
        _ folder: Folder, subject: String, key: [String] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    ) throws -> String {
        try openssl(
            ["req", "-new", "-nodes"] + key + [
                "-subj", subject, "-keyout", folder.path + "/station.key", "-out", folder.path + "/station.csr",
            ])
        return try folder.read("station.csr")
    }

    @Test func `openssl accepts a station's certificate that we signed on its request`() throws {
        let folder = try Folder()
        let authority = try Self.authority()
        for (number, key) in [
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-newkey", "rsa:2048"],
        ].enumerated() {
            let request = try SigningRequest(
                pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP\(number)", key: key))
            let certificate = try authority.issueStation(
                request, identity: "CP\(number)", organization: Self.operatorName, at: Self.now)
            let root = try folder.write("root.pem", authority.certificate.pem)
            let leaf = try folder.write("leaf.pem", certificate.pem)
            #expect(
                try Self.openssl(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", root, leaf])
                    .contains("OK"))
            try Self.openssl(["verify", "-purpose", "sslserver", "-CAfile", root, leaf], expect: 2)
            let subject = try Self.openssl([
                "x509", "-in", leaf, "-noout", "-subject", "-serial", "-nameopt", "RFC2253",
            ])
            #expect(subject.contains("CN=CP\(number)") && subject.contains("O=Harbour Power"))
            #expect(subject.lowercased().contains("serial=" + certificate.serialNumber))
            #expect(certificate.notAfter - certificate.notBefore == .days(366))
        }
    }

    @Test func `openssl accepts our server certificates of both kinds, with their keys and names`() throws {
        let folder = try Folder()
        let authority = try Self.authority()
        let root = try folder.write("root.pem", authority.certificate.pem)
        for kind in [CertificateAuthority.ServerKey.ecdsa, .rsa] {
            let server = try authority.issueServer(
                names: ["ocpp.example", "192.0.2.7"], key: kind, organization: Self.operatorName, at: Self.now)
            let leaf = try folder.write("server.pem", server.certificate.pem)
            let key = try folder.write("server.key", server.keyPEM)
            for name in [["-verify_hostname", "ocpp.example"], ["-verify_ip", "192.0.2.7"]] {
                #expect(
                    try Self.openssl(
                        ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root] + name + [leaf]
                    )
                    .contains("OK"))
            }
            try Self.openssl(
                ["verify", "-CAfile", root, "-verify_hostname", "other.example", leaf], expect: 2)
            #expect(
                try Self.openssl(["pkey", "-in", key, "-pubout"])
                    == Self.openssl(["x509", "-in", leaf, "-noout", "-pubkey"]))
        }
    }

    @Test func `requests that are not the station's own are refused with the reason`() throws {
        let folder = try Folder()
        let good = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        #expect(throws: SigningRequest.Refusal.commonName(found: "CP1", expected: "CP2")) {
            try good.check(identity: "CP2", organization: "Harbour Power")
        }
        #expect(throws: SigningRequest.Refusal.organization(found: "Harbour Power", expected: "Other")) {
            try good.check(identity: "CP1", organization: "Other")
        }
        let short = try Self.request(folder, subject: "/O=Harbour Power/CN=CP1", key: ["-newkey", "rsa:1024"])
        #expect(throws: SigningRequest.Refusal.self) {
            try SigningRequest(pem: short).check(identity: "CP1", organization: "Harbour Power")
        }
        let odd = try Self.request(folder, subject: "/O=Harbour Power/CN=CP1", key: ["-newkey", "ed25519"])
        #expect(throws: SigningRequest.Refusal.weakKey(.ed25519)) {
            try SigningRequest(pem: odd).check(identity: "CP1", organization: "Harbour Power")
        }
        #expect(throws: SigningRequest.Refusal.self) { try SigningRequest(pem: "-----BEGIN NOTHING-----") }
        #expect(throws: SigningRequest.Refusal.self) { try SigningRequest(pem: String(repeating: "A", count: 6000)) }
    }

    @Test func `a request that was altered after signing is refused`() throws {
        let folder = try Folder()
        _ = try Self.request(folder, subject: "/O=Harbour Power/CN=CP1")
        try Self.openssl([
            "req", "-in", folder.path + "/station.csr", "-outform", "DER", "-out", folder.path + "/a.der",
        ])
        var der = Array(try Data(contentsOf: URL(filePath: folder.path + "/a.der")))
        let place = try #require(der.firstRange(of: Array("CP1".utf8)))
        der[place.lowerBound + 2] = UInt8(ascii: "9")
        try Data(der).write(to: URL(filePath: folder.path + "/b.der"))
        try Self.openssl(
            ["req", "-inform", "DER", "-in", folder.path + "/b.der", "-out", folder.path + "/b.pem"], expect: nil)
        let pem = try folder.read("b.pem")
        #expect(throws: SigningRequest.Refusal.badSignature) { try SigningRequest(pem: pem) }
    }

    @Test func `the hash data of a certificate is what openssl computes for OCSP`() throws {
        let folder = try Folder()
        let authority = try Self.authority()
        let request = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        let certificate = try authority.issueStation(
            request, identity: "CP1", organization: Self.operatorName, at: Self.now)
        let root = try folder.write("root.pem", authority.certificate.pem)
        let leaf = try folder.write("leaf.pem", certificate.pem)
        let said = try Self.openssl(["ocsp", "-sha256", "-issuer", root, "-cert", leaf, "-req_text"]).lowercased()
        let hash = try CertificateHash(of: certificate, issuer: authority.certificate)
        #expect(said.contains("issuer name hash: " + hash.issuerNameHash))
        #expect(said.contains("issuer key hash: " + hash.issuerKeyHash))
        #expect(said.contains("serial number: " + hash.serialNumber))
        #expect(throws: CredentialFault.self) { try CertificateHash(of: authority.certificate, issuer: certificate) }
    }

    @Test func `a root is named by each algorithm of OCPP as openssl names it`() throws {
        let folder = try Folder()
        let authority = try Self.authority()
        let root = try folder.write("root.pem", authority.certificate.pem)
        for algorithm in CertificateHash.Algorithm.allCases {
            let option = "-" + algorithm.rawValue.lowercased()
            let said = try Self.openssl(["ocsp", option, "-issuer", root, "-cert", root, "-req_text"]).lowercased()
                .replacing("\\\n", with: "")
            let hash = try CertificateHash(of: authority.certificate, issuer: authority.certificate, by: algorithm)
            #expect(hash.hashAlgorithm == algorithm.rawValue)
            #expect(said.contains("issuer name hash: " + hash.issuerNameHash))
            #expect(said.contains("issuer key hash: " + hash.issuerKeyHash))
        }
        #expect(authority.certificate.isSelfIssued && authority.leads(to: [authority.certificate]))
        #expect(try !authority.leads(to: [Self.authority().certificate]), "the same name is not enough")
    }

    @Test func `a combined certificate is good for both connections`() throws {
        let folder = try Folder()
        let authority = try Self.authority()
        let request = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        let certificate = try authority.issueStation(
            request, for: .both, identity: "CP1", organization: Self.operatorName, at: Self.now)
        let root = try folder.write("root.pem", authority.certificate.pem)
        let leaf = try folder.write("leaf.pem", certificate.pem)
        let text = try Self.openssl(["x509", "-in", leaf, "-noout", "-ext", "extendedKeyUsage"])
        #expect(text.contains("TLS Web Client Authentication") && text.contains("TLS Web Server Authentication"))
        #expect(try !Self.openssl(["x509", "-in", root, "-noout", "-subject"]).isEmpty)
    }

    @Test func `an authority that the operator brings signs like our own`() async throws {
        let folder = try Folder()
        try Self.openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/O=Harbour Power/CN=Brought",
            "-keyout", folder.path + "/ca.key", "-out", folder.path + "/ca.pem",
        ])
        let authority = try CertificateAuthority(
            certificatePEM: try folder.read("ca.pem"), keyPEM: try folder.read("ca.key"))
        let request = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        let certificate = try authority.issueStation(
            request, identity: "CP1", organization: Self.operatorName, at: Self.later)
        // Nothing outlives its issuer.
        #expect(certificate.notAfter <= authority.certificate.notAfter)
        let leaf = try folder.write("leaf.pem", certificate.pem)
        #expect(try Self.openssl(["verify", "-CAfile", folder.path + "/ca.pem", leaf]).contains("OK"))
        let verdict = try await ChainVerifier(roots: [authority.certificate]).verify([certificate.der], at: Self.later)
        #expect(verdict.certificate.commonName == "CP1" && !verdict.isExpired)
        let other = try Self.authority()
        #expect(throws: CredentialFault.self) {
            try CertificateAuthority(certificatePEM: other.certificate.pem, keyPEM: try folder.read("ca.key"))
        }
        #expect(throws: CredentialFault.self) {
            try CertificateAuthority(certificatePEM: certificate.pem, keyPEM: try folder.read("station.key"))
        }
    }

    @Test func `our authority survives being written down`() throws {
        let authority = try Self.authority()
        let again = try CertificateAuthority(
            certificatePEM: authority.certificate.pem, keyPEM: try authority.keyPEM())
        #expect(again.certificate == authority.certificate)
        #expect(try again.keyPEM() == authority.keyPEM())
    }

    @Test func `chains are judged with a reason, and expiry is told apart from distrust`() async throws {
        let folder = try Folder()
        let authority = try Self.authority()
        let verifier = ChainVerifier(roots: [authority.certificate])
        let request = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        let certificate = try authority.issueStation(
            request, identity: "CP1", organization: Self.operatorName, at: Self.now)
        let fresh = try await verifier.verify([certificate.der, authority.certificate.der], at: Self.now)
        #expect(!fresh.isExpired)
        let late = try await verifier.verify([certificate.der], at: certificate.notAfter + .days(1))
        #expect(late.isExpired)
        await #expect(throws: ChainVerifier.Fault.notYetValid(from: certificate.notBefore)) {
            try await verifier.verify([certificate.der], at: certificate.notBefore - .days(1))
        }
        await #expect(throws: ChainVerifier.Fault.noCertificate) { try await verifier.verify([], at: Self.now) }
        await #expect(throws: ChainVerifier.Fault.tooLong) {
            try await verifier.verify(.init(repeating: certificate.der, count: 7), at: Self.now)
        }
        let server = try authority.issueServer(
            names: ["a.example"], key: .ecdsa, organization: Self.operatorName, at: Self.now)
        await #expect(throws: ChainVerifier.Fault.notForClients) {
            try await verifier.verify([server.certificate.der], at: Self.now)
        }
        // Another root of the same name.
        let stranger = try await #require(throws: ChainVerifier.Fault.self) {
            try await ChainVerifier(roots: [try Self.authority().certificate]).verify([certificate.der], at: Self.now)
        }
        guard case .untrusted = stranger else {
            Issue.record("\(stranger)")
            return
        }
    }

    @Test func `a certificate signed by an intermediate needs the intermediate`() async throws {
        let folder = try Folder()
        let extensions = try folder.write(
            "ca.ext", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")
        try Self.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            "/O=Harbour Power/CN=Top", "-keyout", folder.path + "/top.key", "-out", folder.path + "/top.pem",
        ])
        try Self.openssl([
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/O=Harbour Power/CN=Middle", "-keyout", folder.path + "/mid.key", "-out", folder.path + "/mid.csr",
        ])
        try Self.openssl([
            "x509", "-req", "-in", folder.path + "/mid.csr", "-CA", folder.path + "/top.pem", "-CAkey",
            folder.path + "/top.key", "-CAcreateserial", "-days", "20", "-extfile", extensions, "-out",
            folder.path + "/mid.pem",
        ])
        let (top, middle) = (try folder.read("top.pem"), try folder.read("mid.pem"))
        let authority = try CertificateAuthority(certificatePEM: middle + top, keyPEM: try folder.read("mid.key"))
        let request = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        let certificate = try authority.issueStation(
            request, identity: "CP1", organization: Self.operatorName, at: Self.later)
        let verifier = ChainVerifier(roots: try StationCertificate.chain(pem: top))
        _ = try await verifier.verify([certificate.der, authority.certificate.der], at: Self.later)
        await #expect(throws: ChainVerifier.Fault.self) { try await verifier.verify([certificate.der], at: Self.later) }
    }

    @Test func `a request is read in every form that stations give it`() throws {
        let folder = try Folder()
        let pem = try Self.request(folder, subject: "/O=Harbour Power/CN=CP1")
        let lines = pem.split(separator: "\n").map(String.init)
        let body = lines.dropFirst().dropLast().joined(separator: "\n")
        let oneLine = body.replacing("\n", with: "")
        let good: [String] = [
            pem, lines.joined(separator: "\r\n"), "\n  " + pem + "\n\n", body, oneLine,
            [lines[0], oneLine, lines[lines.count - 1]].joined(separator: "\n"),
            pem.replacing("CERTIFICATE REQUEST", with: "NEW CERTIFICATE REQUEST"),
        ]
        for form in good {
            let request = try SigningRequest(pem: form)
            #expect(request.commonName == "CP1", "\(form)")
        }
        let bad: [String] = [
            pem.replacing("CERTIFICATE REQUEST", with: "CERTIFICATE"), pem.replacing("-----END", with: "----"),
            pem.replacing("M", with: "*"), "-----BEGIN -----", "-----BEGIN CERTIFICATE REQUEST-----",
        ]
        for form in bad {
            #expect(throws: SigningRequest.Refusal.self, "\(form)") { try SigningRequest(pem: form) }
        }
    }

    @Test func `garbage in place of a request is refused with a reason and no crash, over many seeds`() throws {
        let folder = try Folder()
        let pem = try Self.request(folder, subject: "/O=Harbour Power/CN=CP1")
        let good = try PEMDocument(pemString: pem)
        for seed in 1...1500 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var text = Array(pem.utf8)
            if seed % 2 == 0 {
                var bytes = good.derBytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    // Tags and lengths lie in front: half of the changes go there.
                    let end = Bool.random(using: &random) ? min(40, bytes.count) : bytes.count
                    bytes[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if seed % 6 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
                if bytes == good.derBytes { continue }
                text = Array(PEMDocument(type: "CERTIFICATE REQUEST", derBytes: bytes).pemString.utf8)
            } else {
                let start = Int.random(in: 0..<text.count, using: &random)
                let count = min(text.count - start, Int.random(in: 1...64, using: &random))
                text.replaceSubrange(
                    start..<(start + count),
                    with: (0..<Int.random(in: 0...200, using: &random)).map { _ in
                        UInt8.random(in: 0...127, using: &random)
                    })
            }
            do throws(SigningRequest.Refusal) {
                let read = try SigningRequest(pem: String(decoding: text, as: UTF8.self))
                // What is around the block does not count; the block itself must be the old one.
                #expect(read.commonName == "CP1" && read.organization == "Harbour Power", "seed \(seed)")
            } catch {
                #expect(!error.description.isEmpty, "seed \(seed)")
            }
        }
        #expect(throws: SigningRequest.Refusal.self) { try SigningRequest(pem: String(repeating: "A", count: 5501)) }
        #expect(throws: SigningRequest.Refusal.self) { try SigningRequest(pem: "") }
    }

    @Test func `garbage in place of certificates is an error and no crash, over many seeds`() async throws {
        let folder = try Folder()
        let authority = try Self.authority()
        let request = try SigningRequest(pem: try Self.request(folder, subject: "/O=Harbour Power/CN=CP1"))
        let der = try authority.issueStation(request, identity: "CP1", organization: Self.operatorName, at: Self.now)
            .der
        let verifier = ChainVerifier(roots: [authority.certificate])
        for seed in 1...2000 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = der
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if seed % 3 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            if bytes == der { continue }
            await #expect(throws: ChainVerifier.Fault.self, "seed \(seed)") {
                try await verifier.verify([bytes], at: Self.now)
            }
        }
    }

    @Test func `ends that come near are told in three steps, the nearest first`() {
        let now = Instant(seconds: 1_800_000_000)
        let due = ExpiryWatch.due(
            [
                .init(label: "far", notAfter: now + .days(31)), .init(label: "soon", notAfter: now + .days(30)),
                .init(label: "urgent", notAfter: now + .days(7)), .init(label: "over", notAfter: now - .seconds(1)),
            ], at: now)
        #expect(due.map(\.0.label) == ["over", "urgent", "soon"])
        #expect(due.map(\.1) == [.expired, .urgent, .soon])
    }
}
