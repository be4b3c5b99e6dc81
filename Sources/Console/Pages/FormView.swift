import Operations

/// A form that was not taken, among those of its page.
struct RefusedForm {
    let name: String
    let refusal: Refusal
}

/// A form as it is shown. One that was refused keeps what was typed and says at each field what is wrong with it.
///
///     var form = FormView("monitor", to: path + "/monitors", call, refused)
///     let fields: HTML = "\(form.input(t("device.variable"), "variable", needed: true))…"
///     return form.html(fields, button: t("monitoring.set"))
struct FormView {
    /// Apart from the other forms of the page; also the start of its ids.
    let name: String
    let address: String
    let call: Call
    private let refusal: Refusal?
    private var shown: [String] = []
    private var t: Words { call.words }

    init(_ name: String, to address: String, _ call: Call, _ refused: RefusedForm?) {
        self.name = name
        self.address = address
        self.call = call
        self.refusal = refused.flatMap { $0.name == name ? $0.refusal : nil }
    }

    var isRefused: Bool { refusal != nil }

    /// What was typed into a refused form, else what is usual.
    func value(_ field: String, _ usual: String = "") -> String { isRefused ? call.form[field] ?? "" : usual }

    // MARK: - Fields

    mutating func input(
        _ label: String, _ field: String, _ usual: String = "", type: String = "text", hint: String = "",
        needed: Bool = false, more: HTML = ""
    ) -> HTML {
        let must: HTML = needed ? " required" : ""
        let text = value(field, usual)
        return labelled(label, field, hint) { ties in
            "<input type=\"\(type)\" name=\"\(field)\" value=\"\(text)\"\(must)\(more)\(ties)>"
        }
    }

    mutating func area(
        _ label: String, _ field: String, _ usual: String = "", rows: Int, hint: String = "", more: HTML = ""
    ) -> HTML {
        let text = value(field, usual)
        return labelled(label, field, hint, wide: true) { ties in
            "<textarea name=\"\(field)\" rows=\"\(rows)\" class=\"mono\" spellcheck=\"false\"\(more)\(ties)>\n\(text)</textarea>"
        }
    }

    mutating func select(
        _ label: String, _ field: String, _ options: [(value: String, label: String)], _ usual: String = "",
        hint: String = ""
    ) -> HTML {
        let chosen = value(field, usual)
        let all = options.map { Parts.option($0.value, $0.label, chosen: $0.value == chosen) }
        return labelled(label, field, hint) { ties in "<select name=\"\(field)\"\(ties)>\(all)</select>" }
    }

    mutating func check(_ label: String, _ field: String, _ usual: Bool = false) -> HTML {
        let isOn = isRefused ? call.form[field] != nil : usual
        let mark: HTML = isOn ? " checked" : ""
        let (ties, below) = ties(field, "")
        return """
            <div class="wide"><label class="check"><input type="checkbox" name="\(field)" value="on"\(mark)\(ties)>\
            <span>\(label)</span></label>\(below)</div>
            """
    }

    private mutating func labelled(
        _ label: String, _ field: String, _ hint: String, wide: Bool = false, _ control: (HTML) -> HTML
    ) -> HTML {
        let (ties, below) = ties(field, hint)
        let look: HTML = wide ? "field wide" : "field"
        return "<div class=\"\(look)\"><label><span>\(label)</span>\(control(ties))</label>\(below)</div>"
    }

    /// Attributes that tie a control to what stands below it, and that.
    private mutating func ties(_ field: String, _ hint: String) -> (attributes: HTML, below: HTML) {
        shown.append(field)
        let problems = (refusal?.fields ?? []).filter { Self.isAbout(field, $0) }.prefix(50)
        var (ids, below): ([String], HTML) = ([], "")
        if !problems.isEmpty {
            ids.append("\(name)-\(field)-problem")
            let lines: [HTML] = problems.map { problem in
                let place: HTML? = problem.line.map { "<strong>\(t("problem.line", ["line": String($0)]))</strong> " }
                return "<div>\(place)\(t.problem(problem))</div>"
            }
            below += "<div class=\"problem\" id=\"\(name)-\(field)-problem\">\(lines)</div>"
        }
        if !hint.isEmpty {
            ids.append("\(name)-\(field)-hint")
            below += "<div class=\"hint\" id=\"\(name)-\(field)-hint\">\(hint)</div>"
        }
        var attributes: HTML = problems.isEmpty ? "" : " aria-invalid=\"true\""
        if !ids.isEmpty { attributes += " aria-describedby=\"\(ids.joined(separator: " "))\"" }
        return (attributes, below)
    }

