public import Assets
public import Charging
public import Quantities

/// What a station's display shows as far as is known: what was set and cleared, and what it told when it was asked.
public struct DisplayPicture: Hashable, Sendable {
    public let station: StationID
    /// By number.
    public var messages: [DisplayMessage] = []
    /// When the station told all of it last; `nil`: never, there may be more.
    public var toldAt: Instant?
    public init(station: StationID) { self.station = station }

    /// A peer may tell any number.
    public static let most = 200

    public mutating func put(_ message: DisplayMessage) {
        if let i = messages.firstIndex(where: { $0.id >= message.id }) {
            if messages[i].id == message.id {
                messages[i] = message
            } else if messages.count < Self.most {
                messages.insert(message, at: i)
            }
        } else if messages.count < Self.most {
            messages.append(message)
        }
    }
    public mutating func remove(_ id: Int) { messages.removeAll { $0.id == id } }
}
