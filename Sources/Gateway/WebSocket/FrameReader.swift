/// Reads the frames of one peer, message by message (RFC 6455 §5). Pure: bytes in, events out.
///
/// The caller keeps what arrived but is not consumed and offers it again with more behind it. A frame's payload is looked
/// at only when it is complete, so splitting the stream anywhere changes nothing; a declared length beyond the limit
/// is refused when its header is read, before anything is kept for it.
package struct FrameReader: Sendable {
    package enum Event: Hashable, Sendable {
        /// A whole text message, unmasked and valid UTF-8.
        case text([UInt8])
        case binary([UInt8])
        /// A whole message that is compressed (RFC 7692), unmasked; text is not known to be UTF-8.
        case deflated([UInt8], isText: Bool)
        case ping([UInt8])
        case pong([UInt8])
        /// No code when the peer sent none.
        case close(CloseCode?, reason: String)
        /// A frame of a message that goes on.
        case fragment
    }
    package enum Step: Hashable, Sendable {
        /// Needs at least this many bytes from the same start before there is anything to do.
        case needs(Int)
        case event(Event, consumed: Int)
    }

    private let peer: EndpointRole
    private let maxMessageBytes: Int
    /// permessage-deflate was agreed: the first frame of a message may say that it is compressed.
    package var takesDeflated = false
    /// The message that is arriving in fragments. Boxed by its own storage: an idle connection pays for a pointer.
    private var unfinished: [UInt8]?
    private var unfinishedIsText = false
    private var unfinishedIsDeflated = false
    private var fragments = 0

    /// A message in more fragments than this is refused: each costs work without bringing bytes.
    private static let maxFragments = 1024

    /// - Parameters:
    ///   - peer: who sends what is read here; a client's frames must be masked, a server's must not (§5.1).
    ///   - maxMessageBytes: largest message, whole or put together of fragments.
    package init(from peer: EndpointRole, maxMessageBytes: Int) {
        self.peer = peer
        self.maxMessageBytes = maxMessageBytes
    }

    /// The first frame of `bytes`.
    package mutating func next(_ bytes: RawSpan) throws(FrameFault) -> Step {
        guard bytes.byteCount >= 2 else { return .needs(2) }
        let first = bytes[at: 0]
        let second = bytes[at: 1]
        let isDeflated = first & 0x40 != 0
        guard first & 0x30 == 0, !isDeflated || takesDeflated else {
            throw FrameFault(.protocolError, "reserved bits set that no extension was agreed for")
        }
        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            throw FrameFault(.protocolError, "reserved opcode \(first & 0x0F)")
        }
        guard !isDeflated || opcode == .text || opcode == .binary else {
            throw FrameFault(.protocolError, "a control frame or a continuation says that it is compressed")
        }
        let isFinal = first & 0x80 != 0
        let isMasked = second & 0x80 != 0
        guard isMasked == (peer == .client) else {
            throw FrameFault(.protocolError, isMasked ? "a server's frame is masked" : "a client's frame is not masked")
        }

        var position = 2
        var length = UInt64(second & 0x7F)
        if length >= 126 {
            let width = length == 126 ? 2 : 8
            guard bytes.byteCount >= 2 + width else { return .needs(2 + width) }
            length = (2..<2 + width).reduce(0) { $0 << 8 | UInt64(bytes[at: $1]) }
            position += width
            guard length >= (width == 2 ? 126 : 65536) else {
                throw FrameFault(.protocolError, "length \(length) not in its shortest form")
            }
        }
        if opcode.isControl {
            guard isFinal else { throw FrameFault(.protocolError, "a control frame is fragmented") }
            guard length <= 125 else {
                throw FrameFault(.protocolError, "a control frame of \(length) bytes, at most 125 allowed")
            }
        } else {
            try checkOrder(opcode)
            guard length <= UInt64(maxMessageBytes - (unfinished?.count ?? 0)) else {
                throw FrameFault(.messageTooBig, "a message longer than \(maxMessageBytes) bytes")
            }
        }
        let header = position + (isMasked ? 4 : 0)
        let total = header + Int(length)
        guard bytes.byteCount >= total else { return .needs(total) }

        let key: UInt32 = isMasked ? bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self) : 0
        let (payload, isASCII) = unmasked(bytes.extracting(header..<total), key: key)
        if opcode.isControl { return .event(try control(opcode, payload), consumed: total) }
        guard let event = try data(opcode, payload, isASCII: isASCII, isDeflated: isDeflated, isFinal: isFinal) else {
            return .event(.fragment, consumed: total)
        }
        return .event(event, consumed: total)
    }

    /// A continuation needs something to continue, and nothing else may come between (§5.4).
    private func checkOrder(_ opcode: Opcode) throws(FrameFault) {
        if (opcode == .continuation) == (unfinished != nil) { return }
        throw FrameFault(
            .protocolError,
            opcode == .continuation ? "a continuation of nothing" : "a new message inside a fragmented one")
    }

    private mutating func data(
        _ opcode: Opcode, _ payload: [UInt8], isASCII: Bool, isDeflated: Bool, isFinal: Bool
    ) throws(FrameFault) -> Event? {
        if opcode != .continuation && isFinal {
            if isDeflated { return .deflated(payload, isText: opcode == .text) }
            return try whole(payload, isText: opcode == .text, isASCII: isASCII)
        }
        if opcode != .continuation {
            unfinishedIsText = opcode == .text
            unfinishedIsDeflated = isDeflated
            fragments = 0
        }
        fragments += 1
        guard fragments <= Self.maxFragments else {
            throw FrameFault(.policyViolation, "a message in more than \(Self.maxFragments) fragments")
        }
        // Taken out and put back so that the bytes are appended in place, not copied once a fragment.
        var message = unfinished ?? []
        unfinished = nil
        message += payload
        guard isFinal else {
            unfinished = message
            return nil
        }
        if unfinishedIsDeflated { return .deflated(message, isText: unfinishedIsText) }
        return try whole(message, isText: unfinishedIsText, isASCII: false)
    }

    private func whole(_ bytes: [UInt8], isText: Bool, isASCII: Bool) throws(FrameFault) -> Event {
        guard isText else { return .binary(bytes) }
        guard isASCII || isValidUTF8(bytes.span.bytes) else {
            throw FrameFault(.invalidPayload, "a text message is not UTF-8")
        }
        return .text(bytes)
    }

    private func control(_ opcode: Opcode, _ payload: [UInt8]) throws(FrameFault) -> Event {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default: break
        }
        if payload.isEmpty { return .close(nil, reason: "") }
        guard payload.count >= 2 else { throw FrameFault(.protocolError, "a close frame of one byte") }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.mayBeSent else { throw FrameFault(.protocolError, "close code \(code.rawValue) may not be sent") }
        guard let reason = String(validating: payload[2...], as: UTF8.self) else {
            throw FrameFault(.invalidPayload, "a close reason is not UTF-8")
        }
        return .close(code, reason: reason)
    }
}

extension RawSpan {
    subscript(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }
}

/// A copy with the mask taken off, eight bytes at a time; says on the way whether all bytes are ASCII, which spares most
/// messages the UTF-8 check. `key` is the four bytes as they lie in memory; 0 unmasks nothing (RFC 6455 §5.3).
private func unmasked(_ bytes: RawSpan, key: UInt32) -> (payload: [UInt8], isASCII: Bool) {
    var high: UInt64 = 0
    let payload = [UInt8](unsafeUninitializedCapacity: bytes.byteCount) { target, count in
        let wide = UInt64(key) | UInt64(key) << 32
        let raw = UnsafeMutableRawBufferPointer(target)
        var offset = 0
        while offset + 8 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ wide
            raw.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
            high |= word
            offset += 8
        }
        while offset < bytes.byteCount {
            let byte = bytes[at: offset] ^ UInt8(truncatingIfNeeded: key >> (UInt32(offset & 3) * 8))
            raw[offset] = byte
            high |= UInt64(byte)
            offset += 1
        }
        count = bytes.byteCount
    }
    return (payload, high & 0x8080_8080_8080_8080 == 0)
}
