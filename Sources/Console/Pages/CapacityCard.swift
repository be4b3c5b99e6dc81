import Assets
import Operations
import Quantities

/// What can be asked of a site's vehicles now, beside what is merely connected.
enum CapacityCard {
    static func html(_ site: Site, _ call: Call, _ format: Format) async -> HTML? {
        let t = format.words
        guard let capacity = await call.service.capacity(of: site.id) else { return nil }
        let rows: [HTML] = capacity.nodes.map { node in
            let spans: [HTML] = SiteCapacity.spans.map { span in
                guard let found = node.adjustable.first(where: { $0.span == span }) else {
                    return "<td class=\"number\">\(Format.none)</td>"
                }
                return "<td class=\"number\">\(format.kilowatts(found.least)) … \(format.kilowatts(found.most))</td>"
            }
            return """
                <tr><th scope="row">\(node.node.value)</th>\(spans)<td class="number">\(node.vehicles)</td>\
                <td class="number">\(format.kilowatts(node.connectedCharge))</td>\
                <td class="number">\(format.kilowatts(node.connectedDischarge))</td></tr>
                """
        }
        let heads = [
            "capacity.node", "capacity.quarter", "capacity.hour", "capacity.vehicles", "capacity.charge",
            "capacity.discharge",
        ]
        let peak: HTML =
            capacity.peak.map { peak in
                "<p>\(t("capacity.peak", ["power": format.kilowatts(peak.power), "at": format.moment(peak.at)]))</p>"
            } ?? ""
        return Parts.card(
            t("capacity.title"), id: "capacity", live: "station plan",
            """
            <p class="muted">\(t("capacity.text", ["at": format.moment(capacity.at)]))</p>
            \(Parts.table(Parts.heads(t, heads, numbers: Set(heads.dropFirst())), rows, caption: t("capacity.title")))
            \(peak)
            """)
    }
}
