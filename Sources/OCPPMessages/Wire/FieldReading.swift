import Quantities

// Nothing here is inlined: it is called from thousands of places in generated code, and a call costs less than the reading.
//
// Reading one field: the value when there is a usable one, and a fault for whatever is not as the standard says. A wrong value is
// consumed in any case; bytes that are not JSON leave the reader broken (``JSONReader/brokenAt``) and yield `nil`.
extension JSONReader {
    @inline(never)
    mutating func readString(_ value: inout String, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        guard let read = string(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readString(_ value: inout String?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        value = string(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readInteger(_ value: inout Int, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults) -> Bool
    {
        guard let read = integer(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readInteger(_ value: inout Int?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults) -> Bool
    {
        value = integer(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readDecimal(_ value: inout JSONDecimal, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        guard let read = decimal(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readDecimal(_ value: inout JSONDecimal?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        value = decimal(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readBoolean(_ value: inout Bool, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults) -> Bool
    {
        guard let read = boolean(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readBoolean(_ value: inout Bool?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        value = boolean(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readInstant(_ value: inout Instant, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        guard let read = instant(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readInstant(_ value: inout Instant?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        value = instant(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readStrings(_ value: inout [String], _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        guard let read = strings(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readStrings(_ value: inout [String]?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        value = strings(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readIntegers(_ value: inout [Int], _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        guard let read = integers(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readIntegers(_ value: inout [Int]?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults)
        -> Bool
    {
        value = integers(fields[i], &faults)
        return value != nil
    }

    /// Any value at all.
    @inline(never)
    mutating func readRaw(_ value: inout RawJSON?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults) -> Bool
    {
        value = raw()
        return value != nil
    }

    @inline(never)
    mutating func readWord<Word: WireEnumeration>(
        _ value: inout Word, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        guard let read: Word = word(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readWord<Word: WireEnumeration>(
        _ value: inout Word?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        value = word(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readWords<Word: WireEnumeration>(
        _ value: inout [Word], _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        guard let read: [Word] = words(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readWords<Word: WireEnumeration>(
        _ value: inout [Word]?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        value = words(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readObject<Object: ReadableObject>(
        _ value: inout Object, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        guard let read: Object = object(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readObject<Object: ReadableObject>(
        _ value: inout Object?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        value = object(fields[i], &faults)
        return value != nil
    }

    @inline(never)
    mutating func readObjects<Object: ReadableObject>(
        _ value: inout [Object], _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        guard let read: [Object] = objects(fields[i], &faults) else { return false }
        value = read
        return true
    }
    @inline(never)
    mutating func readObjects<Object: ReadableObject>(
        _ value: inout [Object]?, _ fields: [WireField], _ i: Int, _ faults: inout FieldFaults
    ) -> Bool {
        value = objects(fields[i], &faults)
        return value != nil
    }
}

// Each kind once, apart from where the value goes.
extension JSONReader {
    @inline(never)
    private mutating func string(_ field: WireField, _ faults: inout FieldFaults) -> String? {
        do throws(JSONFault) { return try string(field.name, longest: field.longest, &faults) } catch {
            fail(error)
            return nil
        }
    }

    @inline(never)
    private mutating func integer(_ field: WireField, _ faults: inout FieldFaults) -> Int? {
        do throws(JSONFault) { return try integer(field.name, field, &faults) } catch {
            fail(error)
            return nil
        }
    }

    @inline(never)
    private mutating func decimal(_ field: WireField, _ faults: inout FieldFaults) -> JSONDecimal? {
        do throws(JSONFault) { return try number(field, &faults) } catch {
            fail(error)
            return nil
        }
    }

    @inline(never)
    private mutating func boolean(_ field: WireField, _ faults: inout FieldFaults) -> Bool? {
        do throws(JSONFault) { return try boolean(field.name, &faults) } catch {
            fail(error)
            return nil
        }
    }

    @inline(never)
    private mutating func instant(_ field: WireField, _ faults: inout FieldFaults) -> Instant? {
        do throws(JSONFault) { return try instant(field.name, &faults) } catch {
            fail(error)
            return nil
        }
    }

    @inline(never)
    mutating func raw() -> RawJSON? {
        do throws(JSONFault) { return RawJSON(checked: copy(try skipValue())) } catch {
            fail(error)
            return nil
        }
    }

    @inline(never)
    private mutating func word<Word: WireEnumeration>(_ field: WireField, _ faults: inout FieldFaults) -> Word? {
        readWordToken(field.name, field.longest, Word.words, Word.wordsOf201, &faults).map(Word.init)
    }

    @inline(never)
    private mutating func object<Object: ReadableObject>(_ field: WireField, _ faults: inout FieldFaults) -> Object? {
        guard let start = beginObject(field.name, &faults) else { return nil }
        let value = Object(reading: &self, &faults)
        endObject(field.name, isUsable: value != nil, since: start, &faults)
        return value
    }

    private mutating func beginObject(_ name: StaticString, _ faults: inout FieldFaults) -> Int? {
        do throws(JSONFault) {
            guard try peek() == .null else { return faults.list.count }
            try null(name, &faults)
        } catch { fail(error) }
        return nil
    }

    private func endObject(_ name: StaticString, isUsable: Bool, since start: Int, _ faults: inout FieldFaults) {
        // Soft unless the field turns out to be required.
        if !isUsable { faults.soften(since: start) }
        faults.nest(name.description, since: start)
    }

    // MARK: Lists

    @inline(never)
    private mutating func objects<Object: ReadableObject>(_ field: WireField, _ faults: inout FieldFaults) -> [Object]?
    {
        guard var list = enterList(field, &faults) else { return nil }
        var values: [Object] = []
        // Most lists are samples or periods, a handful each.
        if list.hasElement { values.reserveCapacity(4) }
        while list.hasElement {
            let found = faults.list.count
            let value = Object(reading: &self, &faults)
            nextElement(&list, isUsable: value != nil, since: found, &faults)
            if let value { values.append(value) }
        }
        leaveList(list, field, &faults)
        return values
    }

    @inline(never)
    private mutating func words<Word: WireEnumeration>(_ field: WireField, _ faults: inout FieldFaults) -> [Word]? {
        guard var list = enterList(field, &faults) else { return nil }
        var values: [Word] = []
        while list.hasElement {
            let found = faults.list.count
            let token = readWordToken("", field.longest, Word.words, Word.wordsOf201, &faults)
            nextElement(&list, isUsable: true, since: found, &faults)
            if let token { values.append(Word(token)) }
        }
        leaveList(list, field, &faults)
        return values
    }

    @inline(never)
    private mutating func strings(_ field: WireField, _ faults: inout FieldFaults) -> [String]? {
        guard var list = enterList(field, &faults) else { return nil }
        var values: [String] = []
        while list.hasElement {
            let found = faults.list.count
            do throws(JSONFault) {
                if let value = try string("", longest: field.longest, &faults) { values.append(value) }
            } catch { fail(error) }
            nextElement(&list, isUsable: true, since: found, &faults)
        }
        leaveList(list, field, &faults)
        return values
    }

    @inline(never)
    private mutating func integers(_ field: WireField, _ faults: inout FieldFaults) -> [Int]? {
        guard var list = enterList(field, &faults) else { return nil }
        var values: [Int] = []
        while list.hasElement {
            let found = faults.list.count
            do throws(JSONFault) {
                if let value = try integer("", field, &faults) { values.append(value) }
            } catch { fail(error) }
            nextElement(&list, isUsable: true, since: found, &faults)
        }
        leaveList(list, field, &faults)
        return values
    }

    /// A list that is being read. Elements that cannot be used are left out with a soft fault, so that one bad sample does not
    /// lose a record; one element without its list counts as a list of one.
    private struct List {
        var hasElement: Bool
        let isList: Bool
        var count = 0
        let start: Int
    }

    @inline(never)
    private mutating func enterList(_ field: WireField, _ faults: inout FieldFaults) -> List? {
        do throws(JSONFault) {
            let kind = try peek()
            let start = faults.list.count
            switch kind {
            case .array: return List(hasElement: try enterArray(), isList: true, start: start)
            case .null: try null(field.name, &faults)
            default:
                faults.add("", .wrongType, "a list is due here, not \(kind.name)")
                return List(hasElement: true, isList: false, start: start)
            }
        } catch { fail(error) }
        return nil
    }

    private mutating func nextElement(
        _ list: inout List, isUsable: Bool, since found: Int, _ faults: inout FieldFaults
    ) {
        if !isUsable { faults.soften(since: found) }
        faults.nest("[\(list.count)]", since: found)
        list.count += 1
        guard list.isList, brokenAt == nil else {
            list.hasElement = false
            return
        }
        do throws(JSONFault) { list.hasElement = try nextElement() } catch {
            fail(error)
            list.hasElement = false
        }
    }

    private func leaveList(_ list: List, _ field: WireField, _ faults: inout FieldFaults) {
        if list.count < field.fewest || list.count > field.largest {
            let bounds = field.largest == .max ? "\(field.fewest) or more" : "\(field.fewest) to \(field.largest)"
            faults.add("", .wrongCount, "\(bounds) elements, not \(list.count)")
        }
        faults.nest(field.name.description, since: list.start)
    }
}

/// A word as it was read: the standard's, by its place among them, or another.
enum WordToken {
    case known(Int)
    case other(String)
}

extension WireEnumeration {
    init(_ token: WordToken) {
        switch token {
        case .known(let i): self = Self.allCases[i]
        case .other(let name): self = Self(name)
        }
    }
}

// Values of one kind, at a field's name (empty for an element of a list).
extension JSONReader {
    fileprivate mutating func string(
        _ name: StaticString, longest: Int, _ faults: inout FieldFaults
    ) throws(JSONFault) -> String? {
        switch try peek() {
        case .string:
            let value = string(try text())
            if value.utf8.count > longest, value.unicodeScalars.count > longest {
                let count = value.unicodeScalars.count
                faults.add(name.description, .tooLong, "at most \(longest) characters, not \(count)")
            }
            return value
        case .null:
            try null(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "text is due here, not \(kind.name)")
            return copy(try skipValue())
        }
    }

    fileprivate mutating func integer(
        _ name: StaticString, _ field: WireField, _ faults: inout FieldFaults
    ) throws(JSONFault) -> Int? {
        let kind = try peek()
        var value: Int?
        if kind == .number {
            guard let decimal = decimal(try number()) else {
                faults.add(name.description, .outOfRange, "a number of at most 18 digits")
                return nil
            }
            if decimal.scale == 0 {
                value = Int(decimal.mantissa)
            } else {
                faults.add(name.description, .wrongType, "a whole number is due here, not \(decimal)")
                value = decimal.scaled(by: 0).map { Int($0) }
            }
        } else {
            value = try textualNumber(name, kind, "a whole number", &faults)?.scaled(by: 0).map { Int($0) }
        }
        guard let value else { return nil }
        if value < field.least { faults.add(name.description, .outOfRange, "\(field.least) or more, not \(value)") }
        if value > field.most { faults.add(name.description, .outOfRange, "at most \(field.most), not \(value)") }
        return value
    }

    fileprivate mutating func number(
        _ field: WireField, _ faults: inout FieldFaults
    ) throws(JSONFault) -> JSONDecimal? {
        let name = field.name
        let kind = try peek()
        let value: JSONDecimal?
        if kind == .number {
            value = decimal(try number())
            if value == nil { faults.add(name.description, .outOfRange, "a number of at most 18 digits") }
        } else {
            value = try textualNumber(name, kind, "a number", &faults)
        }
        guard let value else { return nil }
        if field.decimals < .max, value.decimals > field.decimals {
            let digits = field.decimals == 0 ? "no digit" : "at most \(field.decimals) digit"
            faults.add(name.description, .outOfRange, "\(digits) behind the point, not \(value)")
        }
        if field.least > .min, value < JSONDecimal(field.least) {
            faults.add(name.description, .outOfRange, "\(field.least) or more, not \(value)")
        }
        if field.most < .max, value > JSONDecimal(field.most) {
            faults.add(name.description, .outOfRange, "at most \(field.most), not \(value)")
        }
        return value
    }

    fileprivate mutating func boolean(
        _ name: StaticString, _ faults: inout FieldFaults
    ) throws(JSONFault) -> Bool? {
        switch try peek() {
        case .boolean: return try boolean()
        case .null:
            try null(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "true or false is due here, not \(kind.name)")
            if kind == .string {
                switch string(try text()).lowercased() {
                case "true", "1": return true
                case "false", "0": return false
                default: return nil
                }
            }
            if kind == .number { return decimal(try number()).map { $0.mantissa != 0 } }
            try skipValue()
            return nil
        }
    }

    fileprivate mutating func instant(
        _ name: StaticString, _ faults: inout FieldFaults
    ) throws(JSONFault) -> Instant? {
        switch try peek() {
        case .string:
            let token = try text()
            let timestamp: Timestamp
            if token.isEscaped {
                let plain = Array(string(token).utf8)
                timestamp = Timestamp(plain.span)
            } else {
                timestamp = Timestamp(bytes.extracting(token.range))
            }
            switch timestamp {
            case .exact(let instant): return instant
            case .tolerated(let instant, let how):
                faults.add(name.description, .badTimestamp, how)
                return instant
            case .unset(let instant):
                faults.add(name.description, .unsetClock, "\(instant) is before the clock was set")
                return instant
            case .unusable:
                faults.add(name.description, .badTimestamp, "a date-time like 2026-01-31T08:00:00Z is due here")
                return nil
            }
        case .null:
            try null(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "a date-time in quotes is due here, not \(kind.name)")
            try skipValue()
            return nil
        }
    }

    /// - Parameter longest: where a version takes any text up to a length, with the known words as proposals; else `Int.max`.
    fileprivate mutating func readWordToken(
        _ name: StaticString, _ longest: Int, _ words: [StaticString], _ wordsOf201: Int, _ faults: inout FieldFaults
    ) -> WordToken? {
        do throws(JSONFault) { return try word(name, longest, words, wordsOf201, &faults) } catch {
            fail(error)
            return nil
        }
    }

    private mutating func word(
        _ name: StaticString, _ longest: Int, _ words: [StaticString], _ wordsOf201: Int, _ faults: inout FieldFaults
    ) throws(JSONFault) -> WordToken? {
        switch try peek() {
        case .string:
            let token = try text()
            if let i = index(of: token, in: words) {
                if i >= wordsOf201, faults.version == .v201 {
                    faults.add(name.description, .unknownValue, "\"\(words[i])\" came with OCPP 2.1")
                }
                return .known(i)
            }
            let unknown = string(token)
            if longest == .max {
                let detail = "\"\(unknown.prefix(50))\" is not one of the standard's words"
                faults.add(name.description, .unknownValue, detail)
            } else if unknown.unicodeScalars.count > longest {
                let detail = "at most \(longest) characters, not \(unknown.unicodeScalars.count)"
                faults.add(name.description, .tooLong, detail)
            }
            return .other(unknown)
        case .null:
            try null(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "a word in quotes is due here, not \(kind.name)")
            let range = try skipValue()
            return kind == .number || kind == .boolean ? .other(copy(range)) : nil
        }
    }

    private mutating func textualNumber(
        _ name: StaticString, _ kind: Kind, _ due: StaticString, _ faults: inout FieldFaults
    ) throws(JSONFault) -> JSONDecimal? {
        if kind == .null {
            try null(name, &faults)
            return nil
        }
        faults.add(name.description, .wrongType, "\(due) is due here, not \(kind.name)")
        if kind == .string { return JSONDecimal(string(try text())) }
        try skipValue()
        return nil
    }

    fileprivate mutating func null(_ name: StaticString, _ faults: inout FieldFaults) throws(JSONFault) {
        faults.add(name.description, .null, "null is not allowed; leave the field out")
        try null()
    }
}

extension JSONReader.Kind {
    var name: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string: "text"
        case .number: "a number"
        case .boolean: "true or false"
        case .null: "null"
        }
    }
}
