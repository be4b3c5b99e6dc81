import ArgumentParser
import Documents
import Foundation
import Operations
import Quantities
import Store

/// `tidewatt admin …`: access, and care of the data directory. Access, backup and check work beside a running server.
struct AdminCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin",
        abstract: words("Tokens, users, and care of the data directory.", "令牌、用户与数据目录维护。"),
        discussion: words(
            "Example: tidewatt admin token create --role operator --name billing --data /var/lib/tidewatt",
            "示例：tidewatt admin token create --role operator --name billing --data /var/lib/tidewatt"),
        subcommands: [
            AdminToken.self, AdminUser.self, AdminCheck.self, AdminBackup.self, AdminRestore.self, AdminMigrate.self,
        ])
}

struct DataOption: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(words("Folder of the platform's data.", "平台的数据目录。"), valueName: "dir"))
    var directory = "tidewatt-data"

    /// What the store refuses is the caller's to mend, unless it is the disk's doing.
    func run<Value>(_ body: (String) throws -> Value) throws -> Value {
        do { return try body(directory) } catch let fault as StoreFault { throw Refusal(fault.message) }
    }
}

struct RoleOption: ParsableArguments {
    @Option(help: help("viewer, operator, manager or admin.", "viewer、operator、manager 或 admin。"))
    var role: String

    func value() throws -> Actor.Role {
        guard let value = Actor.Role(name: role) else {
            throw Refusal(.roleUnknown(role, allowed: Actor.Role.allCases.map(\.name).joined(separator: ", ")))
        }
        return value
    }
}

// MARK: - Tokens

struct AdminToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: words("Tokens that programs send as `Authorization: Bearer …`.", "程序访问 API 的令牌。"),
        discussion: words("Example: tidewatt admin token list", "示例：tidewatt admin token list"),
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: words("Make a token; its secret is printed once.", "创建令牌；密钥只显示这一次。"),
            discussion: words(
                "Example: TOKEN=$(tidewatt admin token create --role viewer --name grafana)",
                "示例：TOKEN=$(tidewatt admin token create --role viewer --name grafana)"))
        @OptionGroup var data: DataOption
        @OptionGroup var role: RoleOption
        @Option(help: help("Who it is for, as the audit shows it.", "令牌用途，审计中显示。"))
        var name = "token"
        @Option(help: help("Days until it expires (default: never).", "有效天数（默认永久）。"))
        var days: Int?
        @OptionGroup var output: OutputOptions

        func run() throws {
            if let days, !(1...3650).contains(days) { throw Refusal(.outOfRange("--days", days, least: 1, most: 3650)) }
            let role = try role.value()
            let secret = try data.run { directory in
                try Store.withAccess(directory: directory, create: true) {
                    try $0.createToken(name: name, role: role, lifetime: days.map { .days($0) })
                }
            }
            output.answer(
                json: .object([
                    .init("token", .string(secret)), .init("name", .string(name)), .init("role", .string(role.name)),
                ]), text: secret)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: words("Tokens without their secrets.", "列出令牌（不含密钥）。"),
            discussion: words("Example: tidewatt admin token list", "示例：tidewatt admin token list"))
        @OptionGroup var data: DataOption
        @OptionGroup var output: OutputOptions

        func run() throws {
            let tokens = try data.run { try Store.withAccess(directory: $0) { try $0.tokens() } }
            let say = output.lang
            var table = TextTable(
                say == .zh
                    ? ["编号", "名称", "角色", "创建", "到期", "吊销"]
                    : ["number", "name", "role", "created", "expires", "revoked"])
            for token in tokens {
                table.add([
                    "\(token.number)", token.name, token.role.name, "\(token.createdAt)",
                    token.expiresAt?.description ?? "–", token.revokedAt?.description ?? "–",
                ])
            }
            output.answer(
                json: .object([
                    .init(
                        "items",
                        .array(
                            tokens.map { token in
                                .object([
                                    .init("number", .int(token.number)), .init("name", .string(token.name)),
                                    .init("role", .string(token.role.name)),
                                    .init("created_at", .string("\(token.createdAt)")),
                                    .init("expires_at", .string(orNull: token.expiresAt?.description)),
                                    .init("revoked_at", .string(orNull: token.revokedAt?.description)),
                                ])
                            }))
                ]), text: table.text)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: words("End a token; a running server refuses it at once.", "吊销令牌，立即生效。"),
            discussion: words("Example: tidewatt admin token revoke 3", "示例：tidewatt admin token revoke 3"))
        @OptionGroup var data: DataOption
        @Argument(help: help("Its number in `admin token list`.", "`admin token list` 中的编号。"))
        var number: Int64
        @OptionGroup var output: OutputOptions

        func run() throws {
            try data.run { directory in try Store.withAccess(directory: directory) { try $0.revokeToken(number) } }
            output.answer(
                json: .object([.init("revoked", .int(number))]),
                text: output.lang("Token \(number) is revoked.", "令牌 \(number) 已吊销。"))
        }
    }
}

