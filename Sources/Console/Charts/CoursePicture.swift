import Quantities

/// A day of limits as a small picture beside its numbers: steps, a base line, hatched where nothing is said.
struct CoursePicture {
    /// Even steps from left to right; `nil`: nothing holds then.
    let values: [Power?]
    /// Height of the picture, usually the rating.
    let top: Power
    /// What it says, for those who do not see it.
    let summary: String

    private static let (width, height) = (180.0, 34.0)

    var svg: HTML {
        let step = Self.width / Double(max(1, values.count))
        let scale = (Self.height - 3) / max(1, Double(max(top, values.compactMap { $0 }.max() ?? .zero).watts))
        var line = ""
        var area = ""
        var last: Double?
        for (k, value) in values.enumerated() {
            let x = Self.text(Double(k) * step)
            let next = Self.text(Double(k + 1) * step)
            guard let value else {
                if last != nil { area += "V\(Int(Self.height))Z" }
                last = nil
                continue
            }
            let y = Self.height - 1 - Double(max(0, value.watts)) * scale
            if last == nil {
                line += "M\(x) \(Self.text(y))"
                area += "M\(x) \(Int(Self.height))V\(Self.text(y))"
            } else if last != y {
                line += "V\(Self.text(y))"
                area += "V\(Self.text(y))"
            }
            line += "H\(next)"
            area += "H\(next)"
            last = y
        }
        if last != nil { area += "V\(Int(Self.height))Z" }
        let box = "0 0 \(Int(Self.width)) \(Int(Self.height))"
        return """
            <svg class="course" viewBox="\(box)" role="img" preserveAspectRatio="none"><title>\(summary)</title>\
            <path class="course-area" d="\(area)"/><path class="course-axis" d="M0 \(Int(Self.height) - 1)H\(Int(Self.width))"/>\
            <path class="course-line" d="\(line)"/></svg>
            """
    }

    private static func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(tenths % 10)"
    }
}
