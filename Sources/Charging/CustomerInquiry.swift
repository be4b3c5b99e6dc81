public import Assets
public import Quantities

/// What a station was asked of a customer (2.0.1 N09, N10). Whom it is about is a mark (``TokenMarker``), never the token
/// or the identifier itself.
public struct CustomerInquiry: Hashable, Sendable {
    public let station: StationID
    public let request: Int
    /// `nil`: by the certificate.
    public let subject: String?
    public let isReport: Bool
    public let isClear: Bool
    public let orderedAt: Instant
    public let by: String
    /// The station's answer: `Accepted`, `Rejected`, `Invalid`; `nil`: none yet.
    public var status: String?
    public var parts = SequenceRecord()
    public var lastAt: Instant?
    public init(
        station: StationID, request: Int, subject: String?, isReport: Bool, isClear: Bool, orderedAt: Instant,
        by: String
    ) {
        self.station = station
        self.request = request
        self.subject = subject
        self.isReport = isReport
        self.isClear = isClear
        self.orderedAt = orderedAt
        self.by = by
    }
    /// Parts of one answer, 512 characters each.
    public static let mostParts = 256
}

/// Whom an inquiry is about.
public enum CustomerReference: Hashable, Sendable {
    case idToken(String, type: String)
    case identifier(String)
}
