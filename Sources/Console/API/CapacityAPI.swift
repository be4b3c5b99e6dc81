import Assets
import Documents
import Operations
import Quantities

/// `/api/v1/sites/{id}/capacity`: what can be asked of a site's vehicles now.
enum CapacityAPI {
    /// As CSV a row a node and span.
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        guard let capacity = await call.service.capacity(of: site.id) else {
            throw Refusal(
                404, "capacity-none",
                "Nothing was measured yet: that happens every minute on a site with stations.")
        }
        guard CSVTable.isWanted(by: call.request) else { return .json(capacity.json) }
        return CSVTable.response(
            columns: SiteCapacity.columns, items: capacity.rows, name: "capacity", nextCursor: nil, to: call.request)
    }
}

extension SiteCapacity {
    static let columns = [
        "at", "node", "connected_charge_kw", "connected_discharge_kw", "vehicles", "span_seconds", "most_kw",
        "least_kw",
    ]

    var json: JSONValue {
        [
            "site": .string(site.value), "at": .instant(at), "nodes": .array(nodes.map(\.json)),
            "month_peak": peak.map { ["kw": .kilowatts($0.power), "at": .instant($0.at)] } ?? .null,
        ]
    }

    var rows: [JSONValue] {
        nodes.flatMap { node in
            node.adjustable.map { span in
                [
                    "at": .instant(at), "node": .string(node.node.value),
                    "connected_charge_kw": .kilowatts(node.connectedCharge),
                    "connected_discharge_kw": .kilowatts(node.connectedDischarge), "vehicles": .int(node.vehicles),
                    "span_seconds": .int(span.span.wholeMilliseconds / 1000), "most_kw": .kilowatts(span.most),
                    "least_kw": .kilowatts(span.least),
                ]
            }
        }
    }
}

extension SiteCapacity.Node {
    fileprivate var json: JSONValue {
        [
            "node": .string(node.value), "connected_charge_kw": .kilowatts(connectedCharge),
            "connected_discharge_kw": .kilowatts(connectedDischarge), "vehicles": .int(vehicles),
            "adjustable": .array(
                adjustable.map {
                    [
                        "span_seconds": .int($0.span.wholeMilliseconds / 1000), "most_kw": .kilowatts($0.most),
                        "least_kw": .kilowatts($0.least),
                    ]
                }),
        ]
    }
}
