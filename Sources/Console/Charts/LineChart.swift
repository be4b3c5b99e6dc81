import Quantities

/// Lines over time as SVG, drawn on the server: bands behind (price levels), steps or lines, gaps stay gaps, marks.
///
/// Strokes differ by dash and width as well as by colour (classes `series-NAME` of the style sheet). Doubles are fine
/// here: this is a picture.
struct LineChart {
    struct Line {
        /// Class and legend key: `measured`, `planned` …
        let name: String
        let label: String
        /// Oldest first; `nil` begins a gap.
        let points: [(at: Instant, kilowatts: Double?)]
        /// The value holds until the next point.
        var stepped = false
        /// Filled down to zero.
        var filled = false
    }
    struct Band {
        let interval: Interval
        /// Class `level-NAME`.
        let name: String
        let label: String
    }
    struct Mark {
        let at: Instant
        let label: String
        let name: String
    }

    let span: Interval
    var lines: [Line]
    var bands: [Band] = []
    var marks: [Mark] = []
    /// One sentence that says what the picture says.
    let summary: String
    let unit: String
    let format: Format
    var width = 1000
    var height = 320

    private static let left = 56.0
    private static let right = 24.0
    private static let top = 26.0
    private static let bottom = 30.0

    func svg(id: String) -> HTML {
        let scale = Scale(lines)
        var svg =
            "<svg class=\"chart\" id=\"\(HTML.escaped(id))\" viewBox=\"0 0 \(width) \(height)\" role=\"img\" "
        svg += "aria-labelledby=\"\(HTML.escaped(id))-title\">"
        svg += "<title id=\"\(HTML.escaped(id))-title\">\(HTML.escaped(summary))</title>"
        for band in bands { svg += draw(band) }
        svg += grid(scale)
        for line in lines { svg += draw(line, scale) }
        for mark in marks { svg += draw(mark) }
        return HTML(trusted: svg + "</svg>")
    }

    /// Keys that switch lines on and off; each shows its stroke.
    func legend() -> HTML {
        let keys: [HTML] = lines.map { line in
            """
            <button type="button" class="legend-key" data-series="\(line.name)" aria-pressed="true">\
            <svg class="swatch" viewBox="0 0 28 10" aria-hidden="true"><path class="line series-\(line.name)" d="M1 5H27"/></svg>\
            \(line.label)</button>
            """
        }
        var levels: [HTML] = []
        var seen: Set<String> = []
        for band in bands where seen.insert(band.name).inserted {
            levels.append(
                "<span class=\"legend-level\"><span class=\"level-chip level-\(band.name)\"></span>\(band.label)</span>"
            )
        }
        return "<div class=\"legend\">\(keys)\(levels)</div>"
    }

    // MARK: - Coordinates

    /// A round step for the axis that holds all values.
    private struct Scale {
        let low: Double
        let high: Double
        let step: Double
        init(_ lines: [Line]) {
            let values = lines.flatMap { $0.points.compactMap(\.kilowatts) }
            let (least, most) = (min(0, values.min() ?? 0), max(1, values.max() ?? 1))
            let rough = (most - least) / 4
            var unit = 0.1
            while unit * 10 <= rough { unit *= 10 }
            // Labels have one decimal, so that a quarter of 1 is no step.
            let steps = unit < 1 ? [1.0, 2, 5, 10] : [1, 2, 2.5, 5, 10]
            step = steps.map { $0 * unit }.first { $0 >= rough } ?? unit * 10
            low = (least / step).rounded(.down) * step
            high = (most * 1.02 / step).rounded(.up) * step
        }
    }

    private func x(_ at: Instant) -> Double {
        let total = Double(max(1, span.duration.wholeMilliseconds))
        let part = min(max(0, Double((at - span.start).wholeMilliseconds) / total), 1)
        return Self.left + part * (Double(width) - Self.left - Self.right)
    }
    private func y(_ kilowatts: Double, _ scale: Scale) -> Double {
        let part = (kilowatts - scale.low) / (scale.high - scale.low)
        return Double(height) - Self.bottom - part * (Double(height) - Self.bottom - Self.top)
    }
    private func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0
            ? String(tenths / 10) : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    // MARK: - Parts

    private func draw(_ band: Band) -> String {
        guard let shown = band.interval.intersection(span) else { return "" }
        let (from, to) = (x(shown.start), x(shown.end))
        let bottom = Double(height) - Self.bottom
        var text =
            "<rect class=\"band level-\(HTML.escaped(band.name))\" x=\"\(number(from))\" y=\"\(number(Self.top))\" "
        text += "width=\"\(number(to - from))\" height=\"\(number(bottom - Self.top))\"/>"
        if to - from > 34 {
            text += "<text class=\"band-label\" x=\"\(number((from + to) / 2))\" y=\"\(number(Self.top - 8))\">"
            text += HTML.escaped(band.label) + "</text>"
        }
        return text
    }

