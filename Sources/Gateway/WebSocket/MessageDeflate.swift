import CZlib

/// Compresses and restores the messages of permessage-deflate (RFC 7692), each by itself: no context is kept from one to the
/// next, so one pair serves all connections of an event loop and an idle connection costs nothing.
///
/// Not `Sendable`: it belongs to one event loop.
package final class MessageDeflater {
    /// Window of what is sent: messages are some kilobytes at most, and the smaller one is reset faster.
    private static let window: Int32 = 13
    /// zlib knows its stream by the address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// - Parameter mostBits: what the peer can hold, 9 to 15.
    /// - Returns: `nil` when there is no memory for it.
    package init?(mostBits: Int) {
        stream.initialize(to: z_stream())
        // Negative: no zlib header around the data.
        let bits = -min(Self.window, Int32(mostBits))
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(stream, 5, Z_DEFLATED, bits, 7, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }
    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// - Returns: `nil` where compressed it would not be shorter.
    package func deflated(_ message: [UInt8]) -> [UInt8]? {
        deflateReset(stream)
        // With room for the four bytes that are cut off again: what does not fit is not shorter.
        let room = message.count + 4
        var isShorter = false
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { target, count in
            count = message.withUnsafeBufferPointer { source in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(room)
                let code = deflate(stream, Z_SYNC_FLUSH)
                let written = room - Int(stream.pointee.avail_out)
                // §7.2.1: the empty block at the end is left out.
                isShorter = code == Z_OK && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0 && written > 4
                return isShorter ? written - 4 : 0
            }
            (stream.pointee.next_in, stream.pointee.next_out) = (nil, nil)
        }
        return isShorter && bytes.count < message.count ? bytes : nil
    }
}

/// See ``MessageDeflater``.
package final class MessageInflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    package init?() {
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }
    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// - Parameter limit: most bytes of the message; never more is held for it, whatever the data claims to become.
    package func inflated(_ data: [UInt8], limit: Int) throws(FrameFault) -> [UInt8] {
        inflateReset(stream)
        // §7.2.2: the empty block that the sender left out.
        let source = data + [0x00, 0x00, 0xFF, 0xFF]
        var message: [UInt8] = []
        var consumed = 0
        var room = min(limit, max(256, data.count * 4))
        while true {
            // One byte more than allowed tells that there is more.
            let ask = min(room, limit + 1 - message.count)
            let (code, used, piece) = step(source[consumed...], atMost: ask)
            consumed += used
            message += piece
            guard message.count <= limit else {
                throw FrameFault(.messageTooBig, "a compressed message that becomes longer than \(limit) bytes")
            }
            guard code == Z_OK || code == Z_BUF_ERROR || code == Z_STREAM_END else {
                throw FrameFault(.invalidPayload, "what was compressed cannot be restored")
            }
            if consumed == source.count, piece.count < ask { break }
            // A sender may end its blocks; others may follow (§7.2.3.4).
            if code == Z_STREAM_END { inflateReset(stream) }
            if used == 0, piece.isEmpty { throw FrameFault(.invalidPayload, "compressed data breaks off") }
            room = min(limit, room * 2)
        }
        return message
    }

    private func step(_ source: ArraySlice<UInt8>, atMost room: Int) -> (code: Int32, used: Int, piece: [UInt8]) {
        var code = Z_OK
        var used = 0
        let piece = [UInt8](unsafeUninitializedCapacity: room) { target, count in
            source.withUnsafeBufferPointer { bytes in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
                stream.pointee.avail_in = UInt32(bytes.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(room)
                code = inflate(stream, Z_SYNC_FLUSH)
                used = bytes.count - Int(stream.pointee.avail_in)
                count = room - Int(stream.pointee.avail_out)
            }
            (stream.pointee.next_in, stream.pointee.next_out) = (nil, nil)
        }
        return (code, used, piece)
    }
}
