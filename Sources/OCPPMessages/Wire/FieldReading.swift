import Quantities

// Reading one field: the value when there is a usable one, and a fault for whatever is not as the standard says. Nothing
// here throws for a wrong value, only for broken JSON, and the value is consumed in any case.
extension JSONReader {
    /// Whether `key` is the field `name`; a second occurrence is a fault, and the last one counts (as JSON readers do).
    @inline(__always)
    func isField(_ key: Text, _ name: StaticString, _ bit: UInt64, _ seen: inout UInt64, _ faults: inout FieldFaults)
        -> Bool
    {
        guard text(key, equals: name) else { return false }
        if seen & bit != 0 { faults.add(name.description, .repeated, "the key occurs twice") }
        seen |= bit
        return true
    }

    mutating func extraField(_ key: Text, _ faults: inout FieldFaults) throws(JSONFault) {
        faults.add(string(key), .extraField, "the message has no such field")
        try skipValue()
    }

    /// Steps into an object; `nil` when the value is something else (consumed).
    mutating func enterFields(_ faults: inout FieldFaults) throws(JSONFault) -> Bool? {
        let kind = try peek()
        if kind == .object { return try enterObject() }
        faults.add("", kind == .null ? .null : .wrongType, "an object is due here, not \(kind.name)")
        if kind == .null {
            // `null` for "no payload" comes from old stations: an object without fields.
            try null()
            return false
        }
        try skipValue()
        return nil
    }

    mutating func readString(_ name: StaticString, max: Int, _ faults: inout FieldFaults) throws(JSONFault) -> String? {
        switch try peek() {
        case .string:
            let value = string(try text())
            if value.utf8.count > max, value.unicodeScalars.count > max {
                faults.add(name.description, .tooLong, "at most \(max) characters, not \(value.unicodeScalars.count)")
            }
            return value
        case .null:
            try readNull(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "text is due here, not \(kind.name)")
            return copy(try skipValue())
        }
    }

    mutating func readInteger(_ name: StaticString, _ faults: inout FieldFaults) throws(JSONFault) -> Int? {
        let kind = try peek()
        if kind == .number {
            let range = try number()
            guard let decimal = decimal(range) else {
                faults.add(name.description, .outOfRange, "a number of at most 18 digits")
                return nil
            }
            if decimal.scale == 0 { return Int(decimal.mantissa) }
            faults.add(name.description, .wrongType, "a whole number is due here, not \(decimal)")
            return decimal.scaled(by: 0).map { Int($0) }
        }
        return try readTextualNumber(name, kind, "a whole number", &faults)?.scaled(by: 0).map { Int($0) }
    }

    mutating func readDecimal(
        _ name: StaticString, step decimals: Int?, _ faults: inout FieldFaults
    ) throws(JSONFault) -> JSONDecimal? {
        let kind = try peek()
        let value: JSONDecimal?
        if kind == .number {
            value = decimal(try number())
            if value == nil { faults.add(name.description, .outOfRange, "a number of at most 18 digits") }
        } else {
            value = try readTextualNumber(name, kind, "a number", &faults)
        }
        if let value, let decimals, value.decimals > decimals {
            faults.add(name.description, .outOfRange, "at most \(decimals) digit behind the point, not \(value)")
        }
        return value
    }

    mutating func readBoolean(_ name: StaticString, _ faults: inout FieldFaults) throws(JSONFault) -> Bool? {
        switch try peek() {
        case .boolean: return try boolean()
        case .null:
            try readNull(name, &faults)
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

    mutating func readInstant(_ name: StaticString, _ faults: inout FieldFaults) throws(JSONFault) -> Instant? {
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
            try readNull(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "a date-time in quotes is due here, not \(kind.name)")
            try skipValue()
            return nil
        }
    }

    mutating func readWord<Word: WireEnumeration>(
        _ name: StaticString, _ type: Word.Type, _ faults: inout FieldFaults
    ) throws(JSONFault) -> Word? {
        switch try peek() {
        case .string:
            let token = try text()
            if let word = Word.known(token, in: self) { return word }
            let unknown = string(token)
            faults.add(name.description, .unknownValue, "\"\(unknown.prefix(50))\" is not one of the standard's words")
            return Word(unknown)
        case .null:
            try readNull(name, &faults)
            return nil
        case let kind:
            faults.add(name.description, .wrongType, "a word in quotes is due here, not \(kind.name)")
            let range = try skipValue()
            return kind == .number || kind == .boolean ? Word(copy(range)) : nil
        }
    }

    mutating func readObject<Object: WireObject>(
        _ name: StaticString, _ type: Object.Type, _ faults: inout FieldFaults
    ) throws(JSONFault) -> Object? {
        if try peek() == .null {
            try readNull(name, &faults)
            return nil
        }
        let start = faults.list.count
        let value = try Object(reading: &self, &faults)
        // Soft unless the field turns out to be required.
        if value == nil { faults.soften(since: start) }
        faults.nest(name.description, since: start)
        return value
    }

    mutating func readObjects<Object: WireObject>(
        _ name: StaticString, _ type: Object.Type, count: ClosedRange<Int>, _ faults: inout FieldFaults
    ) throws(JSONFault) -> [Object]? {
        try readList(name, count, &faults) { (reader, faults) throws(JSONFault) in
            let start = faults.list.count
            let value = try Object(reading: &reader, &faults)
            if value == nil { faults.soften(since: start) }
            return value
        }
    }

    mutating func readStrings(
        _ name: StaticString, max: Int, count: ClosedRange<Int>, _ faults: inout FieldFaults
    ) throws(JSONFault) -> [String]? {
        try readList(name, count, &faults) { (reader, faults) throws(JSONFault) in
            try reader.readString("", max: max, &faults)
        }
    }

    /// A list; elements that cannot be used are left out with a soft fault, so that one bad sample does not lose a record.
    @inline(__always)
    private mutating func readList<Element>(
        _ name: StaticString, _ count: ClosedRange<Int>, _ faults: inout FieldFaults,
        _ element: (inout JSONReader, inout FieldFaults) throws(JSONFault) -> Element?
    ) throws(JSONFault) -> [Element]? {
        let kind = try peek()
        if kind == .null {
            try readNull(name, &faults)
            return nil
        }
        let start = faults.list.count
        var values: [Element] = []
        var elements = 0
        if kind == .array {
            var more = try enterArray()
            // Most lists are samples or periods, a handful each.
            if more { values.reserveCapacity(4) }
            while more {
                let found = faults.list.count
                if let value = try element(&self, &faults) { values.append(value) }
                faults.nest("[\(elements)]", since: found)
                elements += 1
                more = try nextElement()
            }
        } else {
            faults.add("", .wrongType, "a list is due here, not \(kind.name)")
            if let value = try element(&self, &faults) { values.append(value) }
            elements = 1
        }
        if !count.contains(elements) {
            faults.add("", .wrongCount, "\(count.lowerBound) elements or more, not \(elements)")
        }
        faults.nest(name.description, since: start)
        return values
    }

    private mutating func readTextualNumber(
        _ name: StaticString, _ kind: Kind, _ due: StaticString, _ faults: inout FieldFaults
    ) throws(JSONFault) -> JSONDecimal? {
        if kind == .null {
            try readNull(name, &faults)
            return nil
        }
        faults.add(name.description, .wrongType, "\(due) is due here, not \(kind.name)")
        if kind == .string { return JSONDecimal(string(try text())) }
        try skipValue()
        return nil
    }

    private mutating func readNull(_ name: StaticString, _ faults: inout FieldFaults) throws(JSONFault) {
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