// MARK: - Users

struct AdminUser: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: words("People who sign in to the console.", "登录控制台的用户。"),
        discussion: words("Example: tidewatt admin user list", "示例：tidewatt admin user list"),
        subcommands: [Add.self, List.self, Remove.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: words(
                "Add a user; the password is asked for, or read from stdin.", "新增用户；提示输入密码，或从标准输入读取。"),
            discussion: words(
                "Example: tidewatt admin user add wang --role manager < password.txt",
                "示例：tidewatt admin user add wang --role manager < password.txt"))
        @OptionGroup var data: DataOption
        @Argument(help: help("Sign-in name.", "登录名。"))
        var name: String
        @OptionGroup var role: RoleOption
        @OptionGroup var output: OutputOptions

        func run() throws {
            let role = try role.value()
            let password = try Password.ask(output.lang)
            try data.run { directory in
                try Store.withAccess(directory: directory, create: true) {
                    try $0.addUser(name: name, role: role, password: password)
                }
            }
            output.answer(
                json: .object([.init("name", .string(name)), .init("role", .string(role.name))]),
                text: output.lang("User \(name) (\(role.name)) can sign in.", "用户 \(name)（\(role.name)）可以登录。"))
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: words("Users and their roles.", "列出用户与角色。"),
            discussion: words("Example: tidewatt admin user list", "示例：tidewatt admin user list"))
        @OptionGroup var data: DataOption
        @OptionGroup var output: OutputOptions

        func run() throws {
            let users = try data.run { try Store.withAccess(directory: $0) { try $0.users() } }
            var table = TextTable(output.lang == .zh ? ["用户", "角色", "创建"] : ["name", "role", "created"])
            for user in users { table.add([user.name, user.role.name, "\(user.createdAt)"]) }
            output.answer(
                json: .object([
                    .init(
                        "items",
                        .array(
                            users.map { user in
                                .object([
                                    .init("name", .string(user.name)), .init("role", .string(user.role.name)),
                                    .init("created_at", .string("\(user.createdAt)")),
                                ])
                            }))
                ]), text: table.text)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: words("Remove a user and end the user's web sessions.", "删除用户并结束其会话。"),
            discussion: words("Example: tidewatt admin user remove wang", "示例：tidewatt admin user remove wang"))
        @OptionGroup var data: DataOption
        @Argument(help: help("Sign-in name.", "登录名。"))
        var name: String
        @OptionGroup var output: OutputOptions

        func run() throws {
            try data.run { directory in try Store.withAccess(directory: directory) { try $0.removeUser(name: name) } }
            output.answer(
                json: .object([.init("removed", .string(name))]),
                text: output.lang("User \(name) is removed.", "用户 \(name) 已删除。"))
        }
    }
}

private enum Password {
    /// Twice and unseen at a terminal; the first line of stdin otherwise.
    static func ask(_ say: Language) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine(strippingNewline: true), !line.isEmpty else {
                throw Refusal(.noPasswordOnStdin)
            }
            return line
        }
        guard let first = getpass(say("Password: ", "密码：")).map({ String(cString: $0) }),
            let second = getpass(say("Again: ", "再次输入：")).map({ String(cString: $0) })
        else { throw Refusal(.noTerminal) }
        guard first == second else { throw Refusal(.passwordsDiffer) }
        return first
    }
}

