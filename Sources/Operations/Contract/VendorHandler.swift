public import Charging

/// What happens to messages of a vendor's own (DataTransfer) that stations send: a fixed answer, or what an HTTP service says.
public struct VendorHandler: Hashable, Sendable {
    public let id: String
    /// Compared without regard to the case of ASCII letters (1.6 CiString).
    public var vendor: String
    /// `nil`: every message of the vendor that no other handler names.
    public var message: String?
    /// Where the message is posted to as JSON; `nil`: the answer is fixed.
    public var url: String?
    /// The fixed answer: accepted, rejected, unknown message.
    public var status: VendorAnswer.Status
    /// Data of the fixed answer: a text for 1.6, a JSON value for 2.x.
    public var data: String?
    public init(
        id: String, vendor: String, message: String? = nil, url: String? = nil,
        status: VendorAnswer.Status = .accepted, data: String? = nil
    ) {
        self.id = id
        self.vendor = vendor
        self.message = message
        self.url = url
        self.status = status
        self.data = data
    }

    public static let most = 200
}

/// Who answers a message of a vendor's own.
public enum VendorRoute: Hashable, Sendable {
    case handler(VendorHandler)
    /// Others of this vendor are known.
    case unknownMessage
    case unknownVendor
}

/// What the shell found out about a call before the core sees it, because finding out takes a network.
public enum CallRuling: Hashable, Sendable {
    /// What an HTTP service answered to a vendor's message.
    case vendor(VendorAnswer)
    /// Whether the certificates of a contract hold.
    case certificates(ContractVerdict)
    case certificateService(CertificateServiceAnswer?)
    /// What the payment provider says of a card at a terminal; `nil`: nothing.
    case payment(PaymentAnswer?)
}

/// What is to be said of the certificates that came with an authorization (2.0.1 C07).
public enum ContractVerdict: String, Hashable, Sendable, CaseIterable {
    /// They hold; the token decides.
    case valid = "Accepted"
    case expired = "CertificateExpired"
    case revoked = "CertificateRevoked"
    case chainError = "CertChainError"
    case signature = "SignatureError"
}
