import Assets
import Charging
import Documents
import Operations
import Quantities

/// `/api/v1/stations/{id}/customer-information`: what a station knows of a customer. Personal data: for managers, for a
/// week, and in no log.
enum CustomersAPI {
    enum TokenType: String, CaseIterable {
        case central = "Central"
        case eMAID
        case iso14443 = "ISO14443"
        case iso15693 = "ISO15693"
        case keyCode = "KeyCode"
        case local = "Local"
        case macAddress = "MacAddress"
        case noAuthorization = "NoAuthorization"
    }

    @Sendable static func ask(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["id_token", "id_token_type", "customer_identifier", "report", "clear"])
        let token = fields.string("id_token", atMost: 36)
        let type = fields.word("id_token_type", TokenType.self)
        let identifier = fields.string("customer_identifier", atMost: 64)
        let (report, clear) = (fields.bool("report"), fields.bool("clear"))
        if (token.value == nil) == (identifier.value == nil), fields.problems.isEmpty {
            fields.refuse("id_token", "either id_token or customer_identifier is expected")
        }
        if report.value != true, clear.value != true, fields.problems.isEmpty {
            fields.refuse("report", "report or clear must be true; nothing is asked otherwise")
        }
        try fields.throwIfAny()
        let reference: CustomerReference =
            token.value.map { .idToken($0, type: (type.value ?? .iso14443).rawValue) }
            ?? .identifier(identifier.value ?? "")
        let order = DeviceOrder.customer(
            id, reference, report: report.value ?? false, clear: clear.value ?? false)
        return try await CommandsAPI.response(to: try await call.order(.device(order)), call)
    }

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return Listing(
            columns: CustomerRecord.columns, items: await call.service.customerInformation(of: id).map(\.json),
            nextCursor: nil
        ).response(to: call.request, name: "customer-information")
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        let text = call.parameter("request")
        guard let request = Int(text),
            await call.service.customerInformation(of: id).contains(where: { $0.inquiry.request == request })
        else { throw .notFound("customer-information", text) }
        _ = try await call.order(.device(.removeCustomer(id, request: request)))
        return .noContent
    }
}

extension CustomerRecord {
    static let columns = [
        "request", "subject", "report", "clear", "ordered_at", "by", "status", "complete", "missing", "last_at", "data",
    ]
    var json: JSONValue {
        let parts = inquiry.parts
        let missing = parts.missing.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return [
            "request": .int(inquiry.request), "subject": .string(orNull: inquiry.subject),
            "report": .bool(inquiry.isReport), "clear": .bool(inquiry.isClear),
            "ordered_at": .instant(inquiry.orderedAt), "by": .string(inquiry.by),
            "status": .string(orNull: inquiry.status), "complete": .bool(parts.isComplete),
            "missing": .string(missing.joined(separator: ", ")), "last_at": .instant(inquiry.lastAt),
            "data": .string(orNull: data),
        ]
    }
}
