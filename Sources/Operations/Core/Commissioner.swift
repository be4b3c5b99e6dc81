import Charging
import GridDispatch
import Quantities

/// Where a station stands in its commissioning. The steps run only while nothing else waits for the station.
///
///     idle ─▶ readAbilities (─▶ readV2XAbilities, 2.1) ─▶ sampleEvery ─▶ sample(0…) ─▶ done ─▶ (a session runs) test ─▶ verdict
struct Commissioner: Sendable {
    enum Step: Hashable, Sendable {
        case readAbilities, readV2XAbilities, sampleEvery
        case sample(wish: Int)
        case done
    }
    var step = Step.readAbilities
    /// When the station came for the first time since we started.
    private(set) var firstContact: Instant?
    /// Not before: a station that just came has other things to say.
    var notBefore: Instant?
    /// A call of the step is on its way.
    var isWaiting = false
    var failures = 0
    var test: FollowTest?
    /// The stay in which a pile that does not follow was tested again.
    var testedAgain: Session.ID?

    static let quiet: Duration = .seconds(5)
    /// A station that does not answer is asked again later, this often.
    static let attempts = 5

    mutating func connected(at now: Instant) {
        firstContact = firstContact ?? now
        notBefore = now + Self.quiet
        isWaiting = false
    }

    mutating func booted(isNewFirmware: Bool, at now: Instant) {
        notBefore = now + Self.quiet
        if isNewFirmware {
            step = .readAbilities
            failures = 0
        }
    }
}

/// A short test whether a pile follows its limit: for a while it may draw no more than the least current, and its meter
/// must show it.
struct FollowTest: Hashable, Sendable {
    let session: String
    let limit: Power
    /// Of a pile that did not follow before.
    let isRepeat: Bool
    let until: Instant
    /// Samples before it still show the old limit.
    var countsFrom: Instant?
    var samplesWithin = 0
    var samplesAbove = 0
    var lastSample: Instant?

    static let samplesNeeded = 2
}
