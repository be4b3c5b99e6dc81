public import Assets

/// What the platform keeps of what a station holds for people: lists, reservations, messages on its display. One kind of
/// ``Change``, each an upsert.
public enum StationHolding: Hashable, Sendable {
    case localList(LocalListRecord)
    case reservation(Reservation)
    case display(DisplayPicture)
    case certificates(CertificatePicture)
    /// What came of a command of this station.
    case followUp(StationID, command: String, CommandFollowUp)

    public var station: StationID {
        switch self {
        case .localList(let record): record.station
        case .reservation(let reservation): reservation.station
        case .display(let picture): picture.station
        case .certificates(let picture): picture.station
        case .followUp(let station, _, _): station
        }
    }
}