// MARK: - The data directory

struct AdminCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: words(
            "Look whether the data fits together; exit status 1 when it does not.", "检查数据是否完好一致；不一致时退出状态为 1。"),
        discussion: words(
            "Example: tidewatt admin check --data /var/lib/tidewatt", "示例：tidewatt admin check --data /var/lib/tidewatt"
        ))
    @OptionGroup var data: DataOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let check = try data.run { try StoreCheck.run(directory: $0) }
        let findings = check.findings.map { "\($0.code): \($0.detail)" }
        let rows = check.counts.filter { $0.rows > 0 }.map { "\($0.table) \($0.rows)" }.joined(separator: ", ")
        output.answer(
            json: .object([
                .init("ok", .bool(check.findings.isEmpty)),
                .init(
                    "findings",
                    .array(
                        check.findings.map {
                            .object([.init("code", .string($0.code)), .init("detail", .string($0.detail))])
                        })),
                .init("rows", .object(check.counts.map { .init($0.table, .int($0.rows)) })),
            ]),
            // Data of an older program is not counted: its tables are not known.
            text: ((check.findings.isEmpty ? [output.lang("The data is sound.", "数据完好。")] : findings)
                + (rows.isEmpty ? [] : [output.lang("Rows: ", "行数：") + rows])).joined(separator: "\n"))
        if !check.findings.isEmpty { throw ExitStatus.answerIsNo.asError }
    }
}

struct AdminBackup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: words("Copy the data into one file, also while the server runs.", "把数据备份为一个文件，可在服务运行时进行。"),
        discussion: words(
            "Example: tidewatt admin backup tidewatt-2026-03-02.sqlite --data /var/lib/tidewatt",
            "示例：tidewatt admin backup tidewatt-2026-03-02.sqlite --data /var/lib/tidewatt"))
    @Argument(help: ArgumentHelp(words("File to write; replaced when it is there.", "目标文件；已存在则替换。"), valueName: "file"))
    var file: String
    @OptionGroup var data: DataOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try data.run { try Store.backup(directory: $0, to: file) }
        output.answer(
            json: .object([.init("file", .string(file))]),
            text: output.lang("The backup is \(file).", "备份已写入 \(file)。"))
    }
}

struct AdminRestore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: words(
            "Put a backup in the place of the data; what was there is kept as `.replaced`.",
            "用备份替换数据；原数据保留为 `.replaced`。"),
        discussion: words(
            "Example: tidewatt admin restore tidewatt-2026-03-02.sqlite --data /var/lib/tidewatt",
            "示例：tidewatt admin restore tidewatt-2026-03-02.sqlite --data /var/lib/tidewatt"))
    @Argument(help: ArgumentHelp(words("A file made by `admin backup`.", "由 `admin backup` 生成的文件。"), valueName: "file"))
    var file: String
    @OptionGroup var data: DataOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try data.run { try Restore.run(file: file, directory: $0) }
        output.answer(
            json: .object([.init("restored", .string(file))]),
            text: output.lang("\(data.directory) holds what \(file) holds.", "\(data.directory) 已恢复为 \(file) 的内容。"))
    }
}

struct AdminMigrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: words("Bring the tables up to date; `serve` does it too.", "升级数据表；`serve` 启动时也会自动升级。"),
        discussion: words(
            "Example: tidewatt admin migrate --data /var/lib/tidewatt",
            "示例：tidewatt admin migrate --data /var/lib/tidewatt"))
    @OptionGroup var data: DataOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let applied = try data.run { try Store.migrate(directory: $0) }
        output.answer(
            json: .object([.init("applied", .array(applied.map(JSONValue.string)))]),
            text: applied.isEmpty
                ? output.lang("The tables are up to date.", "数据表已是最新。")
                : applied.map { output.lang("applied: ", "已升级：") + $0 }.joined(separator: "\n"))
    }
}
