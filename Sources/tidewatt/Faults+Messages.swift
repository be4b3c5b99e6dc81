import Credentials
import Documents
import Store

extension StoreFault {
    /// The same as its description, in both languages.
    var message: Message {
        switch self {
        case .held(let directory, let holder): .held(directory, by: holder)
        case .cannotOpen(let path, let why): .cannotOpen(path, why: .words(why, SentenceTable.store.chinese(why)))
        case .newerSchema(let path): .newerSchema(path)
        case .damaged(let what): .damaged(what)
        case .diskFull: .diskFull
        case .disk(let what): .diskFailed(what)
        case .backlogFull: .backlogFull
        case .rejected(let what): .rejected(what)
        case .closed: .storeClosed
        case .access(let what): .words(what, SentenceTable.store.chinese(what))
        }
    }
}

extension CredentialFault {
    var message: Message { .credentials(description) }
}
