public import Assets
public import Quantities

/// Something that a station was asked for and that takes its time: new firmware, firmware kept for others, a log brought
/// to us. Followed from the order to its end by what the station tells (2.0.1 L01–L04, N01; 1.6 §5.19, §6.7, whitepaper
/// §4.4, §5). A station that begins by itself makes one too.
public struct StationJob: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable { case firmware, publication, log }

    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The order is on its way.
        case asked
        case accepted
        /// The station tells that it is about it.
        case running
        case done, failed
        /// It said no; ``StationJob/word`` is its own.
        case refused
        /// Nobody knows whether it took the order; what it tells later counts.
        case unanswered
        case notSent = "not-sent"
        /// A newer order took its place.
        case superseded
        /// Published firmware was withdrawn.
        case withdrawn
        /// Its time is over without an end; what it tells later counts.
        case overdue

        /// Its end may still come.
        public var isOpen: Bool {
            switch self {
            case .asked, .accepted, .running, .unanswered, .overdue: true
            case .done, .failed, .refused, .notSent, .superseded, .withdrawn: false
            }
        }
    }

    /// What the station told, in its own words.
    public struct Step: Hashable, Sendable {
        public let word: String
        public let at: Instant
        public init(word: String, at: Instant) {
            self.word = word
            self.at = at
        }
    }

    /// That of the command it began with; one of the station's own has one of ours.
    public let id: String
    public let station: StationID
    public let order: JobOrder
    /// The file of ours that it fetches, or under which its upload is kept.
    public let file: String?
    public let by: String
    public let askedAt: Instant
    public var state: State
    /// The station's newest word.
    public var word: String?
    /// Since when.
    public var at: Instant
    /// When an end was due.
    public let dueAt: Instant?
    /// By BootNotification; `nil`: nobody knows.
    public let firmwareBefore: String?
    public var firmwareAfter: String?
    /// What the station calls the file that it brings.
    public var fileName: String?
    /// Bytes of the file that came.
    public var received: Int64?
    /// Oldest first.
    public private(set) var steps: [Step]

    public init(
        id: String, station: StationID, order: JobOrder, file: String? = nil, by: String, askedAt: Instant,
        state: State = .asked, word: String? = nil, at: Instant? = nil, dueAt: Instant?, firmwareBefore: String?,
        firmwareAfter: String? = nil, fileName: String? = nil, received: Int64? = nil, steps: [Step] = []
    ) {
        self.id = id
        self.station = station
        self.order = order
        self.file = file
        self.by = by
        self.askedAt = askedAt
        self.state = state
        self.word = word
        self.at = at ?? askedAt
        self.dueAt = dueAt
        self.firmwareBefore = firmwareBefore
        self.firmwareAfter = firmwareAfter
        self.fileName = fileName
        self.received = received
        self.steps = steps
    }

    /// A station may repeat itself without end: the newest are kept.
    public static let mostSteps = 40

    public mutating func add(_ word: String, at now: Instant) {
        self.word = word
        at = now
        steps.append(Step(word: word, at: now))
        if steps.count > Self.mostSteps { steps.removeFirst(steps.count - Self.mostSteps) }
    }
}

/// What is ordered, in words that every protocol shares.
public struct JobOrder: Hashable, Sendable {
    public var kind: StationJob.Kind
    /// By which the station names it in what it tells; 1.6 has none outside the security whitepaper.
    public var number: Int?
    /// Where the station fetches from, or brings to.
    public var location: String
    /// Of firmware: not before.
    public var retrieveAt: Instant?
    public var installAt: Instant?
    public var retries: Int?
    /// Seconds.
    public var retryInterval: Int?
    /// Of the image, base64, with the certificate (PEM) that it is made by.
    public var signature: String?
    public var signingCertificate: String?
    /// MD5 of firmware to be published, hexadecimal (2.0.1 L03).
    public var checksum: String?
    public var log: Log?
    /// Of a log: what it covers.
    public var from: Instant?
    public var to: Instant?

    public enum Log: String, Hashable, Sendable, CaseIterable { case diagnostics, security }

    public init(kind: StationJob.Kind, location: String) {
        self.kind = kind
        self.location = location
    }
}

extension JobOrder {
    /// The address as it may be kept and shown: without a name and a password in it, and without what makes one of ours
    /// good (a ticket: who has it may fetch or bring the file).
    public var shownLocation: String { Self.shown(location) }

    static let concealed = "******"

    public static func shown(_ location: String) -> String {
        guard let scheme = location.firstRange(of: "://") else { return location }
        var segments = location[scheme.upperBound...].split(separator: "/", omittingEmptySubsequences: false)
        if let at = segments[0].lastIndex(of: "@") { segments[0] = Self.concealed[...] + segments[0][at...] }
        for i in segments.indices.dropFirst() where isTicket(segments[i]) { segments[i] = Self.concealed[...] }
        return location[..<scheme.upperBound] + segments.joined(separator: "/")
    }

    /// Id, end and proof between dots, each of letters and digits: `0123….abc.0123…`.
    private static func isTicket(_ segment: Substring) -> Bool {
        let parts = segment.split(separator: ".", omittingEmptySubsequences: false)
        let hexadecimal = { (text: Substring) in text.utf8.count == 32 && text.allSatisfy(\.isHexDigit) }
        return parts.count == 3 && hexadecimal(parts[0]) && hexadecimal(parts[2])
    }
}

/// What a station tells of a job.
public struct JobNews: Hashable, Sendable {
    public enum Stage: Hashable, Sendable { case idle, running, done, failed, superseded }
    public let kind: StationJob.Kind
    public let number: Int?
    public let stage: Stage
    /// Its own word.
    public let word: String
    public init(kind: StationJob.Kind, number: Int?, stage: Stage, word: String) {
        self.kind = kind
        self.number = number
        self.stage = stage
        self.word = word
    }
}

/// How a station took the order of a job.
public struct JobAnswer: Hashable, Sendable {
    public let isTaken: Bool
    /// It gave up an older one for it.
    public let supersedes: Bool
    /// Its own word; `nil` where the protocol has none.
    public let word: String?
    public let fileName: String?
    public init(isTaken: Bool, supersedes: Bool = false, word: String? = nil, fileName: String? = nil) {
        self.isTaken = isTaken
        self.supersedes = supersedes
        self.word = word
        self.fileName = fileName
    }
}
