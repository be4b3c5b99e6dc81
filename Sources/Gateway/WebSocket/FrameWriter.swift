package import NIOCore

extension ByteBuffer {
    /// Appends one whole frame (FIN set). A client gives the mask that RFC 6455 §5.3 asks of it, four unpredictable
    /// bytes; a server gives none. `isDeflated`: the payload is compressed (RFC 7692).
    package mutating func writeFrame(
        _ opcode: Opcode, _ payload: [UInt8], mask: UInt32? = nil, isDeflated: Bool = false
    ) {
        reserveCapacity(minimumWritableBytes: payload.count + 14)
        writeInteger((isDeflated ? 0xC0 : 0x80) | opcode.rawValue)
        let flag: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ..<126: writeInteger(flag | UInt8(payload.count))
        case ..<65536:
            writeInteger(flag | 126)
            writeInteger(UInt16(payload.count))
        default:
            writeInteger(flag | 127)
            writeInteger(UInt64(payload.count))
        }
        guard let mask else {
            writeBytes(payload)
            return
        }
        writeInteger(mask)
        let start = readableBytes
        writeBytes(payload)
        withUnsafeMutableReadableBytes { bytes in
            for index in 0..<payload.count {
                bytes[start + index] ^= UInt8(truncatingIfNeeded: mask >> UInt32(24 - (index & 3) * 8))
            }
        }
    }

    /// Appends a close frame; the reason is cut to what a control frame holds (123 bytes), at a character's edge.
    package mutating func writeClose(_ code: CloseCode, reason: String, mask: UInt32? = nil) {
        var text = reason
        while text.utf8.count > 123 { text.removeLast() }
        writeFrame(.close, [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + text.utf8, mask: mask)
    }
}
