import ArgumentParser
import OCPPMessages

/// What simulated stations speak.
enum StationSpeech: String, ExpressibleByArgument, CaseIterable, Sendable {
    case v16 = "1.6"
    case v201 = "2.0.1"
    case v21 = "2.1"
    /// Every second one 2.0.1.
    case mixed

    func version(ofStation index: Int) -> OCPPVersion {
        switch self {
        case .v16: .v16
        case .v201: .v201
        case .v21: .v21
        case .mixed: index % 2 == 1 ? .v201 : .v16
        }
    }
}
