import Quantities

extension V16 {
    /// One sample with everything the standard leaves out filled in (OCPP 1.6 §7.43): what MeterValues and a stop's
    /// transactionData have in common, flat.
    public struct Reading: Hashable, Sendable {
        public let at: Instant
        /// `Energy.Active.Import.Register` unless the station says otherwise.
        public let measurand: Measurand
        /// Exactly as measured; `nil` for signed data and for text that is no number.
        public let value: JSONDecimal?
        /// As it was sent.
        public let text: String
        /// `Wh` or `varh` for energy when the station says nothing; for other measurands the base unit that their name implies,
        /// `nil` where there is none.
        public let unit: UnitOfMeasure?
        /// `nil`: the sum or mean over all phases.
        public let phase: Phase?
        /// `Outlet` unless the station says otherwise.
        public let location: Location
        /// `Sample.Periodic` unless the station says otherwise.
        public let context: ReadingContext
        /// `Raw` unless the station says otherwise.
        public let format: ValueFormat

        public init(_ sample: SampledValue, at: Instant) {
            self.at = at
            measurand = sample.measurand ?? .energyActiveImportRegister
            text = sample.value
            format = sample.format ?? .raw
            value = format == .signedData ? nil : JSONDecimal(sample.value)
            unit = sample.unit ?? Reading.unit(of: measurand)
            phase = sample.phase
            location = sample.location ?? .outlet
            context = sample.context ?? .samplePeriodic
        }

        /// The value in thousandths of the unit without prefix (mWh, mW, mA …), rounded towards zero; `nil` without a number.
        public var milli: Int64? {
            guard let value else { return nil }
            switch unit {
            case .kWh, .kvarh, .kW, .kVA, .kvar: return value.scaled(by: 6)
            default: return value.scaled(by: 3)
            }
        }

        private static func unit(of measurand: Measurand) -> UnitOfMeasure? {
            switch measurand {
            case .energyActiveExportRegister, .energyActiveImportRegister, .energyActiveExportInterval,
                .energyActiveImportInterval:
                .wh
            case .energyReactiveExportRegister, .energyReactiveImportRegister, .energyReactiveExportInterval,
                .energyReactiveImportInterval:
                .varh
            case .powerActiveExport, .powerActiveImport, .powerOffered: .w
            case .powerReactiveExport, .powerReactiveImport: .`var`
            case .currentImport, .currentExport, .currentOffered: .a
            case .voltage: .v
            case .temperature: .celsius
            case .soC: .percent
            case .frequency: .hertz
            case .powerFactor, .rpm, .unrecognized: nil
            }
        }
    }
}

extension Sequence where Element == V16.MeterValue {
    /// All samples in the order they came.
    public var readings: [V16.Reading] {
        flatMap { value in value.sampledValue.map { V16.Reading($0, at: value.timestamp) } }
    }
}
