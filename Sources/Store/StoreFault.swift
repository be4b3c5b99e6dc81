public import Documents

/// What can go wrong with the data directory. Texts say the way out.
public enum StoreFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process holds the data directory.
    case held(directory: String, by: Message)
    case cannotOpen(path: String, why: Message)
    /// The database was written by a newer program.
    case newerSchema(path: String)
    case damaged(Message)
    /// No space left; nothing is acknowledged until there is some.
    case diskFull
    /// The disk failed in another way.
    case disk(Message)
    /// More changes wait than may wait: this one and all later ones were not taken (``Store/resume()``).
    case backlogFull
    /// SQLite refused a change for itself; the changes around it were written, and it is tried again.
    case rejected(Message)
    case closed
    /// An order about access that cannot be carried out.
    case access(Message)

    public var message: Message {
        switch self {
        case .held(let directory, let holder): .held(directory, by: holder)
        case .cannotOpen(let path, let why): .cannotOpen(path, why: why)
        case .newerSchema(let path): .newerSchema(path)
        case .damaged(let what): .damaged(what)
        case .diskFull: .diskFull
        case .disk(let what): .diskFailed(what)
        case .backlogFull: .backlogFull
        case .rejected(let what): .rejected(what)
        case .closed: .storeClosed
        case .access(let what): what
        }
    }

    /// English.
    public var description: String { message.en }
}
