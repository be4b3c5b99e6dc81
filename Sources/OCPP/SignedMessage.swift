import OCPPMessages

/// Messages inside a signature (2.x part 4 §7): the payload of action `X-Signed` is a flattened JWS whose own payload is that
/// of `X`. The signature is kept in the journal and not checked.
enum SignedMessage {
    /// The inner payload's bytes; `nil` when `jws` is no flattened JWS.
    static func payload(of jws: [UInt8]) -> [UInt8]? {
        var reader = JSONReader(jws.span)
        var payload: String?
        do throws(JSONFault) {
            guard try reader.peek() == .object else { return nil }
            var more = try reader.enterObject()
            while more {
                let key = try reader.key()
                if reader.text(key, equals: "payload"), try reader.peek() == .string {
                    payload = reader.string(try reader.text())
                } else {
                    try reader.skipValue()
                }
                more = try reader.nextMember()
            }
        } catch {
            return nil
        }
        return payload.flatMap(base64URL)
    }

    /// RFC 4648 §5, without padding; padding is tolerated.
    private static func base64URL(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"), UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "_"), UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
