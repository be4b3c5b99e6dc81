import Documents
import Operations

/// Why a request is not served, as `application/problem+json` (RFC 9457) or as a page.
///
/// `code` is the stable word of the problem's `type` (`urn:tidewatt:problem:CODE`); `detail` says what, why and the way out.
struct Refusal: Error, Sendable {
    let status: Int
    let code: String
    let detail: String
    var fields: [Mistake] = []
    /// What stands in the place of `{name}` where a page words the code.
    var values: [String: String] = [:]
    var headers: [(name: String, value: String)] = []

    init(
        _ status: Int, _ code: String, _ detail: String, fields: [Mistake] = [], values: [String: String] = [:],
        headers: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.values = values
        self.headers = headers
    }

    init(_ fault: ServiceFault) {
        let status =
            switch fault.kind {
            case .notFound: 404
            case .invalid: 400
            case .conflict: 409
            case .forbidden: 403
            case .unavailable: 503
            }
        self.init(
            status, fault.code, fault.detail, fields: fault.fields.mistakes, values: fault.reason.values)
    }

    static func notFound(_ what: String, _ id: String) -> Refusal {
        Refusal(404, "\(what)-unknown", "There is no \(what) \"\(id)\".", values: [what: id])
    }

    static func invalid(_ fields: [Mistake]) -> Refusal {
        let detail = fields.map { $0.path.isEmpty ? $0.problem : "\($0.path): \($0.problem)" }
        return Refusal(400, "request-invalid", detail.joined(separator: "; ") + ".", fields: fields)
    }

    var title: String {
        switch status {
        case 400: "The request is not valid"
        case 401: "Sign in first"
        case 403: "Not allowed"
        case 404: "Not found"
        case 405: "This address does not take the method"
        case 409: "In conflict with the present state"
        case 413: "The request is too large"
        case 415: "The content type is not taken here"
        case 429: "Too many attempts"
        case 503: "Not available now"
        default: "Our own fault"
        }
    }

    var response: WebResponse {
        var members: [JSONValue.Member] = [
            .init("type", .string("urn:tidewatt:problem:" + code)), .init("title", .string(title)),
            .init("status", .int(status)), .init("detail", .string(detail)),
        ]
        if !fields.isEmpty {
            let errors = fields.map {
                JSONValue.object([.init("path", .string($0.path)), .init("problem", .string($0.problem))])
            }
            members.append(.init("errors", .array(errors)))
        }
        return .text(
            JSONValue.object(members).text(), type: "application/problem+json", status: status, headers: headers)
    }
}
