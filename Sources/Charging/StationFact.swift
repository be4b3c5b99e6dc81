/// What a station's answer to a call tells of it, in words that every protocol shares. Learned from every answered call,
/// whoever made it: a person through the API, a campaign, or the platform itself.
public enum StationFact: Hashable, Sendable {
    /// Version of the local authorization list that the station holds; 0: it is empty, −1: it has none (1.6 §5.10).
    case localList(version: Int)
    /// How it took the order of a job (``StationJob``).
    case job(JobAnswer)
    /// It no longer offers the firmware of this MD5 (2.0.1 L04).
    case unpublished(checksum: String)
}
