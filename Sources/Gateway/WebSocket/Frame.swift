/// Frame types of RFC 6455 §5.2; every other number is reserved and ends the connection.
package enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Control frames are never fragmented and carry at most 125 bytes (RFC 6455 §5.5).
    var isControl: Bool { rawValue & 0x8 != 0 }
}

/// Who sends: a client masks every frame, a server none (RFC 6455 §5.1).
package enum EndpointRole: Sendable { case client, server }

/// Why a connection ends, as sent in a close frame (RFC 6455 §7.4).
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = CloseCode(rawValue: 1000)
    package static let goingAway = CloseCode(rawValue: 1001)
    package static let protocolError = CloseCode(rawValue: 1002)
    package static let unsupportedData = CloseCode(rawValue: 1003)
    package static let invalidPayload = CloseCode(rawValue: 1007)
    package static let policyViolation = CloseCode(rawValue: 1008)
    package static let messageTooBig = CloseCode(rawValue: 1009)

    /// Codes that a peer may put on the wire: 1004–1006 and 1015 exist only in programs (RFC 6455 §7.4.1), the ranges
    /// below 1000 and from 5000 on not at all.
    package var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// The peer broke RFC 6455 or a limit of ours: the connection ends with `code`.
package struct FrameFault: Error, Hashable, Sendable {
    package let code: CloseCode
    package let text: String

    package init(_ code: CloseCode, _ text: String) {
        self.code = code
        self.text = text
    }
}
