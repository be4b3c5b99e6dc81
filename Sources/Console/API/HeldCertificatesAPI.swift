import Assets
import Charging
import Documents
import Operations
import Quantities

/// Certificates that a station holds to trust others by: `/api/v1/stations/{id}/installed-certificates`, and the platform's
/// roots that it may be given.
enum HeldCertificatesAPI {
    /// A row a certificate, as far as is known from what the station took, deleted and listed.
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        let view = await HeldCertificatesView(of: id, call.service)
        let items = view.rows.map(\.json)
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: HeldCertificatesView.Row.columns, items: items, nextCursor: nil)
                .response(to: call.request, name: "installed-certificates")
        }
        return .json(["items": .array(items), "next_cursor": .null, "listed_at": .instant(view.listedAt)])
    }

    @Sendable static func roots(_ call: Call) async throws(Refusal) -> WebResponse {
        Listing(columns: PlatformRoot.columns, items: await call.service.roots().map(\.json), nextCursor: nil)
            .response(to: call.request, name: "roots")
    }

    /// Installs one of the platform's roots by its name, or a certificate that the caller brings.
    @Sendable static func install(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["root", "certificate", "use"])
        let (name, pem) = (fields.string("root", atMost: 100), fields.text("certificate", atMost: 10_000))
        let use = fields.word("use", CertificateUse.self)
        if fields.problems.isEmpty, (name.value == nil) == (pem.value == nil) {
            fields.refuse("root", "one of root and certificate is expected")
        }
        var root: PlatformRoot?
        if let name = name.value, fields.problems.isEmpty {
            let known = await call.service.roots()
            root = known.first { $0.name == name }
            if root == nil {
                fields.refuse("root", "is no root of the platform; it has \(known.map(\.name).joined(separator: ", "))")
            }
        }
        if pem.value != nil, use.value == nil, fields.problems.isEmpty {
            fields.refuse("use", "what the certificate is for is expected, such as CSMSRootCertificate")
        }
        let text = root?.pem ?? pem.value ?? ""
        let longest = longestCertificate(of: station)
        if fields.problems.isEmpty, text.unicodeScalars.count > longest {
            fields.refuse("certificate", "the station's protocol carries at most \(longest) characters")
        }
        if fields.problems.isEmpty, !text.contains("-----BEGIN CERTIFICATE-----") {
            fields.refuse("certificate", "a PEM text with a CERTIFICATE block is expected")
        }
        let purpose = use.value?.rawValue ?? root?.use ?? ""
        if use.value == .oem, station.protocol != "ocpp2.1" { fields.refuse("use", "only OCPP 2.1 has this use") }
        try fields.throwIfAny()
        return try await ask(.installCertificate(use: purpose, pem: text), station, call)
    }

    /// By its name as the list tells it.
    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber"])
        let algorithm = fields.word("hashAlgorithm", HashAlgorithm.self)
        let name = fields.string("issuerNameHash", atMost: 128)
        let key = fields.string("issuerKeyHash", atMost: 128)
        let serial = fields.string("serialNumber", atMost: 40)
        if fields.problems.isEmpty {
            if algorithm.value == nil { fields.refuse("hashAlgorithm", "SHA256, SHA384 or SHA512 is expected") }
            for (field, given) in [("issuerNameHash", name), ("issuerKeyHash", key), ("serialNumber", serial)]
            where given.value?.isEmpty ?? true {
                fields.refuse(field, "hexadecimal digits are expected")
            }
        }
        try fields.throwIfAny()
        guard let algorithm = algorithm.value, let name = name.value, let key = key.value, let serial = serial.value
        else { throw .invalid([]) }
        let hash = CertificateHashData(
            algorithm: algorithm.rawValue, issuerNameHash: name, issuerKeyHash: key, serialNumber: serial)
        return try await ask(.deleteCertificate(hash), station, call)
    }

    /// Asks the station for its list.
    @Sendable static func read(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call)
        var use: CertificateUse?
        if !call.request.body.isEmpty {
            var fields = try JSONFields(body: call.request)
            fields.check(allowed: ["use"])
            use = fields.word("use", CertificateUse.self).value
            if use == .oem, station.protocol != "ocpp2.1" { fields.refuse("use", "only OCPP 2.1 has this use") }
            try fields.throwIfAny()
        }
        return try await ask(.listCertificates(use: use?.rawValue), station, call)
    }

    private static func longestCertificate(of station: StationView) -> Int {
        station.protocol == "ocpp2.1" ? 10_000 : 5500
    }

    private static func ask(
        _ wish: StationWish, _ station: StationView, _ call: Call
    ) async throws(Refusal) -> WebResponse {
        let order = Order.ask(station.station.id, wish, timeout: .seconds(30))
        return try await CommandsAPI.response(to: try await call.order(order), call)
    }

    /// OCPP 2.x's words; 1.6 has its own for the first two, and carries the others inside DataTransfer.
    enum CertificateUse: String, CaseIterable {
        case centralSystem = "CSMSRootCertificate"
        case manufacturer = "ManufacturerRootCertificate"
        case vehicleToGrid = "V2GRootCertificate"
        case mobilityOperator = "MORootCertificate"
        case oem = "OEMRootCertificate"
    }
    enum HashAlgorithm: String, CaseIterable {
        case sha256 = "SHA256"
        case sha384 = "SHA384"
        case sha512 = "SHA512"
    }
}

