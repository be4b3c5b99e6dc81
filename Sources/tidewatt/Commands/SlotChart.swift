/// Step curves over slots.
struct SlotChart {
    private let count: Int
    private let time: (Int) -> String
    private let unit: String
    private var curves: [(values: [Double], style: String, isArea: Bool)] = []
    private let width = 940.0
    private let height = 240.0
    private let left = 56.0
    private let bottom = 24.0

    /// - Parameter time: at which a slot begins, ISO 8601.
    init(slots count: Int, time: @escaping (Int) -> String, unit: String) {
        self.count = count
        self.time = time
        self.unit = unit
    }
    mutating func add(_ values: [Double], _ style: String) { curves.append((values, style, false)) }
    mutating func addArea(_ values: [Double]) { curves.append((values, "base", true)) }

    func svg(_ label: String) -> String {
        let all = curves.flatMap(\.values).filter(\.isFinite)
        let low = min(0, all.min() ?? 0)
        let high = max(all.max() ?? 1, low + 1e-6) * 1.05
        func x(_ slot: Int) -> Double { left + (width - left) * Double(slot) / Double(max(1, count)) }
        func y(_ value: Double) -> Double { (height - bottom) * (1 - (value - low) / (high - low)) + 4 }
        var body = ""
        for curve in curves {
            var path = ""
            for (slot, value) in curve.values.enumerated() {
                path += "\(slot == 0 ? "M" : "L")\(fixed(x(slot), 1)) \(fixed(y(value), 1))H\(fixed(x(slot + 1), 1))"
            }
            if curve.isArea { path += "V\(fixed(y(0), 1))H\(fixed(x(0), 1))Z" }
            body += "<path class=\"\(curve.style)\" d=\"\(path)\"/>"
        }
        body +=
            "<line class=\"axis\" x1=\"\(left)\" x2=\"\(width)\" y1=\"\(fixed(y(0), 1))\" y2=\"\(fixed(y(0), 1))\"/>"
        for value in [low, high / 1.05] {
            body +=
                "<text x=\"0\" y=\"\(fixed(max(12, y(value)), 1))\">\(fixed(value, value.magnitude < 10 ? 2 : 0))</text>"
        }
        let every = max(1, count / 8)
        for slot in stride(from: 0, to: count, by: every) {
            let time = self.time(slot).dropFirst(11).prefix(5)
            body += "<text x=\"\(fixed(x(slot), 1))\" y=\"\(height)\">\(time)</text>"
        }
        return "<svg viewBox=\"0 0 \(Int(width)) \(Int(height) + 4)\" role=\"img\" aria-label=\"\(label) (\(unit))\">"
            + "<text x=\"\(left)\" y=\"12\">\(unit)</text>\(body)</svg>\n"
    }
}
