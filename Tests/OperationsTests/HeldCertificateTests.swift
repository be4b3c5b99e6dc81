import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// Which certificates a station holds, as its answers tell it; `Tests/python` has it over sockets.
@Suite("Certificates that stations hold") struct HeldCertificateTests {
    private static let id = StationID("CP1")

    private static func hash(_ serial: String, _ algorithm: String = "SHA256") -> CertificateHashData {
        CertificateHashData(
            algorithm: algorithm, issuerNameHash: "a" + algorithm, issuerKeyHash: "b" + algorithm, serialNumber: serial)
    }
    /// A text `PEM N` is a certificate with serial number N; `PEM sub` has no name that is known.
    private static let reader = CertificateReader { pem in
        guard let serial = pem.split(separator: " ").dropFirst().first.map(String.init) else { return nil }
        return CertificateFacts(
            subject: "CN=" + serial, notAfter: Instant("2030-01-01T00:00:00Z")!,
            hashes: serial == "sub" ? [] : ["SHA256", "SHA384", "SHA512"].map { hash(serial, $0) })
    }

    private static func dialogue(_ version: OCPPVersion) -> Dialogue {
        var d = Dialogue { $0.certificateReader = reader }
        d.connect("CP1", version)
        return d
    }
    private static func picture(_ d: Dialogue) -> CertificatePicture? { d.core.heldCertificates(of: id) }
    private static func held(_ d: Dialogue) -> [String] {
        (picture(d)?.items ?? []).map { item in
            "\(item.use) \(item.hash?.serialNumber ?? "-") \(item.source.rawValue)\(item.isChild ? " child" : "")"
        }
    }
    private static func json(_ hash: CertificateHashData) -> String {
        #"{"hashAlgorithm":"\#(hash.algorithm)","issuerNameHash":"\#(hash.issuerNameHash)","issuerKeyHash":"\#(hash.issuerKeyHash)","serialNumber":"\#(hash.serialNumber)"}"#
    }

    /// A person's raw command and its answer.
    private static func run(_ d: inout Dialogue, _ action: String, _ payload: String, _ answer: String) {
        d.order(.command(id, action: action, payload: Array(payload.utf8), timeout: .seconds(30)))
        #expect(d.answer("CP1", action, answer) != nil)
    }