/// A station's certificates beside the platform's own roots.
struct HeldCertificatesView: Sendable {
    struct Row: Sendable {
        let held: HeldCertificate
        /// Which of the platform's roots it is.
        let root: PlatformRoot?
        var subject: String? { held.facts?.subject ?? root?.subject }
        var notAfter: Instant? { held.facts?.notAfter ?? root?.notAfter }
        var isOurs: Bool { root?.name == PlatformRoot.authority }
    }
    let rows: [Row]
    let listedAt: Instant?

    init(of station: StationID, _ service: any PlatformService) async {
        let picture = await service.heldCertificates(of: station)
        let roots = await service.roots()
        rows = (picture?.items ?? []).map { held -> Row in
            let names: [CertificateHashData] = (held.hash.map { [$0] } ?? []) + (held.facts?.hashes ?? [])
            let root: PlatformRoot? = roots.first { root in names.contains { root.isNamed(by: $0) } }
            return Row(held: held, root: root)
        }
        listedAt = picture?.listedAt
    }
}

extension CertificateHashData {
    var json: JSONValue {
        [
            "hashAlgorithm": .string(algorithm), "issuerNameHash": .string(issuerNameHash),
            "issuerKeyHash": .string(issuerKeyHash), "serialNumber": .string(serialNumber),
        ]
    }
}

extension HeldCertificatesView.Row {
    static let columns = [
        "use", "hash.hashAlgorithm", "hash.issuerNameHash", "hash.issuerKeyHash", "hash.serialNumber", "child",
        "our_root", "root", "subject", "not_after", "source", "at",
    ]
    var json: JSONValue {
        [
            "use": .string(held.use), "hash": held.hash?.json ?? .null, "child": .bool(held.isChild),
            "our_root": .bool(isOurs), "root": .string(orNull: root?.name), "subject": .string(orNull: subject),
            "not_after": .instant(notAfter), "source": .string(held.source.rawValue), "at": .instant(held.at),
        ]
    }
}

extension PlatformRoot {
    static let columns = ["name", "use", "subject", "not_after", "fingerprint", "certificate"]
    var json: JSONValue {
        [
            "name": .string(name), "use": .string(use), "subject": .string(subject), "not_after": .instant(notAfter),
            "fingerprint": .string(fingerprint), "certificate": .string(pem),
        ]
    }
}
