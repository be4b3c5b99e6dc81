import Credentials
import Documents
import Store

extension StoreFault {
    /// The same as its description, in both languages.
    var message: Message {
        switch self {
        case .held(let directory, let holder): .held(directory, by: holder)
        case .cannotOpen(let path, let why): .cannotOpen(path, why: .words(why, StoreFault.chinese[why] ?? why))
        case .newerSchema(let path): .newerSchema(path)
        case .damaged(let what): .damaged(what)
        case .diskFull: .diskFull
        case .disk(let what): .diskFailed(what)
        case .backlogFull: .backlogFull
        case .rejected(let what): .rejected(what)
        case .closed: .storeClosed
        case .access(let what): .accessRefused(what)
        }
    }

    private static let chinese = [
        "a backup never replaces the database it is of; name another file": "备份不能覆盖其所备份的数据库，请另选文件名",
        "it is a database of another program": "它是其他程序的数据库", "it is no backup of tidewatt": "它不是 tidewatt 的备份",
        "it is no sound database": "它不是完好的数据库", "the backup cannot be copied here": "备份无法复制到此处",
        "the folder cannot be made": "无法建立文件夹", "there is no database": "没有数据库", "there is no such file": "没有该文件",
        "No such file or directory": "文件或目录不存在", "Permission denied": "没有权限", "Is a directory": "是目录",
        "Not a directory": "不是目录", "No space left on device": "磁盘空间不足", "Read-only file system": "文件系统只读",
    ]
}

extension CredentialFault {
    var message: Message { .credentials(description) }
}
