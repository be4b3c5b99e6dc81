public import Documents
import Foundation
public import Quantities

/// The data that ships with the program (`Resources/SOURCE.md`).
public enum DemoData {
    /// Private rows of the Norwegian residential sessions.
    public static func recordedStays() throws(Problems) -> RecordedStays {
        try RecordedStays(csv: bytes("norway_residential_sessions.csv"), file: "norway_residential_sessions.csv")
    }

    /// H0 in winter, in China's zone.
    public static func householdLoad(
        peak: Power, noise: Double, step: (evening: Interval, factor: Double)?, seed: UInt64
    ) throws(Problems) -> HouseholdLoad {
        try HouseholdLoad(
            profile: bytes("household_h0.csv"), file: "household_h0.csv", season: .winter, peak: peak, zone: .shanghai,
            noise: noise, step: step, seed: seed)
    }

    /// What the park of ``ParkScenario`` pays for charging; assumed.
    static func parkTariff() throws(Problems) -> [UInt8] { try bytes("park_import.yaml") }

    private static func bytes(_ name: String) throws(Problems) -> [UInt8] {
        let url = Bundle.module.bundleURL.appending(path: "Resources/\(name)")
        guard let data = try? Data(contentsOf: url) else {
            throw Problems(
                Problem(
                    file: url.path, line: 0,
                    message: .resourcesMissing))
        }
        return Array(data)
    }
}
