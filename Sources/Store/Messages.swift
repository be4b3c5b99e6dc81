import Documents

/// What goes wrong with a data directory, in both languages.
extension Message {
    // MARK: Faults

    static func held(_ directory: String, by holder: Message) -> Message {
        Message(
            "held",
            "The data directory {directory} is in use by {holder}. Stop that process, or name another --data DIR.",
            "数据目录 {directory} 正被 {holder} 使用。请停止该进程，或用 --data 指定其他目录。", ["directory": directory, "holder": holder])
    }
    static func cannotOpen(_ path: String, why: Message) -> Message {
        Message(
            "cannot-open", "{path} cannot be opened: {why}. Check that the folder exists, is writable and has space.",
            "{path} 无法打开：{why}。请检查文件夹是否存在、可写且有空间。", ["path": path, "why": why])
    }
    static func newerSchema(_ path: String) -> Message {
        Message(
            "newer-schema",
            "{path} was written by a newer tidewatt. Use that version, or restore a backup made by this one.",
            "{path} 由更新版本的 tidewatt 写入。请使用该版本，或恢复由本版本制作的备份。", ["path": path])
    }
    static func damaged(_ what: Message) -> Message {
        Message(
            "damaged",
            "The database is damaged: {what}. Run `tidewatt admin check`, then `tidewatt admin restore` a backup.",
            "数据库已损坏：{what}。请运行 `tidewatt admin check`，再用 `tidewatt admin restore` 恢复备份。", ["what": what])
    }
    static let diskFull = Message(
        "disk-full", "The disk is full. Free some space; nothing that was acknowledged is lost.",
        "磁盘已满，请清理空间；已确认的数据没有丢失。")
    static func diskFailed(_ what: Message) -> Message {
        Message(
            "disk-failed", "The disk failed: {what}. Nothing that was acknowledged is lost; look at the machine's log.",
            "磁盘故障：{what}。已确认的数据没有丢失，请查看系统日志。", ["what": what])
    }
    static let backlogFull = Message(
        "backlog-full", "Too many changes wait for the disk; this one was not taken.", "等待写盘的变更过多，本次变更未被接受。")
    static func rejected(_ what: Message) -> Message {
        Message("rejected", "The database refused a change: {what}.", "数据库拒绝了一项变更：{what}。", ["what": what])
    }
    static let storeClosed = Message("store-closed", "The store is closed.", "数据存储已关闭。")

    // MARK: Why something cannot be opened

    static func at(_ path: String, _ what: Message) -> Message {
        Message("at", "{path}: {what}", "{path}：{what}", ["path": path, "what": what])
    }
    static let anotherProcess = Message("another-process", "another process", "另一个进程")
    static let folderNotMade = Message("folder-not-made", "the folder cannot be made", "无法建立文件夹")
    static let noDatabase = Message("no-database", "there is no database", "没有数据库")
    static let noDatabaseYet = Message(
        "no-database-yet", "there is no database; name the --data DIR of a platform, or begin with a token or a user",
        "没有数据库；请用 --data 指定平台的数据目录，或先建立令牌或用户")
    static let noSuchFile = Message("no-such-file", "there is no such file", "没有该文件")
    static let otherProgram = Message("other-program", "it is a database of another program", "它是其他程序的数据库")
    static let noBackup = Message("no-backup", "it is no backup of tidewatt", "它不是 tidewatt 的备份")
    static let unsound = Message("unsound", "it is no sound database", "它不是完好的数据库")
    static let notSynchronous = Message(
        "not-synchronous", "SQLite does not take synchronous=FULL", "SQLite 不接受 synchronous=FULL")
    static let backupOntoItself = Message(
        "backup-onto-itself", "a backup never replaces the database it is of; name another file",
        "备份不能覆盖其所备份的数据库，请另选文件名")
    static let backupNotCopied = Message("backup-not-copied", "the backup cannot be copied here", "备份无法复制到此处")

    // MARK: What is damaged

    static func roleDamaged(_ name: String) -> Message {
        Message("role-damaged", "a role \"{name}\"", "角色 \"{name}\"", ["name": name])
    }
    static func wordDamaged(_ column: String, _ text: String) -> Message {
        Message(
            "word-damaged", "{column} holds \"{text}\"", "{column} 的内容为 \"{text}\"", ["column": column, "text": text])
    }
    static let priorityDamaged = Message("priority-damaged", "an alarm's priority", "告警的优先级")
    static let alarmValuesDamaged = Message(
        "alarm-values-damaged", "an alarm's values cannot be read", "无法读取告警的数值")
    static func connectorsDamaged(_ text: String) -> Message {
        Message(
            "connectors-damaged", "connector states \"{text}\" cannot be read", "无法读取枪状态 \"{text}\"", ["text": text])
    }
    static let readingsRowDamaged = Message(
        "readings-row-damaged", "a row of readings cannot be read", "有一行读数无法读取")
    static let readingsBlockDamaged = Message(
        "readings-block-damaged", "a block of readings cannot be read", "有一个读数块无法读取")
    static let planDamaged = Message("plan-damaged", "a plan cannot be read", "有一个计划无法读取")
    static let stayDamaged = Message("stay-damaged", "a session's plan cannot be read", "有一个会话的计划无法读取")
    static func reportDamaged(_ site: String, _ day: String) -> Message {
        Message(
            "report-damaged", "the report of {site} on {day} cannot be read", "{site} 在 {day} 的日报无法读取",
            ["site": site, "day": day])
    }
    static let modeDamaged = Message("mode-damaged", "a site's mode", "站点的运行方式")
    static func zoneDamaged(_ zone: String) -> Message {
        Message(
            "zone-damaged", "the time zone {zone} is not known to this machine", "本机没有时区 {zone} 的数据",
            ["zone": zone])
    }

    // MARK: Access

    static func noTokenInForce(_ number: Int64) -> Message {
        Message(
            "no-token-in-force", "No token {number} is in force; `tidewatt admin token list` shows them.",
            "没有生效的令牌 {number}；`tidewatt admin token list` 可列出全部令牌。", ["number": number])
    }
    static let passwordLength = Message(
        "password-length", "A password has at least 10 characters and at most 1024 bytes.",
        "密码至少 10 个字符，最多 1024 字节。")
    static func userExists(_ name: String) -> Message {
        Message(
            "user-exists", "There is a user {name} already; remove it first to change role or password.",
            "用户 {name} 已存在；如需更改角色或密码，请先删除该用户。", ["name": name])
    }
    static func noUser(_ name: String) -> Message {
        Message("no-user", "There is no user {name}.", "没有用户 {name}。", ["name": name])
    }
    static let nameForm = Message(
        "name-form", "A name has 1 to 64 bytes without spaces and control characters.",
        "名称为 1 至 64 字节，不含空格与控制字符。")
}
