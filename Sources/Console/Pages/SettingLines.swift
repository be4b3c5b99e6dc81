import Charging
import Operations

/// Settings of a template as people edit them: a line each, `NAME = VALUE`, with the attribute where it is not the actual
/// value: `OCPPCommCtrlr.HeartbeatInterval = 300`, `EVSE#1.Power (MaxSet) = 11000`. Lines that begin with `#` are left aside.
enum SettingLines {
    static func text(_ settings: [VariableSetting]) -> String {
        settings.map { setting in
            let attribute = setting.attribute == .actual ? "" : " (\(setting.attribute.rawValue))"
            let isBare = trimmedOfSpaces(setting.value) == setting.value && setting.value.first != "\""
            return "\(setting.name.written)\(attribute) = \(isBare ? setting.value : "\"\(setting.value)\"")"
        }.joined(separator: "\n")
    }

    /// Each variable and attribute once, in order; what is wrong by line.
    static func read(_ text: String, field: String) -> (settings: [VariableSetting], mistakes: [Mistake]) {
        var (settings, mistakes): ([VariableSetting], [Mistake]) = ([], [])
        var seen: Set<String> = []
        // "\r\n", as browsers send it, is one character.
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let line = trimmedOfSpaces(String(line))
            if line.isEmpty || line.first == "#" { continue }
            func refuse(_ problem: some Wording) { mistakes.append(Mistake(path: field, line: index + 1, problem)) }
            guard let setting = setting(line) else {
                refuse(InputProblem.settingLine)
                continue
            }
            if setting.value.unicodeScalars.count > DeviceVariable.longestValue {
                refuse(VariableProblem.tooLong(most: DeviceVariable.longestValue))
            } else if !seen.insert(setting.key).inserted {
                refuse(VariableProblem.repeated(setting.name.text))
            } else {
                settings.append(setting)
            }
        }
        return (settings, mistakes)
    }

    private static func setting(_ line: String) -> VariableSetting? {
        guard let (before, value) = line.splitAtFirst("=") else { return nil }
        var name = trimmedOfSpaces(before)
        var attribute = DeviceAttribute.actual
        if name.last == ")", let (bare, word) = name.dropLast().description.splitAtFirst("(") {
            guard let known = DeviceAttribute(rawValue: word) else { return nil }
            (name, attribute) = (trimmedOfSpaces(bare), known)
        }
        guard let name = VariableName(written: name) else { return nil }
        var text = trimmedOfSpaces(value)
        if text.utf8.count > 1, text.first == "\"", text.last == "\"" { text = String(text.dropFirst().dropLast()) }
        return VariableSetting(name: name, attribute: attribute, value: text)
    }
}

extension VariableName {
    /// As ``text``, with a backslash before what would be read otherwise; ``init(written:)`` reads it.
    var written: String {
        func escaped(_ part: String) -> String {
            part.reduce(into: "") { text, character in
                if ".[]#=()\\ ".contains(character) { text += "\\" }
                text.append(character)
            }
        }
        var text = escaped(component)
        if let componentInstance { text += "[\(escaped(componentInstance))]" }
        if let evse { text += "#\(evse)" + (connector.map { ".\($0)" } ?? "") }
        text += (text.isEmpty ? "" : ".") + escaped(variable)
        if let instance { text += "[\(escaped(instance))]" }
        return text
    }

    /// `nil`: it is no name.
    init?(written text: String) {
        var rest = NameReader(text)
        guard let first = rest.part(until: ".[]#"), let firstInstance = rest.bracket(), let place = rest.place() else {
            return nil
        }
        if rest.isAtEnd {
            guard place.evse == nil else { return nil }
            self.init(variable: first, instance: firstInstance.text)
        } else {
            guard rest.skip("."), let variable = rest.part(until: ".[]#"), let instance = rest.bracket(), rest.isAtEnd
            else { return nil }
            self.init(
                component: first, componentInstance: firstInstance.text, evse: place.evse, connector: place.connector,
                variable: variable, instance: instance.text)
        }
        let parts = [component, componentInstance ?? "", variable, instance ?? ""]
        if parts.contains(where: { $0.unicodeScalars.count > 50 }) { return nil }
    }
}

/// Walks over a name; a backslash takes the next character as it is.
private struct NameReader {
    private var rest: Substring
    init(_ text: String) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    /// `nil`: there is nothing.
    mutating func part(until ends: String) -> String? {
        var text = ""
        while let next = rest.first, !ends.contains(next) {
            rest.removeFirst()
            if next == "\\" {
                guard let taken = rest.popFirst() else { return nil }
                text.append(taken)
            } else if next.isWhitespace {
                return nil
            } else {
                text.append(next)
            }
        }
        return text.isEmpty ? nil : text
    }

    /// `[text]` or none; `nil`: it does not end.
    mutating func bracket() -> (text: String?, Void)? {
        guard skip("[") else { return (nil, ()) }
        guard let text = part(until: "]"), skip("]") else { return nil }
        return (text, ())
    }

    /// `#evse` or `#evse.connector` or none; `nil`: no numbers.
    mutating func place() -> (evse: Int?, connector: Int?)? {
        guard skip("#") else { return (nil, nil) }
        guard let evse = number() else { return nil }
        let before = rest
        if skip("."), let connector = number(), rest.first == "." { return (evse, connector) }
        rest = before
        return (evse, nil)
    }

    private mutating func number() -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int(digits), value <= 10_000 else { return nil }
        rest = rest[digits.endIndex...]
        return value
    }
}

extension String {
    /// At the first such character that has no backslash before it.
    fileprivate func splitAtFirst(_ separator: Character) -> (before: String, after: String)? {
        var isEscaped = false
        for index in indices {
            if isEscaped {
                isEscaped = false
            } else if self[index] == "\\" {
                isEscaped = true
            } else if self[index] == separator {
                return (String(self[..<index]), String(self[self.index(after: index)...]))
            }
        }
        return nil
    }
}
