/// What can go wrong with the data directory. Texts say the way out.
public enum StoreFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process holds the data directory.
    case held(directory: String, by: String)
    case cannotOpen(path: String, why: String)
    /// The database was written by a newer program.
    case newerSchema(path: String)
    case damaged(String)
    /// No space left; nothing is acknowledged until there is some.
    case diskFull
    /// The disk failed in another way.
    case disk(String)
    /// More changes wait than may wait: this one and all later ones were not taken (``Store/resume()``).
    case backlogFull
    /// SQLite refused a change for itself; the changes around it were written, and it is tried again.
    case rejected(String)
    case closed
    /// An order about access that cannot be carried out.
    case access(String)

    public var description: String {
        switch self {
        case .held(let directory, let holder):
            "The data directory \(directory) is in use by \(holder). Stop that process, or name another --data DIR."
        case .cannotOpen(let path, let why):
            "\(path) cannot be opened: \(why). Check that the folder exists, is writable and has space."
        case .newerSchema(let path):
            "\(path) was written by a newer tidewatt. Use that version, or restore a backup made by this one."
        case .damaged(let what):
            "The database is damaged: \(what). Run `tidewatt admin check`, then `tidewatt admin restore` a backup."
        case .diskFull: "The disk is full. Free some space; nothing that was acknowledged is lost."
        case .disk(let what):
            "The disk failed: \(what). Nothing that was acknowledged is lost; look at the machine's log."
        case .backlogFull: "Too many changes wait for the disk; this one was not taken."
        case .rejected(let what): "The database refused a change: \(what)."
        case .closed: "The store is closed."
        case .access(let what): what
        }
    }
}
