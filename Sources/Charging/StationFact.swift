/// What a station's answer to a call tells of it, in words that every protocol shares. Learned from every answered call,
/// whoever made it: a person through the API, a campaign, or the platform itself.
public enum StationFact: Hashable, Sendable {
    /// Version of the local authorization list that the station holds; 0: it is empty, −1: it has none (1.6 §5.10).
    case localList(version: Int)
}
