import Assets
import Documents
import Operations
import Quantities

/// Certificates and security events of stations, and the authority that signs.
enum SecurityAPI {
    @Sendable static func authority(_ call: Call) async throws(Refusal) -> WebResponse {
        guard let authority = await call.service.authority() else { throw .notFound("authority", "of this platform") }
        return .json(authority.json)
    }

    @Sendable static func certificates(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return Listing(
            columns: CertificateRecord.columns, items: await call.service.certificates(of: id).map(\.json),
            nextCursor: nil
        ).response(to: call.request, name: "certificates")
    }

    /// What the station answered last when it was asked which certificates it holds (GetInstalledCertificateIds).
    @Sendable static func installed(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        let authority = await call.service.authority()
        let found = await InstalledCertificate.last(of: id, call.service)
        return Listing(
            columns: InstalledCertificate.columns, items: found.items.map { $0.json(at: found.at, authority) },
            nextCursor: nil
        ).response(to: call.request, name: "installed-certificates")
    }

    @Sendable static func events(_ call: Call) async throws(Refusal) -> WebResponse {
        try await events(of: call.request.query["station"].map { StationID($0) }, call)
    }

    @Sendable static func eventsOfStation(_ call: Call) async throws(Refusal) -> WebResponse {
        try await events(of: try await StationsAPI.station(call).station.id, call)
    }

    private static func events(of station: StationID?, _ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let found = await call.service.securityEvents(
            of: station, critical: try call.flag("critical") ?? false, limit: limit + 1,
            before: try call.numericCursor())
        let page = found.prefix(limit)
        return Listing(
            columns: StoredSecurityEvent.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last.map { String($0.id) } : nil
        ).response(to: call.request, name: "security-events")
    }
}

/// One certificate that a station says it holds.
struct InstalledCertificate: Hashable, Sendable {
    /// OCPP's word: `CSMSRootCertificate`, in 1.6 `CentralSystemRootCertificate`.
    let use: String
    let hash: CertificateHashData
    /// It hangs below the one before (2.x).
    var isChild = false

    /// From the newest answered commands: one for each use that was asked for, all of them when none was named.
    static func last(
        of station: StationID, _ service: any PlatformService
    ) async -> (items: [InstalledCertificate], at: Instant?) {
        var asked: [CommandView] = []
        for command in await service.commands(of: station, limit: 200, before: nil)
        where command.action == "GetInstalledCertificateIds" {
            // What was answered a moment ago the core knows before the disk.
            let newest = command.status == .pending ? await service.command(command.id) ?? command : command
            if newest.status == .answered { asked.append(newest) }
        }
        var items: [InstalledCertificate] = []
        var seen: Set<String> = []
        for command in asked {
            let use = (try? JSONNode(command.payload))?["certificateType"]?.word
            if let use, !seen.insert(use).inserted { continue }
            items += parsed(command.response ?? [], use: use ?? "")
            // An answer about several uses, or about all (2.x), says everything.
            if use == nil { break }
        }
        return (items, asked.first?.finishedAt)
    }

    private static func parsed(_ response: [UInt8], use: String) -> [InstalledCertificate] {
        guard let answer = try? JSONNode(response) else { return [] }
        var items: [InstalledCertificate] = []
        for node in answer["certificateHashData"]?.elements ?? [] {
            if let hash = CertificateHashData(node) { items.append(InstalledCertificate(use: use, hash: hash)) }
        }
        for node in answer["certificateHashDataChain"]?.elements ?? [] {
            guard let hash = node["certificateHashData"].flatMap({ CertificateHashData($0) }) else { continue }
            let use = node["certificateType"]?.word ?? use
            items.append(InstalledCertificate(use: use, hash: hash))
            for child in node["childCertificateHashData"]?.elements ?? [] {
                guard let hash = CertificateHashData(child) else { continue }
                items.append(InstalledCertificate(use: use, hash: hash, isChild: true))
            }
        }
        return Array(items.prefix(most))
    }
    /// A station may list any number.
    private static let most = 200
}

extension CertificateHashData {
    fileprivate init?(_ node: JSONNode) {
        guard let algorithm = node["hashAlgorithm"]?.word, let name = node["issuerNameHash"]?.word,
            let key = node["issuerKeyHash"]?.word, let serial = node["serialNumber"]?.word
        else { return nil }
        self.init(algorithm: algorithm, issuerNameHash: name, issuerKeyHash: key, serialNumber: serial)
    }

    var json: JSONValue {
        [
            "hashAlgorithm": .string(algorithm), "issuerNameHash": .string(issuerNameHash),
            "issuerKeyHash": .string(issuerKeyHash), "serialNumber": .string(serialNumber),
        ]
    }
}

extension JSONNode {
    fileprivate var elements: [JSONNode] { if case .array(let all) = content { all } else { [] } }
    fileprivate var word: String? { if case .string(let text) = content { text } else { nil } }
}

extension AuthorityView {
    var json: JSONValue {
        [
            "subject": .string(subject), "not_after": .instant(notAfter), "hash": hash.json, "root": .string(root),
        ]
    }
}

extension CertificateRecord {
    static let columns = [
        "serial", "subject", "issuer", "not_before", "not_after", "use", "state", "at", "word", "in_use", "fingerprint",
    ]
    var json: JSONValue {
        [
            "serial": .string(serialNumber), "subject": .string(subject), "issuer": .string(issuer),
            "not_before": .instant(notBefore), "not_after": .instant(notAfter), "use": .string(use),
            "state": .string(state.rawValue), "at": .instant(at), "word": .string(orNull: word),
            "in_use": .bool(isInUse), "fingerprint": .string(fingerprint),
        ]
    }
}

extension InstalledCertificate {
    static let columns = [
        "use", "hash.hashAlgorithm", "hash.issuerNameHash", "hash.issuerKeyHash", "hash.serialNumber", "child",
        "our_root", "at",
    ]
    func json(at: Instant?, _ authority: AuthorityView?) -> JSONValue {
        [
            "use": .string(use), "hash": hash.json, "child": .bool(isChild),
            "our_root": .bool(authority.map { $0.hash.names(hash) } ?? false), "at": .instant(at),
        ]
    }
}

extension StoredSecurityEvent {
    static let columns = ["id", "station", "at", "received_at", "source", "type", "critical", "info"]
    var json: JSONValue {
        [
            "id": .int(id), "station": .string(event.station.value), "at": .instant(event.at),
            "received_at": .instant(event.receivedAt), "source": .string(event.source.rawValue),
            "type": .string(event.type), "critical": .bool(event.isCritical), "info": .string(orNull: event.info),
        ]
    }
}
