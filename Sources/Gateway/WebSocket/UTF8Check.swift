/// Whether `bytes` are well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, nothing overlong, at most U+10FFFF).
package func isValidUTF8(_ bytes: RawSpan) -> Bool {
    var offset = 0
    let end = bytes.byteCount
    while offset < end {
        if offset + 8 <= end,
            bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            offset += 8
            continue
        }
        let lead = bytes[at: offset]
        if lead < 0x80 {
            offset += 1
            continue
        }
        let (length, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return false
        }
        guard offset + length <= end, second.contains(bytes[at: offset + 1]) else { return false }
        for index in offset + 2..<max(offset + 2, offset + length) where bytes[at: index] & 0xC0 != 0x80 {
            return false
        }
        offset += length
    }
    return true
}
