import Charging
import Documents
import Operations

/// Forwards vendors' own messages to the services that handlers name.
final class VendorDesk: Sendable {
    private let http: HTTPDesk
    private static let patience: Duration = .seconds(10)

    init(http: HTTPDesk) { self.http = http }

    /// - Parameters:
    ///   - data: a text of 1.6, JSON of 2.x.
    ///   - callID: the message's own; the same one when a station repeats it.
    /// - Returns: `nil`: no answer that can be used.
    func ask(
        _ url: String, _ identity: String, vendor: String, message: String?, data: String?, isJSON: Bool, callID: String
    ) async -> VendorAnswer? {
        let shown: JSONValue = data.map { isJSON ? .number($0) : .string($0) } ?? .null
        let body: JSONValue = [
            "station": .string(identity), "call_id": .string(callID), "vendor_id": .string(vendor),
            "message_id": .string(orNull: message), "data": shown,
        ]
        guard
            let bytes = try? await http.post(
                Array(body.text().utf8), type: "application/json", accept: "application/json", to: url,
                within: Self.patience),
            let told = HookAnswer(bytes), let status = told["status"].flatMap(VendorAnswer.Status.init(rawValue:))
        else { return nil }
        return VendorAnswer(status, data: told.data("data"))
    }
}
