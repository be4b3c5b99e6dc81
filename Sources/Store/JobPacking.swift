import Assets
import Charging
import Quantities

/// Small lists of jobs and campaigns as text.
enum JobPacking {
    /// `MILLISECONDS WORD` a line.
    static func text(_ steps: [StationJob.Step]) -> String {
        steps.map { "\($0.at.milliseconds) \($0.word.filter { $0 != "\n" })" }.joined(separator: "\n")
    }

    static func steps(_ text: String) throws(StoreFault) -> [StationJob.Step] {
        var steps: [StationJob.Step] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let at = Int64(parts[0]) else {
                throw .damaged(.wordDamaged("steps", String(line)))
            }
            steps.append(StationJob.Step(word: String(parts[1]), at: Instant(milliseconds: at)))
        }
        return steps
    }

    /// Identities have no line feed (OCPP-J: printable characters).
    static func text(ofStations ids: [StationID]) -> String { ids.map(\.value).joined(separator: "\n") }
    static func stations(_ text: String) -> [StationID] { text.split(separator: "\n").map { StationID(String($0)) } }
}
