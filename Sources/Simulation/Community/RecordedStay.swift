public import Documents
import Quantities

/// One recorded charging stay on a local wall clock: when a user plugged in and out, and what was delivered.
public struct RecordedStay: Hashable, Sendable {
    public let user: String
    /// Minutes since 1970-01-01T00:00 on the wall clock of the place of recording (no zone: only weekday and clock
    /// time are used).
    public let pluggedIn: Int
    public let pluggedOut: Int
    public let energy: Energy
}

/// Rows of a recorded session file (columns of `norway_residential_sessions.csv`), with what had to be left out.
public struct RecordedStays: Sendable {
    public let stays: [RecordedStay]
    /// Rows without a plug-out time or energy, or whose stay does not last.
    public let skipped: Int

    /// - Parameter userType: keeps only rows of this `user_type` (`Private`); `nil` keeps all.
    /// - Throws: ``Problems`` when a column is missing or a cell that is there cannot be read.
    public init(csv bytes: [UInt8], file: String, userType: String? = "Private") throws(Problems) {
        let table = try CSVDocument(
            bytes, file: file,
            required: ["user_id", "user_type", "plug_in_local", "plug_out_local", "energy_kwh"])
        var stays: [RecordedStay] = []
        var skipped = 0
        var problems = ProblemList()
        for row in table.rows {
            if let userType, row["user_type"] != userType { continue }
            guard let outText = row["plug_out_local"], !outText.isEmpty, let kwh = row["energy_kwh"], !kwh.isEmpty
            else {
                skipped += 1
                continue
            }
            guard let pluggedIn = wallClockMinutes(row["plug_in_local"] ?? "") else {
                problems.add(row.problem("plug_in_local", .localTimeNeeded))
                continue
            }
            guard let pluggedOut = wallClockMinutes(outText) else {
                problems.add(row.problem("plug_out_local", .localTimeNeeded))
                continue
            }
            guard let energy = Rational(decimal: kwh) else {
                problems.add(row.problem("energy_kwh", .kilowattHoursNeeded))
                continue
            }
            let amount = Energy(roundingKilowattHours: energy.approximate)
            guard pluggedOut > pluggedIn, amount > .zero else {
                skipped += 1
                continue
            }
            stays.append(
                RecordedStay(
                    user: row["user_id"] ?? "", pluggedIn: pluggedIn, pluggedOut: pluggedOut, energy: amount))
        }
        try problems.throwIfAny()
        self.stays = stays
        self.skipped = skipped
    }
}

private func wallClockMinutes(_ text: String) -> Int? {
    Instant(local: text, in: .utc).map { Int($0.milliseconds / 60_000) }
}
