public import Assets
public import Quantities

/// What the platform keeps of what a station holds for people: lists, reservations, messages on its display, charging profiles, limits that others set it. One kind of
/// ``Change``, each an upsert.
public enum StationHolding: Hashable, Sendable {
    case localList(LocalListRecord)
    case reservation(Reservation)
    case display(DisplayPicture)
    case certificates(CertificatePicture)
    /// What came of a command of this station.
    case followUp(StationID, command: String, CommandFollowUp)
    case profile(StationID, KeptProfile)
    case profileGone(StationID, Int)
    /// `toldAt`: when the station told all of its profiles last.
    case profileReport(StationID, ProfileReport, toldAt: Instant?)
    case outsideLimit(StationID, OutsideLimit)
    case outsideLimitGone(StationID, source: String, evse: Int)
    case tariffs(StationTariffs)
    case webPayments(WebPaymentSetup)

    public var station: StationID {
        switch self {
        case .localList(let record): record.station
        case .reservation(let reservation): reservation.station
        case .display(let picture): picture.station
        case .certificates(let picture): picture.station
        case .tariffs(let picture): picture.station
        case .webPayments(let setup): setup.station
        case .followUp(let station, _, _), .profile(let station, _), .profileGone(let station, _),
            .profileReport(let station, _, _), .outsideLimit(let station, _), .outsideLimitGone(let station, _, _):
            station
        }
    }
}
