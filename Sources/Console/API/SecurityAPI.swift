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
