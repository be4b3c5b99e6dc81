public import Quantities

/// What a driver, or a group of drivers, pays in the place of what others pay at the same site (OCPP 2.1 I08).
public struct DriverPrices: Hashable, Sendable {
    /// The import tariff of the Rulebook by its id; `nil`: the site's.
    public var tariff: String?
    /// Yuan/kWh, not negative; `nil`: the site's.
    public var serviceFee: Rational?

    /// `nil`: nothing of it is said, and they pay what others pay.
    public init?(tariff: String?, serviceFee: Rational?) {
        guard tariff != nil || serviceFee != nil else { return nil }
        self.tariff = tariff
        self.serviceFee = serviceFee
    }
}