    /// `stations[3]` and `stations.x` are of `stations`.
    private static func isAbout(_ field: String, _ mistake: Mistake) -> Bool {
        mistake.field == field || mistake.field.hasPrefix(field + "[") || mistake.field.hasPrefix(field + ".")
    }

    // MARK: - The whole

    /// Said once, above the fields: that nothing was done, and what is of no field.
    private var banner: HTML {
        guard let refusal else { return "" }
        let rest = refusal.fields.filter { mistake in !shown.contains { Self.isAbout($0, mistake) } }
        let lines: [HTML] = rest.prefix(50).map { Parts.mistake($0, t) }
        let list: HTML = lines.isEmpty ? "" : "<ul class=\"problems\">\(lines)</ul>"
        let text: HTML =
            if !refusal.fields.isEmpty {
                HTML(escaping: t("form.refused"))
            } else if let text = t.fault(refusal) { HTML(escaping: text) } else {
                "<span lang=\"en\">\(refusal.detail)</span>"
            }
        return "<div class=\"banner banner-error\" role=\"alert\"><p>\(text)</p>\(list)</div>"
    }

    /// - Parameter buttons: `nil`: the one button, by its label.
    func html(_ fields: HTML, button: String, hurts: Bool = false, off: Bool = false, beside: HTML = "") -> HTML {
        let look: HTML = hurts ? "button danger" : "button primary"
        let disabled: HTML = off ? " disabled" : ""
        return """
            <form method="post" action="\(address)" class="grid" id="\(name)-form">\(Layout.csrf(call))\(wide(banner))
            \(fields)
            <div class="controls wide"><button class="\(look)"\(disabled)>\(button)</button>\(beside)</div></form>
            """
    }

    private func wide(_ content: HTML) -> HTML { content.text.isEmpty ? "" : "<div class=\"wide\">\(content)</div>" }

    /// Behind a summary; open when it was refused.
    func folded(_ summary: String, _ form: HTML) -> HTML {
        let open: HTML = isRefused ? " open" : ""
        return "<details class=\"add\"\(open)><summary>\(summary)</summary>\(form)</details>"
    }
}

extension Parts {
    /// A form of one button.
    static func button(
        _ label: String, to address: String, _ hidden: [(name: String, value: String)] = [], off: Bool = false,
        look: HTML = "button", call: Call
    ) -> HTML {
        let disabled: HTML = off ? " disabled" : ""
        return """
            <form method="post" action="\(address)">\(Layout.csrf(call))\(inputs(hidden))\
            <button class="\(look)"\(disabled)>\(label)</button></form>
            """
    }

    /// A button of something that hurts: it opens what will happen, and the button below does it. Works without scripts.
    static func confirm(
        _ label: String, effect: String, button: String, to address: String,
        _ hidden: [(name: String, value: String)] = [], off: Bool = false, call: Call
    ) -> HTML {
        guard !off else { return "<button type=\"button\" class=\"button\" disabled>\(label)</button>" }
        return """
            <details class="confirm"><summary class="button">\(label)</summary>\
            <form method="post" action="\(address)">\(Layout.csrf(call))\(inputs(hidden))<p>\(effect)</p>\
            <button class="button danger">\(button)</button></form></details>
            """
    }

    private static func inputs(_ hidden: [(name: String, value: String)]) -> [HTML] {
        hidden.map { "<input type=\"hidden\" name=\"\($0.name)\" value=\"\($0.value)\">" }
    }
}
