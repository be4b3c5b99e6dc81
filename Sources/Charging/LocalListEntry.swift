public import Quantities

/// One token in a station's local authorization list.
public struct LocalListEntry: Hashable, Sendable {
    public let value: String
    /// Kind in the word of OCPP 2.x; `nil`: nobody stated it.
    public let kind: String?
    /// `nil`: the station is to forget the token.
    public let info: Info?

    public struct Info: Hashable, Sendable {
        public let status: IdToken.Status
        public let expiresAt: Instant?
        public let parent: String?
        public init(status: IdToken.Status, expiresAt: Instant?, parent: String?) {
            self.status = status
            self.expiresAt = expiresAt
            self.parent = parent
        }
    }

    public init(value: String, kind: String? = nil, info: Info?) {
        self.value = value
        self.kind = kind
        self.info = info
    }

    public init(_ token: IdToken) {
        self.init(
            value: token.value, kind: token.type,
            info: Info(status: token.status, expiresAt: token.expiresAt, parent: token.parent))
    }
}

extension IdToken {
    /// Says whether a list holds this token as it is. Sums of marks tell lists apart whatever their order, so that a list of
    /// all tokens is kept up to date without reading it (FNV-1a; a collision only delays an update).
    public var listMark: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        add(value)
        add(status.rawValue)
        add(expiresAt.map { String($0.milliseconds) } ?? "")
        add(parent ?? "")
        add(type ?? "")
        return hash
    }
}