    @Test(arguments: OCPPVersion.allCases)
    func `what is taken is there, what is deleted is gone, and both outlast a restart`(_ version: OCPPVersion) {
        var d = Self.dialogue(version)
        let use = version == .v16 ? "CentralSystemRootCertificate" : "CSMSRootCertificate"
        Self.run(
            &d, "InstallCertificate", #"{"certificateType":"\#(use)","certificate":"PEM 51"}"#,
            #"{"status":"Rejected"}"#)
        #expect(Self.held(d).isEmpty)
        for serial in ["51", "52", "52"] {
            Self.run(
                &d, "InstallCertificate", #"{"certificateType":"\#(use)","certificate":"PEM \#(serial)"}"#,
                #"{"status":"Accepted"}"#)
        }
        #expect(Self.held(d) == ["\(use) 51 installed", "\(use) 52 installed"])
        d.restart()
        d.connect("CP1", version)
        #expect(Self.held(d) == ["\(use) 51 installed", "\(use) 52 installed"])
        #expect(Self.picture(d)?.items.first?.facts?.subject == "CN=51" && Self.picture(d)?.listedAt == nil)
        let first = #"{"certificateHashData":\#(Self.json(Self.hash("51", "SHA512")))}"#
        Self.run(&d, "DeleteCertificate", first, #"{"status":"Failed"}"#)
        #expect(Self.held(d).count == 2)
        Self.run(&d, "DeleteCertificate", first, #"{"status":"Accepted"}"#)
        #expect(Self.held(d) == ["\(use) 52 installed"])
        // What it never had, it does not have.
        let second = #"{"certificateHashData":\#(Self.json(Self.hash("0052")))}"#
        Self.run(&d, "DeleteCertificate", second, #"{"status":"NotFound"}"#)
        #expect(Self.held(d).isEmpty)
    }

    @Test func `a list replaces what it is about, in the station's own form, and nothing else`() {
        var d = Self.dialogue(.v201)
        for (use, pem) in [
            ("CSMSRootCertificate", "PEM 1"), ("CSMSRootCertificate", "PEM 2"), ("MORootCertificate", "PEM 3"),
            ("V2GRootCertificate", "PEM sub"), ("V2GRootCertificate", "unreadable"),
        ] {
            Self.run(
                &d, "InstallCertificate", #"{"certificateType":"\#(use)","certificate":"\#(pem)"}"#,
                #"{"status":"Accepted"}"#)
        }
        #expect(
            Self.held(d) == [
                "CSMSRootCertificate 1 installed", "CSMSRootCertificate 2 installed", "MORootCertificate 3 installed",
                "V2GRootCertificate - installed", "V2GRootCertificate - installed",
            ])
        let told = Self.json(Self.hash("2", "SHA384"))
        Self.run(
            &d, "GetInstalledCertificateIds", #"{"certificateType":["CSMSRootCertificate","V2GRootCertificate"]}"#,
            #"{"status":"Accepted","certificateHashDataChain":[{"certificateType":"CSMSRootCertificate","certificateHashData":\#(told)}]}"#
        )
        #expect(Self.held(d) == ["MORootCertificate 3 installed", "CSMSRootCertificate 2 listed"])
        #expect(Self.picture(d)?.items.last?.facts?.subject == "CN=2", "its text was seen before")
        #expect(Self.picture(d)?.items.last?.hash?.algorithm == "SHA384" && Self.picture(d)?.listedAt == d.now)
        Self.run(
            &d, "GetInstalledCertificateIds", #"{"certificateType":["MORootCertificate"]}"#,
            #"{"status":"NotFound"}"#)
        #expect(Self.held(d) == ["CSMSRootCertificate 2 listed"])
        let (root, child) = (Self.json(Self.hash("10")), Self.json(Self.hash("11")))
        Self.run(
            &d, "GetInstalledCertificateIds", "{}",
            #"{"status":"Accepted","certificateHashDataChain":[{"certificateType":"V2GCertificateChain","certificateHashData":\#(root),"childCertificateHashData":[\#(child)]},{"certificateType":"CSMSRootCertificate","certificateHashData":\#(told)}]}"#
        )
        #expect(
            Self.held(d) == [
                "V2GCertificateChain 10 listed", "V2GCertificateChain 11 listed child", "CSMSRootCertificate 2 listed",
            ])
        Self.run(&d, "DeleteCertificate", #"{"certificateHashData":\#(root)}"#, #"{"status":"Accepted"}"#)
        #expect(Self.held(d) == ["CSMSRootCertificate 2 listed"], "its chain went with it")
    }

    @Test func `a list without end is cut, and a removed station has none`() {
        var d = Self.dialogue(.v16)
        let all = (1...300).map { Self.json(Self.hash(String($0))) }.joined(separator: ",")
        Self.run(
            &d, "GetInstalledCertificateIds", #"{"certificateType":"ManufacturerRootCertificate"}"#,
            #"{"status":"Accepted","certificateHashData":[\#(all)]}"#)
        #expect(Self.held(d).count == CertificatePicture.most)
        d.order(.deleteStation(Self.id))
        #expect(Self.picture(d) == nil && d.disk.heldCertificates.isEmpty)
    }

    @Test func `orders speak each version's words, and 1_6 carries vehicles' roots inside DataTransfer`() {
        var d = Self.dialogue(.v16)
        func order(_ wish: StationWish) { d.order(.ask(Self.id, wish, timeout: .seconds(30))) }
        func text(_ call: StationCall?) -> String { call.map { String(decoding: $0.payload, as: UTF8.self) } ?? "" }
        order(.installCertificate(use: "CSMSRootCertificate", pem: "PEM 1"))
        let own = d.answer("CP1", "InstallCertificate", #"{"status":"Accepted"}"#)
        #expect(text(own).contains("CentralSystemRootCertificate"))
        order(.installCertificate(use: "V2GRootCertificate", pem: "PEM 2"))
        let inner = #"{\"status\":\"Accepted\"}"#
        let wrapped = d.answer("CP1", "DataTransfer", #"{"status":"Accepted","data":"\#(inner)"}"#)
        #expect(text(wrapped).contains("org.openchargealliance.iso15118pnc") && text(wrapped).contains("PEM 2"))
        #expect(Self.held(d) == ["CentralSystemRootCertificate 1 installed", "V2GRootCertificate 2 installed"])
        // Deleted in the way in which it came.
        order(.deleteCertificate(Self.hash("2")))
        d.answer("CP1", "DataTransfer", #"{"status":"Accepted","data":"\#(inner)"}"#)
        #expect(Self.held(d) == ["CentralSystemRootCertificate 1 installed"])
        order(.deleteCertificate(Self.hash("1")))
        d.answer("CP1", "DeleteCertificate", #"{"status":"Accepted"}"#)
        #expect(Self.held(d).isEmpty)
        order(.listCertificates(use: nil))
        let lists = (0..<2).map { _ in
            text(d.answer("CP1", "GetInstalledCertificateIds", #"{"status":"NotFound"}"#))
        }
        #expect(lists[0].contains("CentralSystemRoot") && lists[1].contains("ManufacturerRoot"))
        #expect(Self.picture(d)?.listedAt == d.now && d.calls.isEmpty)
    }
}
