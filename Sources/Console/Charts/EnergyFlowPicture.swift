import Quantities

/// Who gives and who takes at a site at one moment: grid, PV, building, storage and vehicles around one busbar. Arrows
/// point the way energy goes, and are as wide as the power is high; what is not measured is a dashed line without arrow.
struct EnergyFlow {
    enum Part: String, CaseIterable {
        case grid, pv, building, storage, vehicles
    }
    /// kW towards the busbar (grid import, PV, what is given back): positive. `nil`: not known.
    private(set) var towards: [Part: Power] = [:]

    /// - Parameters:
    ///   - grid: what the root meter measures; import positive.
    ///   - pv: its meter: generation negative, as any load.
    ///   - vehicles: charging positive.
    ///   - building: its own meter; where it has none it is what the others leave.
    init(grid: Power?, pv: Power?, building: Power?, storage: Power?, vehicles: Power?) {
        towards[.grid] = grid
        towards[.pv] = pv.map { -$0 }
        towards[.storage] = storage.map { -$0 }
        towards[.vehicles] = vehicles.map { -$0 }
        towards[.building] = building.map { -$0 }
        if building == nil, let grid, let vehicles {
            towards[.building] = -(grid - (pv ?? .zero) - (storage ?? .zero) - vehicles)
        }
    }

    /// Parts that the site has: what was never measured is not drawn, but for grid and vehicles.
    var parts: [Part] {
        Part.allCases.filter { $0 == .grid || $0 == .vehicles || towards[$0] != nil }
    }
}

struct EnergyFlowPicture {
    let flow: EnergyFlow
    /// One sentence that says what the picture says.
    let summary: String
    let label: (EnergyFlow.Part) -> String
    let format: Format

    private static let (width, height) = (640.0, 300.0)
    private static let places: [EnergyFlow.Part: (x: Double, y: Double)] = [
        .grid: (90, 150), .pv: (320, 48), .building: (550, 150), .storage: (190, 252),
        .vehicles: (450, 252),
    ]

    func svg(id: String) -> HTML {
        let most = flow.towards.values.map(magnitude).max() ?? .zero
        var svg =
            "<svg class=\"flow\" id=\"\(HTML.escaped(id))\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
        svg +=
            "aria-labelledby=\"\(HTML.escaped(id))-title\"><title id=\"\(HTML.escaped(id))-title\">\(HTML.escaped(summary))</title>"
        for part in flow.parts { svg += arrow(part, most) }
        svg += "<circle class=\"flow-bus\" cx=\"320\" cy=\"150\" r=\"9\"/>"
        for part in flow.parts { svg += box(part) }
        return HTML(trusted: svg + "</svg>")
    }

    private func arrow(_ part: EnergyFlow.Part, _ most: Power) -> String {
        guard let place = Self.places[part] else { return "" }
        let power = flow.towards[part]
        let isStill = power.map { magnitude($0) < .watts(50) } ?? true
        let (dx, dy) = (320 - place.x, 150 - place.y)
        let length = (dx * dx + dy * dy).squareRoot()
        let (ux, uy) = (dx / length, dy / length)
        // From the box's edge to the busbar's.
        let out = min(76 / max(0.01, abs(ux)), 32 / max(0.01, abs(uy))) + 3
        let from = (x: place.x + ux * out, y: place.y + uy * out)
        let to = (x: 320 - ux * 12, y: 150 - uy * 12)
        guard let power, !isStill else {
            let kind = power == nil ? "unknown" : "still"
            return
                "<path class=\"flow-line flow-\(kind)\" d=\"M\(text(from.x)) \(text(from.y))L\(text(to.x)) \(text(to.y))\"/>"
        }
        let (start, end) = power > .zero ? (from, to) : (to, from)
        let wide = 2 + 8 * Double(magnitude(power).watts) / Double(max(1, most.watts))
        let (vx, vy) = power > .zero ? (ux, uy) : (-ux, -uy)
        let size = wide + 5
        let foot = (x: end.x - vx * size * 1.4, y: end.y - vy * size * 1.4)
        let head =
            "M\(text(end.x)) \(text(end.y))L\(text(foot.x - vy * size)) \(text(foot.y + vx * size))L\(text(foot.x + vy * size)) \(text(foot.y - vx * size))Z"
        return
            "<path class=\"flow-line flow-\(part.rawValue)\" stroke-width=\"\(text(wide))\" d=\"M\(text(start.x)) \(text(start.y))L\(text(foot.x)) \(text(foot.y))\"/>"
            + "<path class=\"flow-head flow-\(part.rawValue)\" d=\"\(head)\"/>"
    }

    private func box(_ part: EnergyFlow.Part) -> String {
        guard let place = Self.places[part] else { return "" }
        let (x, y) = (place.x - 76, place.y - 32)
        let value = flow.towards[part].map { format.kilowatts(magnitude($0)) + " kW" } ?? Format.none
        return
            "<rect class=\"flow-box\" x=\"\(text(x))\" y=\"\(text(y))\" width=\"152\" height=\"64\" rx=\"8\"/>"
            + "<text class=\"flow-name\" x=\"\(text(place.x))\" y=\"\(text(place.y - 6))\">\(HTML.escaped(label(part)))</text>"
            + "<text class=\"flow-value\" x=\"\(text(place.x))\" y=\"\(text(place.y + 18))\">\(HTML.escaped(value))</text>"
    }

    private func magnitude(_ power: Power) -> Power { power < .zero ? -power : power }

    private func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        return tenths % 10 == 0 ? String(tenths / 10) : "\(sign)\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
}
