/// What a person asks of a station by an order of its own, in words that every protocol shares. It goes out as a command like
/// one made by hand, and what the answer tells is learned in the same way.
public enum StationRequest: Hashable, Sendable {
    case reserve(ReservationAsked)
    case cancelReservation(Int)
    case display(DisplayMessage)
    case clearDisplay(Int)
    /// All messages of its display; reports with this number tell them.
    case readDisplay(request: Int)
    /// All charging profiles that it holds; reports with this number tell them.
    case readProfiles(request: Int)
}
