import Documents
import Operations

/// Liveness, readiness, metrics, the API's description, tariffs to choose from.
enum SystemAPI {
    @Sendable static func health(_ call: Call) async throws(Refusal) -> WebResponse { .json(["status": "ok"]) }

    @Sendable static func readiness(_ call: Call) async throws(Refusal) -> WebResponse {
        if let problem = await call.service.unreadiness() {
            throw Refusal(503, "not-ready", problem, headers: [("Retry-After", "5")])
        }
        return .json(["status": "ready"])
    }

    /// Prometheus text format 0.0.4.
    @Sendable static func metrics(_ call: Call) async throws(Refusal) -> WebResponse {
        var text = ""
        var described: Set<String> = []
        for metric in (await call.service.metrics()).sorted(by: { $0.name < $1.name }) {
            if described.insert(metric.name).inserted {
                text += "# HELP \(metric.name) \(escaped(metric.help))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            }
            let labels = metric.labels.map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
            text += metric.name + (labels.isEmpty ? "" : "{\(labels)}") + " \(number(metric.value))\n"
        }
        return .text(text, type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.append(character)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : value.description
    }

    @Sendable static func openAPI(_ call: Call) async throws(Refusal) -> WebResponse {
        .text(call.console.assets.openAPI, type: "application/json")
    }

    @Sendable static func tariffs(_ call: Call) async throws(Refusal) -> WebResponse {
        let items: [JSONValue] = (await call.service.tariffs()).map { ["id": .string($0)] }
        return Listing(columns: ["id"], items: items, nextCursor: nil).response(to: call.request, name: "tariffs")
    }
}
