import Operations
import Quantities

/// A field of a request: left out, `null`, or given.
enum Given<Value> {
    case absent
    case null
    case value(Value)

    /// The value; `nil` for both absent and `null`.
    var value: Value? {
        if case .value(let value) = self { return value }
        return nil
    }
    /// For "absent leaves as it is, null clears": `nil`, `.some(nil)`, `.some(value)`.
    var change: Value?? {
        switch self {
        case .absent: nil
        case .null: .some(nil)
        case .value(let value): .some(value)
        }
    }
    var isAbsent: Bool {
        if case .absent = self { return true }
        return false
    }
}

/// Reads the fields of one JSON object and collects what is wrong with each, by path.
struct JSONFields {
    private(set) var problems: [Mistake] = []
    private let object: JSONNode
    private let path: String

    /// The body as one JSON object.
    init(body request: WebRequest) throws(Refusal) {
        guard request.contentType == "application/json" else {
            throw Refusal(
                415, "content-type", "The body must be JSON: send \"Content-Type: application/json\".",
                headers: [("Accept", "application/json")])
        }
        let node: JSONNode
        do {
            node = try JSONNode(request.body)
        } catch {
            throw Refusal(400, "json-invalid", "The body is not JSON: \(error).")
        }
        try self.init(node, path: "")
    }

    init(_ node: JSONNode, path: String) throws(Refusal) {
        guard case .object = node.content else {
            throw .invalid([.init(path: path, problem: "an object is expected, this is \(node.kind)")])
        }
        self.object = node
        self.path = path
    }

    /// Refuses keys that are neither in `allowed` nor in `ignored` (read-only fields, so that what was read can be written back).
    mutating func check(allowed: [String], ignored: [String] = []) {
        guard case .object(let members) = object.content else { return }
        for (key, _) in members where !allowed.contains(key) && !ignored.contains(key) {
            refuse(key, "is not known here; allowed are \(allowed.joined(separator: ", "))")
        }
    }

    mutating func refuse(_ key: String, _ problem: String) {
        problems.append(.init(path: pointer(key), problem: problem))
    }
    mutating func refuse(_ fields: [Mistake]) { problems += fields }

    func pointer(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

    func throwIfAny() throws(Refusal) {
        if !problems.isEmpty { throw .invalid(problems) }
    }

    /// The node as it stands, `null` included.
    func node(_ key: String) -> JSONNode? { object[key] }

    private mutating func read<Value>(
        _ key: String, _ wanted: String, _ convert: (JSONNode.Content) -> Value?
    ) -> Given<Value> {
        guard let node = object[key] else { return .absent }
        if case .null = node.content { return .null }
        guard let value = convert(node.content) else {
            refuse(key, "\(wanted) is expected, this is \(shown(node))")
            return .absent
        }
        return .value(value)
    }

    private func shown(_ node: JSONNode) -> String {
        switch node.content {
        case .number(let text): text.count <= 40 ? text : "a number"
        case .string(let text): text.count <= 40 ? "\"\(text)\"" : "a string"
        default: node.kind
        }
    }

    mutating func string(_ key: String, atMost length: Int = 255) -> Given<String> {
        if case .string(let text)? = object[key]?.content, text.unicodeScalars.contains(where: isControl) {
            refuse(key, "line breaks and other control characters are not taken; write one line")
            return .absent
        }
        return read(key, "a string of at most \(length) characters") { content in
            guard case .string(let text) = content, text.unicodeScalars.count <= length else { return nil }
            return text
        }
    }

    /// A text of several lines, such as a certificate.
    mutating func text(_ key: String, atMost length: Int) -> Given<String> {
        read(key, "a text of at most \(length) characters") { content in
            guard case .string(let text) = content, text.unicodeScalars.count <= length else { return nil }
            return text
        }
    }

    private func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || scalar.value == 0x7F }

    /// An id of something else: 1 to 64 printable characters.
    mutating func identifier(_ key: String) -> Given<String> {
        read(key, "an id of 1 to 64 printable characters without spaces") { content in
            guard case .string(let text) = content, !text.isEmpty, SitesAPI.problem(ofID: text) == nil else {
                return nil
            }
            return text
        }
    }

    mutating func bool(_ key: String) -> Given<Bool> {
        read(key, "true or false") { content in
            if case .bool(let value) = content { return value }
            return nil
        }
    }

    mutating func integer(_ key: String, _ range: ClosedRange<Int>) -> Given<Int> {
        read(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { content in
            guard case .number(let text) = content, let value = scaledInteger(text, scale: 0, exact: true),
                let integer = Int(exactly: value), range.contains(integer)
            else { return nil }
            return integer
        }
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(_ key: String, _ type: Word.Type) -> Given<Word>
    where Word.RawValue == String {
        read(key, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))") { content in
            guard case .string(let text) = content else { return nil }
            return Word(rawValue: text)
        }
    }

    mutating func instant(_ key: String) -> Given<Instant> {
        read(key, "an instant with offset, such as 2026-03-01T18:00:00+08:00") { content in
            guard case .string(let text) = content else { return nil }
            return Instant(text)
        }
    }

    mutating func day(_ key: String) -> Given<CivilDay> {
        read(key, "a day YYYY-MM-DD") { content in
            guard case .string(let text) = content else { return nil }
            return CivilDay(text)
        }
    }

