extension V2 {
    /// What a vendor adds to any class: `vendorId` (at most 255 characters) and whatever members it likes, kept as they came.
    public struct CustomData: ReadableObject {
        /// The whole object as it goes on the wire.
        public let raw: RawJSON

        /// - Parameter members: further ones, by name.
        public init(vendorId: String, members: [(name: String, value: RawJSON)] = []) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("vendorId", vendorId)
            for member in members { writer.member(member.name, member.value) }
            writer.endObject()
            raw = RawJSON(checked: String(decoding: writer.bytes, as: UTF8.self))
        }

        /// `nil` when the vendor left it out, against the standard.
        public var vendorId: String? {
            guard case .string? = kind(of: "vendorId"), let raw = member("vendorId") else { return nil }
            let bytes = Array(raw.text.utf8)
            var reader = JSONReader(bytes.span)
            guard let text = try? reader.text() else { return nil }
            return reader.string(text)
        }

        /// The value of a vendor's own member.
        public func member(_ name: String) -> RawJSON? {
            let bytes = Array(raw.text.utf8)
            var reader = JSONReader(bytes.span)
            return (try? CustomData.find(name, &reader)).flatMap { range in
                range.map { RawJSON(checked: reader.copy($0)) }
            }
        }

        private func kind(of name: String) -> JSONReader.Kind? {
            guard let bytes = member(name).map({ Array($0.text.utf8) }) else { return nil }
            var reader = JSONReader(bytes.span)
            return try? reader.peek()
        }

        private static func find(_ name: String, _ reader: inout JSONReader) throws(JSONFault) -> Range<Int>? {
            var found: Range<Int>?
            var more = try reader.enterObject()
            while more {
                let isIt = reader.string(try reader.key()) == name
                let value = try reader.skipValue()
                if isIt { found = value }
                more = try reader.nextMember()
            }
            return found
        }

        init?(reading reader: inout JSONReader, _ faults: inout FieldFaults) {
            guard let raw = reader.raw() else { return nil }
            self.raw = raw
            guard raw.text.utf8.first == UInt8(ascii: "{") else {
                faults.add("", .wrongType, "custom data is an object")
                return nil
            }
            guard let vendor = vendorId else {
                let isThere = member("vendorId") != nil
                faults.add("vendorId", isThere ? .wrongType : .missing, "custom data names its vendor, as text")
                return
            }
            if vendor.unicodeScalars.count > CustomData.longestVendor {
                faults.add("vendorId", .tooLong, "at most \(CustomData.longestVendor) characters")
            }
        }

        static let longestVendor = 255

        public func write(to writer: inout JSONWriter) { writer.raw(raw.text.utf8) }
    }
}
