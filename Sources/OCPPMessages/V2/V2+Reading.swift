import Quantities

extension V2 {
    /// One sample with everything the standard leaves out filled in: what MeterValues and transaction events have in common, flat.
    public struct Reading: Equatable, Sendable {
        public let at: Instant
        /// `Energy.Active.Import.Register` unless the station says otherwise.
        public let measurand: Measurand
        /// Exactly as measured, in ten to the power of ``multiplier`` of ``unit``.
        public let value: JSONDecimal
        /// `Wh` unless the station says otherwise.
        public let unit: String
        /// 0 unless the station says otherwise.
        public let multiplier: Int
        /// `nil`: the sum or mean over all phases.
        public let phase: Phase?
        /// `Outlet` unless the station says otherwise.
        public let location: Location
        /// `Sample.Periodic` unless the station says otherwise.
        public let context: ReadingContext
        /// What the meter signed, where it did.
        public let signed: SignedMeterValue?

        public init(_ sample: SampledValue, at: Instant) {
            self.at = at
            measurand = sample.measurand ?? .energyActiveImportRegister
            value = sample.value
            unit = sample.unitOfMeasure?.unit ?? "Wh"
            multiplier = sample.unitOfMeasure?.multiplier ?? 0
            phase = sample.phase
            location = sample.location ?? .outlet
            context = sample.context ?? .samplePeriodic
            signed = sample.signedMeterValue
        }

        /// The value in thousandths of the unit without prefix (mWh, mW, mA …), rounded towards zero; `nil` when it does not fit.
        public var milli: Int64? {
            guard JSONDecimal.scales.contains(multiplier) else { return nil }
            return value.scaled(by: 3 + multiplier + (Reading.kiloUnits.contains(unit) ? 3 : 0))
        }

        private static let kiloUnits: Set<String> = ["kWh", "kvarh", "kVAh", "kW", "kVA", "kvar", "kPa"]
    }
}

extension Sequence where Element == V2.MeterValue {
    /// All samples in the order they came.
    public var readings: [V2.Reading] {
        flatMap { value in value.sampledValue.map { V2.Reading($0, at: value.timestamp) } }
    }
}