    /// A JSON number of a decimal unit, as a whole count of its `10^-scale`, rounded to the nearest.
    /// - Parameter vanishes: whether what is too small to be kept may become 0. A measurement may, a limit may not.
    mutating func decimal(
        _ key: String, scale: Int, _ range: ClosedRange<Int64>, _ unit: String, vanishes: Bool = false
    ) -> Given<Int64> {
        let shown = decimalText(Int128(range.lowerBound), scale: scale)
        let top = decimalText(Int128(range.upperBound), scale: scale)
        let step = decimalText(1, scale: scale)
        return read(key, "a number of \(unit) from \(shown) to \(top), in steps of \(step),") { content in
            guard case .number(let text) = content,
                let value = vanishes ? scaledInteger(text, scale: scale) : scaledLimit(text, scale: scale),
                range.contains(value)
            else { return nil }
            return value
        }
    }

    /// kW as a JSON number, to the nearest watt; at most 10 GW.
    mutating func power(_ key: String, signed: Bool = false) -> Given<Power> {
        switch decimal(
            key, scale: 3, (signed ? -10_000_000_000 : 0)...10_000_000_000, "kW", vanishes: signed)
        {
        case .absent: .absent
        case .null: .null
        case .value(let watts): .value(Power(watts: watts))
        }
    }

    /// kWh as a JSON number, to the nearest mWh; at most 1 GWh.
    mutating func energy(_ key: String) -> Given<Energy> {
        switch decimal(key, scale: 6, 0...1_000_000_000_000, "kWh") {
        case .absent: .absent
        case .null: .null
        case .value(let amount): .value(Energy(milliwattHours: amount))
        }
    }

    /// Texts of 1 to 255 characters.
    mutating func strings(_ key: String, atMost count: Int) -> Given<[String]> {
        read(key, "a list of at most \(count) strings of 1 to 255 characters") { content in
            guard case .array(let items) = content, items.count <= count else { return nil }
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item.content, (1...255).contains(text.unicodeScalars.count),
                    !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
                else { return nil }
                texts.append(text)
            }
            return texts
        }
    }

    mutating func texts(_ key: String, atMost count: Int) -> Given<[String]> {
        read(key, "a list of at most \(count) strings") { content in
            guard case .array(let items) = content, items.count <= count else { return nil }
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item.content else { return nil }
                texts.append(text)
            }
            return texts
        }
    }

    mutating func objects(_ key: String, atMost count: Int) -> Given<[JSONNode]> {
        read(key, "a list of at most \(count) objects") { content in
            guard case .array(let items) = content, items.count <= count else { return nil }
            return items
        }
    }
}

/// As ``scaledInteger(_:scale:exact:)``, but `nil` for what is not 0 and would become it: nobody who writes a tiny limit means
/// that everything stops.
func scaledLimit(_ text: String, scale: Int) -> Int64? {
    guard let value = scaledInteger(text, scale: scale) else { return nil }
    let mantissa = text.prefix { $0 != "e" && $0 != "E" }
    return value == 0 && mantissa.contains { ("1"..."9").contains($0) } ? nil : value
}

/// The number `text · 10^scale` rounded to the nearest whole, halves away from zero; `nil` when it leaves Int64 or, with
/// `exact`, when it is no whole number. Takes JSON's grammar, exponents included.
func scaledInteger(_ text: String, scale: Int, exact: Bool = false) -> Int64? {
    var mantissa: Int128 = 0
    var exponent = scale
    var negative = false
    var behindPoint = false
    var dropped: UInt8 = 0
    var lost = false
    var digits = Substring(text)
    if digits.first == "-" || digits.first == "+" { negative = digits.removeFirst() == "-" }
    if let e = digits.firstIndex(where: { $0 == "e" || $0 == "E" }) {
        guard let power = Int(digits[digits.index(after: e)...]), abs(power) <= 400 else { return nil }
        exponent += power
        digits = digits[..<e]
    }
    var count = 0
    for byte in digits.utf8 {
        if byte == UInt8(ascii: "."), !behindPoint {
            behindPoint = true
            continue
        }
        guard byte >= 48, byte <= 57 else { return nil }
        count += 1
        // 30 significant digits are far beyond Int64; what follows them can only matter as "lost".
        if mantissa > Int128(10).power(29) {
            lost = lost || byte != 48
            if !behindPoint { exponent += 1 }
            continue
        }
        mantissa = mantissa * 10 + Int128(byte - 48)
        if behindPoint { exponent -= 1 }
    }
    guard count > 0 else { return nil }
    if mantissa == 0 { return 0 }
    while exponent > 0 {
        guard mantissa < Int128(10).power(20) else { return nil }
        mantissa *= 10
        exponent -= 1
    }
    while exponent < 0, mantissa > 0 || dropped > 0 {
        lost = lost || dropped != 0
        dropped = UInt8(mantissa % 10)
        mantissa /= 10
        exponent += 1
    }
    if exact, lost || dropped != 0 { return nil }
    if dropped >= 5, exponent == 0 { mantissa += 1 }
    return Int64(exactly: negative ? -mantissa : mantissa)
}

extension Int128 {
    fileprivate func power(_ exponent: Int) -> Int128 { (0..<exponent).reduce(1) { value, _ in value * self } }
}
