/// What a person asks of a station by an order of its own, in words that every protocol shares. It goes out as a command like
/// one made by hand, and what the answer tells is learned in the same way.
public enum StationRequest: Hashable, Sendable {
    case reserve(ReservationAsked)
    case cancelReservation(Int)
    case display(DisplayMessage)
    case clearDisplay(Int)
    /// All messages of its display; reports with this number tell them.
    case readDisplay(request: Int)
    /// In a word of 2.x for the use; 1.6 has its own for two of them.
    case installCertificate(use: String, pem: String)
    /// - Parameter use: what it is held for; `nil`: nobody knows.
    case deleteCertificate(CertificateHashData, use: String?)
    /// `nil`: of all uses, which 1.6 does not have.
    case listCertificates(use: String?)
    /// All charging profiles that it holds; reports with this number tell them.
    case readProfiles(request: Int)
    // 2.1 blocks R and S; earlier versions have nothing of the kind.
    case der(DERRequest)
    /// - Parameter kind: of the token, in the word of 2.x; `nil`: nobody stated it.
    case swap(request: Int, token: String, kind: String?)
}
