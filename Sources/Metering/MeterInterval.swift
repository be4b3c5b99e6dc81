public import Assets
public import Quantities

/// How good the energy of an interval is.
public enum EnergyQuality: String, Hashable, Sendable, CaseIterable {
    case measured
    /// Interpolated over a gap, or taken from elsewhere.
    case estimated
    /// There is no value; the interval counts nowhere but in the coverage.
    case missing
}

/// What a meter counted in an interval, both directions apart: they are never netted before pricing.
public struct MeterInterval: Hashable, Sendable {
    public let meter: String
    public let interval: Interval
    /// Grid → site, not negative.
    public let imported: ExactEnergy
    /// Site → grid, not negative.
    public let exported: ExactEnergy
    public let site: String?
    /// `nil`: not said, so neither private nor public.
    public let ownership: Ownership?
    public let quality: EnergyQuality
    /// Line of the file it came from; 0 when it came from no file.
    public let line: Int

    public init(
        meter: String, interval: Interval, imported: ExactEnergy, exported: ExactEnergy, site: String? = nil,
        ownership: Ownership? = nil, quality: EnergyQuality = .measured, line: Int = 0
    ) {
        self.meter = meter
        self.interval = interval
        self.imported = imported
        self.exported = exported
        self.site = site
        self.ownership = ownership
        self.quality = quality
        self.line = line
    }
}
