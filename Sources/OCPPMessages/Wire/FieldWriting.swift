import Quantities

// One member of an object; nothing for a field that is left out.
extension JSONWriter {
    @inline(never)
    mutating func field(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        self.value(value)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ value: Int?) {
        guard let value else { return }
        key(name)
        self.value(value)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        key(name)
        self.value(value)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ value: JSONDecimal?) {
        guard let value else { return }
        key(name)
        self.value(value)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ value: Instant?) {
        guard let value else { return }
        key(name)
        self.value(value)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ value: RawJSON?) {
        guard let value else { return }
        key(name)
        raw(value.text.utf8)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ value: (some WireObject)?) {
        guard let value else { return }
        key(name)
        value.write(to: &self)
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ values: [String]?) {
        guard let values else { return }
        key(name)
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ values: [Int]?) {
        guard let values else { return }
        key(name)
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ values: [some WireEnumeration]?) {
        guard let values else { return }
        key(name)
        beginArray()
        for value in values { self.value(value.name) }
        endArray()
    }
    @inline(never)
    mutating func field(_ name: StaticString, _ values: [some WireObject]?) {
        guard let values else { return }
        key(name)
        beginArray()
        for value in values { value.write(to: &self) }
        endArray()
    }
}
