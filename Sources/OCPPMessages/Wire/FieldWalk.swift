/// Where the reader stands among the members of one object.
struct FieldWalk {
    /// A bit a field of the table: its key occurred.
    fileprivate var seen: UInt64 = 0
    /// A bit a field: its value is usable.
    fileprivate var usable: UInt64 = 0
    /// Most senders keep the order of the schema: the search begins behind the field that was read last.
    fileprivate var next = 0
    fileprivate var isAtFirst = true
    fileprivate var hasMember: Bool
    /// Faults up to here belong to what encloses the object.
    fileprivate let start: Int

    mutating func use(_ i: Int) { usable |= 1 << UInt64(i) }
}

extension JSONReader {
    /// Steps into an object; `nil` when the value is something else (consumed).
    @inline(never)
    mutating func enterFields(_ faults: inout FieldFaults) -> FieldWalk? {
        guard brokenAt == nil else { return nil }
        do throws(JSONFault) {
            let start = faults.list.count
            let kind = try peek()
            if kind == .object { return FieldWalk(hasMember: try enterObject(), start: start) }
            faults.add("", kind == .null ? .null : .wrongType, "an object is due here, not \(kind.name)")
            if kind == .null {
                // `null` for "no payload" comes from old stations: an object without fields.
                try null()
                return FieldWalk(hasMember: false, start: start)
            }
            try skipValue()
        } catch { fail(error) }
        return nil
    }

    /// Steps to the next member that the table knows and says which field it is; `nil` behind the last one. The caller reads its value.
    @inline(never)
    mutating func nextField(_ fields: [WireField], _ walk: inout FieldWalk, _ faults: inout FieldFaults) -> Int? {
        guard brokenAt == nil else { return nil }
        do throws(JSONFault) {
            while true {
                if walk.isAtFirst { walk.isAtFirst = false } else { walk.hasMember = try nextMember() }
                guard walk.hasMember else { return nil }
                let key = try key()
                if let i = find(key, fields, from: walk.next), fields[i].presence != .absent {
                    let bit: UInt64 = 1 << UInt64(i)
                    // The last one counts, as with other JSON readers.
                    if walk.seen & bit != 0 {
                        faults.add(fields[i].name.description, .repeated, "the key occurs twice")
                    }
                    walk.seen |= bit
                    walk.next = i + 1
                    return i
                }
                let version = faults.version
                faults.add(string(key), .extraField, "OCPP \(version.number) has no such field here")
                try skipValue()
            }
        } catch {
            fail(error)
            return nil
        }
    }

    private func find(_ key: Text, _ fields: [WireField], from first: Int) -> Int? {
        var i = first
        for _ in 0..<fields.count {
            if i >= fields.count { i = 0 }
            if text(key, equals: fields[i].name) { return i }
            i += 1
        }
        return nil
    }
}

extension FieldFaults {
    /// Whether every required field has a usable value. Of the first that has none it says that it is missing, or makes the fault
    /// found in it a hard one.
    @inline(never)
    mutating func hasAllRequired(_ fields: [WireField], _ walk: FieldWalk) -> Bool {
        for i in fields.indices {
            let bit: UInt64 = 1 << UInt64(i)
            switch fields[i].presence {
            case .required where walk.usable & bit == 0:
                require(fields[i].name.description, seen: walk.seen & bit != 0, since: walk.start)
                return false
            case .expected where walk.seen & bit == 0:
                let version = version
                add(fields[i].name.description, .missing, "OCPP \(version.number) requires it")
            default: break
            }
        }
        return true
    }
}
