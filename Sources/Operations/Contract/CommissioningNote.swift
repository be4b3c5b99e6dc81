public import Charging

/// What people should know of a station's commissioning.
public enum CommissioningNote: Wording {
    /// The station said no to a step; `word` is its own.
    case refused(Step, word: String)
    /// It gave no answer that can be used.
    case silent(Step, CommandAnswer.Silence)
    /// It says that it has no smart charging.
    case noSmartCharging
    case drewMore(evse: Int)

    public enum Step: String, Hashable, Sendable, CaseIterable {
        case abilities
        case sampleInterval = "sample-interval"
        case measurands
    }
    public enum Code: String, WordingCode {
        case refused, silent
        case noSmartCharging = "no-smart-charging"
        case drewMore = "drew-more"
    }

    public var code: Code {
        switch self {
        case .refused: .refused
        case .silent: .silent
        case .noSmartCharging: .noSmartCharging
        case .drewMore: .drewMore
        }
    }

    /// `step` and `silence` are codes themselves (``Step``, ``CommandAnswer/Silence``).
    public var values: [String: String] {
        switch self {
        case .refused(let step, let word): ["step": step.rawValue, "word": word]
        case .silent(let step, let silence): ["step": step.rawValue, "silence": silence.rawValue]
        case .noSmartCharging: [:]
        case .drewMore(let evse): ["evse": String(evse)]
        }
    }
}

extension CommissioningNote.Code {
    public var english: String {
        switch self {
        case .refused: "{step}: {word}"
        case .silent: "{step}: {silence}"
        case .noSmartCharging: "no smart charging among its feature profiles"
        case .drewMore: "EVSE {evse} drew more than its limit"
        }
    }
}

// One line for the disk: the code and what belongs to it, with colons between.
extension CommissioningNote {
    public var stored: String {
        switch self {
        case .refused(let step, let word): "\(code.rawValue):\(step.rawValue):\(word)"
        case .silent(let step, let silence): "\(code.rawValue):\(step.rawValue):\(silence.rawValue)"
        case .noSmartCharging: code.rawValue
        case .drewMore(let evse): "\(code.rawValue):\(evse)"
        }
    }

    public init?(stored: String) {
        let parts = stored.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        switch (Code(rawValue: parts[0]), parts.count) {
        case (.refused, 3):
            guard let step = Step(rawValue: parts[1]) else { return nil }
            self = .refused(step, word: parts[2])
        case (.silent, 3):
            guard let step = Step(rawValue: parts[1]), let silence = CommandAnswer.Silence(rawValue: parts[2]) else {
                return nil
            }
            self = .silent(step, silence)
        case (.noSmartCharging, 1): self = .noSmartCharging
        case (.drewMore, 2):
            guard let evse = Int(parts[1]) else { return nil }
            self = .drewMore(evse: evse)
        default: return nil
        }
    }
}
