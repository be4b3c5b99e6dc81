import Credentials
import Foundation
import NIOPosix
import Quantities
import Synchronization
import Testing

@testable import Gateway

/// The TLS listener on real sockets, with Python's ssl (OpenSSL) as the station.
@Suite("TLS on real sockets", .serialized, .timeLimit(.minutes(3))) struct TLSTests {
    static let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))

    /// An authority, its server certificates of both kinds, and a folder with what stations need.
    final class Bench: Sendable {
        let authority: CertificateAuthority
        let folder: String

        init() throws {
            authority = try .make(organization: "Harbour Power", name: "Root", at: TLSTests.now)
            folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try write("ca.pem", authority.certificate.pem)
        }
        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
        }

        func settings(clients: Bool = true) throws -> TLSServer.Settings {
            let identities = try [CertificateAuthority.ServerKey.ecdsa, .rsa].map { kind in
                let made = try authority.issueServer(
                    names: ["localhost"], key: kind, organization: "Harbour Power", at: TLSTests.now)
                return TLSServer.Identity(chainPEM: made.certificate.pem, keyPEM: made.keyPEM)
            }
            return .init(identities: identities, stationRoots: clients ? [authority.certificate] : [])
        }

        /// A station's certificate and key in the folder, its key made by openssl.
        func station(_ identity: String, signedBy other: CertificateAuthority? = nil) async throws -> [String] {
            let arguments = [
                "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
                "/O=Harbour Power/CN=\(identity)", "-keyout", folder + "/\(identity).key", "-out",
                folder + "/\(identity).csr",
            ]
            _ = try await TLSTests.onThread { try self.run("/usr/bin/openssl", arguments) }
            let request = try SigningRequest(
                pem: String(contentsOfFile: folder + "/\(identity).csr", encoding: .utf8))
            let certificate = try (other ?? authority).issueStation(
                request, identity: identity, organization: "Harbour Power", at: TLSTests.now)
            try write("\(identity).pem", certificate.pem)
            return ["--cert", folder + "/\(identity).pem", "--key", folder + "/\(identity).key"]
        }

        @discardableResult
        func run(_ program: String, _ arguments: [String]) throws -> Data {
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let said = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return said
        }
    }

    struct Seen: Decodable, Sendable {
        var tls: String?
        var cipher: String?
        var compression: String?
        var resumed: Bool?
        var status: Int?
        var text: String?
        var answer: String?
        var second: String?
        var fault: String?
    }

    static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "python/peers/tls_station.py").path

    /// Waits for another program without holding up the threads of all tasks.
    static func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// One visit of a station; what it saw.
    static func visit(_ bench: Bench, _ port: Int, _ identity: String, _ options: [String] = []) async throws -> Seen {
        let said = try await onThread {
            try bench.run(
                "/usr/bin/python3", [script, "\(port)", identity, "--ca", bench.folder + "/ca.pem"] + options)
        }
        return try JSONDecoder().decode(Seen.self, from: said)
    }

    static func withListener(
        _ bench: Bench, clients: Bool = true, _ body: (TLSServer, Recorder, OCPPGateway, Int) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let recorder = Recorder()
        let gateway = OCPPGateway(configuration: .init(), delegate: recorder, group: group)
        recorder.answer.withLock { answer in
            answer = { call in gateway.respond([(call.connection, call.call.messageID, Array("{}".utf8))]) }
        }
        let tls = try TLSServer(try bench.settings(clients: clients), clock: { now })
        let port = try #require(try await gateway.start(host: "127.0.0.1", port: 0, tls: tls).port)
        let result: Result<Void, any Error>
        do { result = .success(try await body(tls, recorder, gateway, port)) } catch { result = .failure(error) }
        await gateway.shutdown()
        recorder.answer.withLock { $0 = nil }
        try await group.shutdownGracefully()
        try result.get()
    }

    static func requests(_ recorder: Recorder) -> [UpgradeRequest] { recorder.state.withLock { $0.requests } }

    @Test func `profiles 2 and 3 come in on one port and are told apart`() async throws {
        let bench = try Bench()
        let certificate = try await bench.station("CP3")
        try await Self.withListener(bench) { _, recorder, _, port in
            for version in ["TLSv1_2", "TLSv1_3"] {
                let two = try await Self.visit(bench, port, "CP2", ["--password", "secret", "--max", version])
                #expect(two.status == 101 && two.answer == "[3,\"1\",{}]" && two.compression == nil, "\(two)")
                #expect(two.tls == (version == "TLSv1_2" ? "TLSv1.2" : "TLSv1.3"))
                let three = try await Self.visit(bench, port, "CP3", certificate + ["--max", version])
                #expect(three.status == 101 && three.answer == "[3,\"1\",{}]", "\(three)")
            }
            let seen = Self.requests(recorder)
            #expect(seen.map(\.securityProfile) == [2, 3, 2, 3])
            #expect(seen.map(\.certificate?.commonName) == [nil, "CP3", nil, "CP3"])
            #expect(seen.compactMap(\.certificate).allSatisfy { $0.organization == "Harbour Power" && !$0.isExpired })
        }
    }

    @Test(arguments: [
        ("ECDHE-ECDSA-AES128-GCM-SHA256"), "ECDHE-ECDSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
    ])
    func `every suite of the standard is served with the certificate that fits`(_ suite: String) async throws {
        let bench = try Bench()
        try await Self.withListener(bench, clients: false) { _, _, _, port in
            let seen = try await Self.visit(
                bench, port, "CP1", ["--password", "x", "--max", "TLSv1_2", "--ciphers", suite])
            #expect(seen.cipher == suite && seen.status == 101, "\(seen)")
        }
    }

    @Test func `older TLS, weak suites and plain text are refused`() async throws {
        let bench = try Bench()
        try await Self.withListener(bench) { _, recorder, gateway, port in
            for options in [
                ["--max", "TLSv1_1", "--ciphers", "ALL:@SECLEVEL=0"],
                ["--max", "TLSv1_2", "--ciphers", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"], ["--plain"],
            ] {
                let seen = try await Self.visit(bench, port, "CP1", options)
                #expect(seen.fault != nil && seen.status == nil, "\(options): \(seen)")
            }
            #expect(Self.requests(recorder).isEmpty && gateway.statistics.online == 0)
        }
    }

    @Test func `a certificate of a stranger's authority ends the handshake, with a reason for the operator`()
        async throws
    {
        let bench = try Bench()
        let stranger = try CertificateAuthority.make(organization: "Harbour Power", name: "Root", at: Self.now)
        let certificate = try await bench.station("CP1", signedBy: stranger)
        try await Self.withListener(bench) { _, recorder, _, port in
            let seen = try await Self.visit(bench, port, "CP1", certificate)
            #expect(seen.status == nil && seen.fault != nil, "\(seen)")
            #expect(Self.requests(recorder).isEmpty)
            #expect(
                recorder.log.contains { $0.hasPrefix("turned away: TLS handshake: the certificate is not trusted") })
        }
    }

    @Test func `an expired certificate is told as such and decided by the delegate`() async throws {
        let bench = try Bench()
        let certificate = try await bench.station("CP1")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let recorder = Recorder()
        let gateway = OCPPGateway(configuration: .init(), delegate: recorder, group: group)
        let tls = try TLSServer(try bench.settings(), clock: { Self.now + .days(380) })
        let port = try #require(try await gateway.start(host: "127.0.0.1", port: 0, tls: tls).port)
        recorder.state.withLock { $0.decision = .forbidden("over") }
        let seen = try await Self.visit(bench, port, "CP1", certificate)
        #expect(seen.status == 403 && seen.text == "over\n", "\(seen)")
        #expect(Self.requests(recorder).map(\.certificate?.isExpired) == [true])
        await gateway.shutdown()
        try await group.shutdownGracefully()
    }

    @Test func `a resumed session does not lose the station's certificate`() async throws {
        let bench = try Bench()
        let certificate = try await bench.station("CP1")
        try await Self.withListener(bench) { _, recorder, _, port in
            for version in ["TLSv1_2", "TLSv1_3"] {
                let seen = try await Self.visit(bench, port, "CP1", certificate + ["--resume", "--max", version])
                #expect(seen.status == 101, "\(version): \(seen)")
            }
            #expect(Self.requests(recorder).map(\.securityProfile) == [3, 3, 3, 3])
        }
    }

    @Test func `new certificates come into force without dropping sockets`() async throws {
        let bench = try Bench()
        try await Self.withListener(bench) { tls, recorder, gateway, port in
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/python3")
            process.arguments = [
                Self.script, "\(port)", "CP1", "--ca", bench.folder + "/ca.pem", "--password", "x", "--hold",
            ]
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            // The first line says that the socket is open.
            let first = try await Self.onThread { try output.fileHandleForReading.read(upToCount: 16) }
            #expect(first.map { String(decoding: $0, as: UTF8.self) }?.contains("ready") == true)

            let before = tls.certificates.map(\.serialNumber)
            let broken = TLSServer.Settings(identities: [.init(chainPEM: "nonsense", keyPEM: "")])
            #expect(throws: CredentialFault.self) { try tls.reload(broken) }
            #expect(tls.certificates.map(\.serialNumber) == before)
            let other = try Bench()
            try tls.reload(try other.settings())
            let refused = try await Self.visit(bench, port, "CP2", ["--password", "x"])
            #expect(refused.fault?.contains("CERTIFICATE_VERIFY_FAILED") == true, "\(refused)")
            #expect(try await Self.visit(other, port, "CP2", ["--password", "x"]).status == 101)

            try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
            let rest = try await Self.onThread { try output.fileHandleForReading.readToEnd() ?? Data() }
            let said = String(decoding: rest, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
            #expect(try JSONDecoder().decode(Seen.self, from: Data(said.utf8)).second == "[3,\"2\",{}]", "\(said)")
            process.waitUntilExit()
        }
    }
}

extension Recorder {
    func turnedAway(remoteAddress: String, reason: String) {
        state.withLock { $0.log.append("turned away: \(reason)") }
    }
}