    private func grid(_ scale: Scale) -> String {
        var text = ""
        let (right, bottom) = (Double(width) - Self.right, Double(height) - Self.bottom)
        var value = scale.low
        while value <= scale.high + scale.step / 2 {
            let at = number(y(value, scale))
            text +=
                "<path class=\"\(value == 0 ? "axis" : "grid-line")\" d=\"M\(number(Self.left)) \(at)H\(number(right))\"/>"
            text +=
                "<text class=\"tick tick-y\" x=\"\(number(Self.left - 8))\" y=\"\(number(y(value, scale) + 4))\">\(number(value))</text>"
            value += scale.step
        }
        text +=
            "<text class=\"tick tick-y\" x=\"\(number(Self.left - 8))\" y=\"\(number(Self.top - 10))\">\(HTML.escaped(unit))</text>"
        let hours = max(1, Int(span.duration.components.seconds / 3600))
        let every = hours <= 3 ? 30 : hours <= 8 ? 60 : hours <= 14 ? 120 : hours <= 30 ? 180 : hours <= 80 ? 720 : 1440
        let midnight = format.zone.midnight(of: format.zone.civilDay(at: span.start))
        var tick = span.start.ceiled(to: .minutes(every), from: midnight)
        while tick <= span.end {
            let at = number(x(tick))
            text += "<path class=\"tick-mark\" d=\"M\(at) \(number(bottom))v5\"/>"
            let label =
                tick == span.end && every < 1440 && format.time(tick) == "00:00"
                ? "24:00" : every >= 1440 ? String(format.day(tick).dropFirst(5)) : format.time(tick)
            text += "<text class=\"tick tick-x\" x=\"\(at)\" y=\"\(number(bottom + 20))\">\(label)</text>"
            tick += .minutes(every)
        }
        return text
    }

    private func draw(_ line: Line, _ scale: Scale) -> String {
        var stroke = ""
        var fill = ""
        var runStart = 0.0
        var last: (x: Double, y: Double)?
        let zero = number(y(max(0, scale.low), scale))
        func close() {
            if line.filled, let last { fill += "L\(number(last.x)) \(zero)L\(number(runStart)) \(zero)Z" }
            last = nil
        }
        for (index, point) in line.points.enumerated() {
            guard let value = point.kilowatts, span.start <= point.at, point.at <= span.end else {
                if line.stepped, let before = last {
                    let end = x(point.at)
                    stroke += "H\(number(end))"
                    if line.filled { fill += "H\(number(end))" }
                    last = (end, before.y)
                }
                close()
                continue
            }
            let here = (x: x(point.at), y: y(value, scale))
            let place = "\(number(here.x)) \(number(here.y))"
            if last == nil {
                stroke += "M" + place
                fill += "M\(number(here.x)) \(zero)L" + place
                runStart = here.x
                // A lone point would be invisible.
                if !line.stepped, index + 1 == line.points.count || line.points[index + 1].kilowatts == nil {
                    stroke += "h0.1"
                }
            } else {
                let piece = line.stepped ? "H\(number(here.x))V\(number(here.y))" : "L" + place
                stroke += piece
                fill += piece
            }
            last = here
        }
        if line.stepped, let before = last, let end = line.points.last {
            stroke += "H\(number(x(min(span.end, end.at))))"
            last = (x(min(span.end, end.at)), before.y)
        }
        close()
        let area = line.filled && !fill.isEmpty ? "<path class=\"area area-\(line.name)\" d=\"\(fill)\"/>" : ""
        return "<g data-series=\"\(line.name)\">\(area)<path class=\"line series-\(line.name)\" d=\"\(stroke)\"/></g>"
    }

    private func draw(_ mark: Mark) -> String {
        guard span.start <= mark.at, mark.at <= span.end else { return "" }
        let at = x(mark.at)
        let anchor = at > Double(width) - 120 ? "end" : "start"
        let shift = anchor == "end" ? -5.0 : 5.0
        return
            "<path class=\"mark mark-\(mark.name)\" d=\"M\(number(at)) \(number(Self.top))V\(number(Double(height) - Self.bottom))\"/>"
            + "<text class=\"mark-label\" text-anchor=\"\(anchor)\" x=\"\(number(at + shift))\" y=\"\(number(Self.top + 13))\">\(HTML.escaped(mark.label))</text>"
    }
}
