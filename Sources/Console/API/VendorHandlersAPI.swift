import Charging
import Documents
import Operations

/// What happens to stations' messages of vendors' own (DataTransfer).
enum VendorHandlersAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let all = await call.service.vendorHandlers()
        return Listing(columns: VendorHandler.columns, items: all.map(\.json), nextCursor: nil)
            .response(to: call.request, name: "vendor-handlers")
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = call.parameter("id")
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["vendor_id", "message_id", "url", "status", "data"], ignored: ["id"])
        if id.isEmpty || SitesAPI.problem(ofID: id) != nil {
            fields.refuse("id", "an id of 1 to 64 printable characters without spaces is expected")
        }
        let vendor = fields.string("vendor_id")
        let message = fields.string("message_id", atMost: 50)
        let url = fields.string("url", atMost: 2000)
        let status = fields.word("status", HandlerStatus.self)
        let data = fields.string("data", atMost: 10_000)
        if vendor.value?.isEmpty ?? true, fields.problems.isEmpty {
            fields.refuse("vendor_id", "the vendor's id is expected")
        }
        if let text = url.value, !text.hasPrefix("http://"), !text.hasPrefix("https://") {
            fields.refuse("url", "an address with http:// or https:// is expected")
        }
        try fields.throwIfAny()
        let known = await call.service.vendorHandlers().contains { $0.id == id }
        let handler = VendorHandler(
            id: id, vendor: vendor.value ?? "", message: message.value, url: url.value,
            status: VendorAnswer.Status(rawValue: (status.value ?? .accepted).rawValue) ?? .accepted,
            data: data.value)
        guard case .vendorHandler(let kept) = try await call.order(.putVendorHandler(handler)) else {
            return .json(handler.json, status: known ? 200 : 201)
        }
        return .json(kept.json, status: known ? 200 : 201)
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        _ = try await call.order(.deleteVendorHandler(call.parameter("id")))
        return .noContent
    }

    /// Fixed answers that make sense for a vendor who is known.
    private enum HandlerStatus: String, CaseIterable {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownMessage = "UnknownMessageId"
    }
}

extension VendorHandler {
    static let columns = ["id", "vendor_id", "message_id", "url", "status", "data"]
    var json: JSONValue {
        [
            "id": .string(id), "vendor_id": .string(vendor), "message_id": .string(orNull: message),
            "url": .string(orNull: url), "status": .string(status.rawValue), "data": .string(orNull: data),
        ]
    }
}
