/// Why the platform itself ended a command without a station's answer: the `errorCode` of its ``CommandView``. Codes that
/// stations send are the protocol's own and differ from these.
public enum CommandFailure: String, WordingCode {
    /// The station was not connected, or its connection ended first.
    case neverSent = "never-sent"
    case connectionLost = "connection-lost"
    case platformRestarted = "platform-restarted"

    public var english: String {
        switch self {
        case .neverSent: "the station was not connected; the command was not sent"
        case .connectionLost: "the connection ended before an answer; the station may have carried it out"
        case .platformRestarted: "the platform restarted before an answer; the station may have carried it out"
        }
    }
}
