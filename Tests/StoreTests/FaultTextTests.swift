import Documents
import Foundation
import GRDB
import Testing

@testable import Store

/// What the program says of a data directory is told by the code that knows it, in both languages.
@Suite("What goes wrong, in both languages") struct FaultTextTests {
    private func fault(_ body: () throws -> Void) throws -> StoreFault {
        try #require(#expect(throws: StoreFault.self) { try body() })
    }

    @Test func `orders about access that cannot be carried out`() async throws {
        try await withStore { store, _ in
            let access = store.access
            try access.addUser(name: "li", role: .viewer, password: "0123456789")
            let cases: [(StoreFault, en: String, zh: String)] = [
                (
                    try fault { try access.revokeToken(7) },
                    "No token 7 is in force; `tidewatt admin token list` shows them.",
                    "没有生效的令牌 7；`tidewatt admin token list` 可列出全部令牌。"
                ),
                (try fault { try access.removeUser(name: "wu") }, "There is no user wu.", "没有用户 wu。"),
                (
                    try fault { try access.addUser(name: "li", role: .viewer, password: "0123456789") },
                    "There is a user li already; remove it first to change role or password.",
                    "用户 li 已存在；如需更改角色或密码，请先删除该用户。"
                ),
                (
                    try fault { try access.addUser(name: "wu", role: .viewer, password: "short") },
                    "A password has at least 10 characters and at most 1024 bytes.", "密码至少 10 个字符，最多 1024 字节。"
                ),
                (
                    try fault { try access.addUser(name: "a b", role: .viewer, password: "0123456789") },
                    "A name has 1 to 64 bytes without spaces and control characters.", "名称为 1 至 64 字节，不含空格与控制字符。"
                ),
            ]
            for (fault, en, zh) in cases { #expect(fault.message.en == en && fault.message.zh == zh) }
        }
    }

    @Test func `what cannot be opened says why`() async throws {
        let scratch = try ScratchFolder()
        let file = scratch.path + "/file"
        try Data("text that is no database at all, though long enough for a header of one".utf8)
            .write(to: URL(filePath: file))
        let none = scratch.path + "/none"
        func check(_ path: String, _ en: String, _ zh: String, _ body: () throws -> Void) throws {
            let message = try fault(body).message
            #expect(
                message.en
                    == "\(path) cannot be opened: \(en). Check that the folder exists, is writable and has space.")
            #expect(message.zh == "\(path) 无法打开：\(zh)。请检查文件夹是否存在、可写且有空间。")
        }
        try check(file, "the folder cannot be made", "无法建立文件夹") { _ = try Store(directory: file) }
        let database = DataDirectory.database(in: none)
        try check(database, "there is no database", "没有数据库") { _ = try StoreCheck.run(directory: none) }
        try check(database, "there is no database", "没有数据库") { try Store.backup(directory: none, to: file) }
        try check(
            database, "there is no database; name the --data DIR of a platform, or begin with a token or a user",
            "没有数据库；请用 --data 指定平台的数据目录，或先建立令牌或用户"
        ) { _ = try Store.withAccess(directory: none) { try $0.users().count } }
        try check(none + "/x", "there is no such file", "没有该文件") {
            try Restore.run(file: none + "/x", directory: scratch.path + "/new")
        }
        try check(file, "it is no sound database", "它不是完好的数据库") {
            try Restore.run(file: file, directory: scratch.path + "/new")
        }
        let foreign = scratch.path + "/foreign.sqlite"
        let queue = try DatabaseQueue(path: foreign)
        try await queue.write { try $0.execute(sql: "CREATE TABLE t (a)") }
        try queue.close()
        try check(foreign, "it is no backup of tidewatt", "它不是 tidewatt 的备份") {
            try Restore.run(file: foreign, directory: scratch.path + "/new")
        }
        try FileManager.default.createDirectory(atPath: none + "/lock", withIntermediateDirectories: true)
        try check(none + "/lock", "Is a directory", "是目录") { _ = try Store(directory: none) }
        try await withStore { _, own in
            let database = DataDirectory.database(in: own.path)
            try check(
                database, "a backup never replaces the database it is of; name another file",
                "备份不能覆盖其所备份的数据库，请另选文件名"
            ) { try Store.backup(directory: own.path, to: database) }
        }
    }

    @Test func `what is held, full, failed or damaged`() throws {
        let cases: [(StoreFault, en: String, zh: String)] = [
            (
                .held(directory: "D", by: .anotherProcess),
                "The data directory D is in use by another process. Stop that process, or name another --data DIR.",
                "数据目录 D 正被 另一个进程 使用。请停止该进程，或用 --data 指定其他目录。"
            ),
            (
                .disk(.at("F", .system(ENOSPC))),
                "The disk failed: F: No space left on device. Nothing that was acknowledged is lost; look at the machine's log.",
                "磁盘故障：F：磁盘空间不足。已确认的数据没有丢失，请查看系统日志。"
            ),
            (
                .damaged(.readingsRowDamaged),
                "The database is damaged: a row of readings cannot be read. Run `tidewatt admin check`, then `tidewatt admin restore` a backup.",
                "数据库已损坏：有一行读数无法读取。请运行 `tidewatt admin check`，再用 `tidewatt admin restore` 恢复备份。"
            ),
        ]
        for (fault, en, zh) in cases {
            #expect(fault.message.en == en && fault.message.zh == zh)
            #expect(fault.description == en)
        }
    }
}
