import Documents
import Quantities

/// What is wrong in a call of the program or with the files that it names, in both languages.
extension Message {
    // MARK: Words of the call

    static func instantNeeded(_ text: String) -> Message {
        Message(
            "instant-needed", "{text} is not an instant with offset; write it like 2024-09-10T00:00:00+08:00",
            "{text} 不是带时区的时刻，应写作 2024-09-10T00:00:00+08:00 的形式", ["text": text])
    }
    static func dayNeeded(_ text: String) -> Message {
        Message(
            "day-needed", "{text} is not a civil day; write YYYY-MM-DD", "{text} 不是日期，应写作 YYYY-MM-DD", ["text": text])
    }
    static func monthNeeded(_ text: String) -> Message {
        Message("month-needed", "{text} is not a month; write YYYY-MM", "{text} 不是月份，应写作 YYYY-MM", ["text": text])
    }
    static func yearNeeded(_ text: String) -> Message {
        Message("year-needed", "{text} is not a year; write YYYY", "{text} 不是年份，应写作 YYYY", ["text": text])
    }
    static func decimalNeeded(_ text: String) -> Message {
        Message("decimal-needed", "{text} is not a decimal of at least 0", "{text} 不是不小于 0 的十进制数", ["text": text])
    }
    static func minutesNeeded(_ text: String) -> Message {
        Message(
            "minutes-needed", "{text} is not a number of minutes from 1 to 1440", "{text} 不是 1 至 1440 的分钟数",
            ["text": text])
    }
    static func outOfRange(_ option: String, _ value: some CustomStringConvertible, least: Int, most: Int) -> Message {
        Message(
            "out-of-range", "{option} {value}: allowed: {least} to {most}", "{option} {value}：应为 {least} 至 {most}",
            ["option": option, "value": value, "least": least, "most": most])
    }
    static let toNotAfterFrom = Message("to-not-after-from", "--to must be after --from", "--to 必须晚于 --from")
    static func tooManyRows(limit: Int) -> Message {
        Message(
            "too-many-rows", "more than {limit} rows; ask for less time or a longer step", "超过 {limit} 行，请缩短时间或加大步长",
            ["limit": limit])
    }
    static let monthForCharges = Message(
        "month-for-charges", "--demand-kw and --capacity-kva need --month YYYY-MM",
        "--demand-kw 与 --capacity-kva 需要同时给出 --month YYYY-MM")
    static let chargesForMonth = Message(
        "charges-for-month", "--month needs --demand-kw or --capacity-kva",
        "--month 需要同时给出 --demand-kw 或 --capacity-kva")
    static func gapAboveOne(_ gap: Rational) -> Message {
        Message(
            "gap-above-one", "--gap {gap} is above 1; 0.001 is a tenth of a percent", "--gap {gap} 大于 1；0.001 表示千分之一",
            ["gap": gap])
    }
    static func notAConfidence(_ part: Rational) -> Message {
        Message(
            "not-a-confidence", "--confidence {part} is no part of the scenarios; above 0 and at most 1 is",
            "--confidence {part} 不是场景比例；应大于 0 且不超过 1", ["part": part])
    }
    static let confidenceOfScenarios = Message(
        "confidence-of-scenarios", "--confidence is about scenarios; give some with --scenario",
        "--confidence 针对场景；请用 --scenario 给出场景")
    static let scenariosWithoutGrid = Message(
        "scenarios-without-grid",
        "--scenario is about the storage, which is not looked for with --grid; leave one of them out",
        "--scenario 用于等效储能，而给出 --grid 时不求等效储能；请去掉其中之一")
    static func hoursNeeded(_ text: String) -> Message {
        Message(
            "hours-needed", "{text} is more hours than a year has; 2 or 0.5 is meant", "{text} 超过一年的小时数；应如 2 或 0.5",
            ["text": text])
    }
    static let stoppedWithBest = Message(
        "stopped-with-best", "stopped; what follows is the best that was found so far", "已停止；以下为目前找到的最优方案")
    static let stoppedUndecided = Message(
        "stopped-undecided",
        "stopped before an answer was found; call again and wait, or allow a larger --tolerance-kw",
        "在得出结论前停止；请重新执行并等待，或放宽 --tolerance-kw")
    static func signalTooLong(_ count: Int, slots: Int) -> Message {
        Message(
            "signal-too-long",
            "the signal has {count} slots and the time from --from to --to {slots}; move --to or shorten it",
            "曲线有 {count} 个时隙，而 --from 到 --to 只有 {slots} 个；请调整 --to 或缩短曲线", ["count": count, "slots": slots])
    }
    static func blockOutside(from: String, to: String) -> Message {
        Message(
            "block-outside",
            "the block must be whole slots between {from} and {to}; move --at, --hours, --from or --to",
            "时段须为 {from} 至 {to} 之间的完整时隙；请调整 --at、--hours、--from 或 --to", ["from": from, "to": to])
    }
    static let baselineOutOfReach = Message(
        "baseline-out-of-reach",
        "the fleet cannot follow the baseline itself within the block; `tidewatt flex check --signal` tells why",
        "车队在该时段内无法跟踪基线本身；可用 `tidewatt flex check --signal` 查看原因")
    static let weightsWithDisaggregate = Message(
        "weights-with-disaggregate", "--weights and --disaggregate go together; give both or none",
        "--weights 与 --disaggregate 须同时给出")
    static let mixtureBurns = Message(
        "mixture-burns",
        "this mixture needs vehicles that charge and discharge at once, which is not issued; move weight to other columns",
        "该组合需要车辆同时充放电，不予下发；请将权重移到其他列")
    static func notAColumn(_ text: String) -> Message {
        Message(
            "not-a-column", "\"{text}\" is no column; write its number, from 1", "“{text}”不是列号；请写从 1 开始的编号",
            ["text": text])
    }
    static func notAWeight(_ text: String) -> Message {
        Message(
            "not-a-weight", "\"{text}\" is no weight; write a decimal from 0 to 1", "“{text}”不是权重；请写 0 至 1 的十进制数",
            ["text": text])
    }
    static func columnUnknown(_ column: Int, count: Int) -> Message {
        Message(
            "column-unknown", "there is no column {column}; the last is {count}", "没有第 {column} 列；最后一列为 {count}",
            ["column": column, "count": count])
    }
    static func weightsNotOne(_ sum: String) -> Message {
        Message(
            "weights-not-one", "the weights add up to {sum}; they must add up to 1", "权重之和为 {sum}，应为 1", ["sum": sum])
    }
    static let oneFileForTwo = Message(
        "one-file-for-two", "--schedule-out and --report name one file", "--schedule-out 与 --report 指向同一个文件")
    static func stationsNeeded(_ text: String) -> Message {
        Message(
            "stations-needed", "{text} is not a number of stations from 1 to 19000; start several processes for more",
            "{text} 不是 1 至 19000 的桩数；需要更多时请启动多个进程", ["text": text])
    }
    static func evsesNeeded(_ text: String) -> Message {
        Message(
            "evses-needed", "{text} is not a number of EVSEs from 1 to 8", "{text} 不是 1 至 8 的枪数", ["text": text])
    }
    static func slotsNeeded(_ text: String) -> Message {
        Message(
            "slots-needed", "{text} is not a number of slots from 2 to 20", "{text} 不是 2 至 20 的格数", ["text": text])
    }
    static func secondsNeeded(_ text: String) -> Message {
        Message(
            "seconds-needed", "{text} is not a number of seconds from 0 to 86400", "{text} 不是 0 至 86400 的秒数",
            ["text": text])
    }
    static let cabinetsNeed21 = Message(
        "cabinets-need-21", "--slots needs --ocpp 2.1", "--slots 需要 --ocpp 2.1")
    static func daysNeeded(_ text: String) -> Message {
        Message(
            "days-needed", "{text} is not a number of days from 1 to 3660", "{text} 不是 1 至 3660 的天数", ["text": text])
    }
    static func speedNeeded(_ text: String) -> Message {
        Message(
            "speed-needed", "{text} is not a speed from 0.1 to 100000", "{text} 不是 0.1 至 100000 的倍速", ["text": text])
    }
    static func faultUnknown(_ name: String, allowed: String) -> Message {
        Message(
            "fault-unknown", "{name} is no fault; allowed: none, mixed, or a list of {allowed}",
            "{name} 不是可模拟的故障，可用：none、mixed 或下列各项的列表：{allowed}", ["name": name, "allowed": allowed])
    }
    static func addressNeeded(_ option: String, _ text: String) -> Message {
        Message(
            "address-needed", "{option} {text}: no address; allowed: ADDRESS:PORT, port 0 for any free one",
            "{option} {text}：不是地址，应写作 ADDRESS:PORT，端口 0 表示任一空闲端口", ["option": option, "text": text])
    }
    static func roleUnknown(_ role: String, allowed: String) -> Message {
        Message(
            "role-unknown", "--role {role}: no such role; allowed: {allowed}", "--role {role}：没有该角色，可用：{allowed}",
            ["role": role, "allowed": allowed])
    }
    static func urlUnusable(_ why: Message) -> Message {
        Message("url-unusable", "--url {why}", "--url 不可用：{why}", ["why": why])
    }
    static func contractUnusable(_ file: String, _ why: String) -> Message {
        Message(
            "contract-unusable", "--contracts: {file}: {why}; a PEM file is needed, the contract's certificate first",
            "--contracts：{file}：{why}；应为 PEM 文件，合同证书在前", ["file": file, "why": why])
    }
    // MARK: How simulated stations are secured

    static func secureURLUnusable(_ why: Message) -> Message {
        Message("secure-url-unusable", "--secure-url {why}", "--secure-url 不可用：{why}", ["why": why])
    }
    static func securityProfileNeeded(_ text: String) -> Message {
        Message(
            "security-profile-needed", "{text} is no security profile; allowed: 0 to 3", "{text} 不是安全等级，可用：0 至 3",
            ["text": text])
    }
    static func passwordForProfile(_ profile: Int) -> Message {
        Message(
            "password-for-profile", "--security-profile {profile} needs --password",
            "--security-profile {profile} 需要同时给出 --password", ["profile": profile])
    }
    static let certificatesForProfile = Message(
        "certificates-for-profile",
        "--security-profile 3 needs --certificates DIR, where the stations' certificates are kept",
        "--security-profile 3 需要同时给出 --certificates 目录，用于保存桩证书")
    static func tlsForProfile(_ profile: Int) -> Message {
        Message(
            "tls-for-profile", "--security-profile {profile} needs a wss:// address in --url or --secure-url",
            "--security-profile {profile} 需要在 --url 或 --secure-url 中给出 wss:// 地址", ["profile": profile])
    }
    static func plainForProfile(_ profile: Int) -> Message {
        Message(
            "plain-for-profile", "--security-profile {profile} is without TLS: give a ws:// address in --url",
            "--security-profile {profile} 不使用 TLS：请在 --url 中给出 ws:// 地址", ["profile": profile])
    }
    static let encryptedAddressNeeded = Message(
        "encrypted-address-needed", "is not encrypted; allowed: wss://HOST[:PORT][/PATH]",
        "不是加密地址，应写作 wss://HOST[:PORT][/PATH]")
    static func stationCertificateMissing(_ file: String) -> Message {
        Message(
            "station-certificate-missing",
            "{file} does not exist, and without --password the station cannot come to be given a certificate",
            "{file} 不存在；没有 --password 时该桩无法接入以申请证书", ["file": file])
    }
    static func replayZoneUnknown(_ zone: String) -> Message {
        Message(
            "replay-zone-unknown", "--zone {zone}: no zone; allowed: Asia/Shanghai, Europe/Oslo",
            "--zone {zone}：不是时区，应写作 Asia/Shanghai、Europe/Oslo 的形式", ["zone": zone])
    }
    static func yearOutOfRange(_ year: Int) -> Message {
        Message("year-out-of-range", "the year {year} is out of range", "年份 {year} 超出范围", ["year": year])
    }

    // MARK: Rules

    static func tariffUnknown(_ name: String, ids: String) -> Message {
        Message(
            "tariff-unknown", "{name}: neither a file nor a built-in tariff; built in are {ids}",
            "{name}：既不是文件也不是内置电价；内置的有 {ids}", ["name": name, "ids": ids])
    }
    static func callUnknown(_ id: String, ids: String) -> Message {
        Message(
            "call-unknown", "call {id} is not known; built in are {ids}", "通知 {id} 未知；内置的有 {ids}",
            ["id": id, "ids": ids])
    }
    static func wrongDirection(_ own: String, place: Message, wanted: String) -> Message {
        Message(
            "wrong-direction", "is a tariff for {own}; {place} must be one for {wanted}",
            "是 {own} 方向的电价；{place}应为 {wanted} 方向的电价", ["own": own, "place": place, "wanted": wanted])
    }
    static let theArgument = Message("the-argument", "the argument", "参数")
    static let theExportTariff = Message("the-export-tariff", "--export-tariff", "--export-tariff")
    static func noDemandCharges(_ option: String) -> Message {
        Message(
            "no-demand-charges", "has no demand charges; leave {option} out", "没有需量或容量电费，请去掉 {option}",
            ["option": option])
    }
    static func nothingPublic(_ day: CivilDay) -> Message {
        Message("nothing-public", "no version was public on {day}", "截至 {day} 没有已公布的版本", ["day": day])
    }
    static let repeatsEarlierLine = Message(
        "repeats-earlier-line", "repeats an earlier line; counted once", "与前面的行重复，只计一次")
    static func totalUnknown(_ parts: String) -> Message {
        Message(
            "total-unknown",
            "the total is unknown because these are: {parts}; give them a value in a tariff file of your own",
            "合计未知，因为以下各项未知：{parts}；请在自己的电价文件中为其赋值", ["parts": parts])
    }
    static func notSettled(_ parts: String) -> Message {
        Message(
            "not-settled", "these prices are not settled, check them before you rely on the amounts: {parts}",
            "下列价格尚未核实，使用金额前请先核对：{parts}", ["parts": parts])
    }

    // MARK: Files

    static func cannotRead(_ why: Message) -> Message {
        Message("cannot-read", "cannot read: {why}", "无法读取：{why}", ["why": why])
    }
    static func cannotReadUnnamed(_ why: Message) -> Message {
        Message("cannot-read-unnamed", "cannot read: {why}; check the name", "无法读取：{why}；请检查文件名", ["why": why])
    }
    static func cannotWrite(_ why: Message) -> Message {
        Message("cannot-write", "cannot write: {why}", "无法写入：{why}", ["why": why])
    }
    static func cannotWriteUnmade(_ why: Message) -> Message {
        Message(
            "cannot-write-unmade", "cannot write: {why}; create the folder first", "无法写入：{why}；请先建立文件夹", ["why": why])
    }
    static let folderToRead = Message("folder-to-read", "is a folder; name a file in it", "是文件夹，请指定其中的文件")
    static let folderToWrite = Message("folder-to-write", "is a folder; name a file to write", "是文件夹，请指定要写入的文件")
    static func answerNotWritten(_ why: Message) -> Message {
        Message("answer-not-written", "the answer could not be written: {why}", "结果无法写出：{why}", ["why": why])
    }
    static func noStay(_ file: String) -> Message {
        Message(
            "no-stay", "{file}: no stay to replay; choose other --from and --days, or another file",
            "{file}：没有可回放的停留，请更换 --from 与 --days，或使用其他文件", ["file": file])
    }
    static func sectionsNeeded(allowed: String) -> Message {
        Message(
            "sections-needed", "no mapping; allowed: sections {allowed}", "不是映射，可用的部分：{allowed}", ["allowed": allowed])
    }
    static func keysNeeded(allowed: String) -> Message {
        Message("keys-needed", "no mapping; allowed: {allowed}", "不是映射，可用的键：{allowed}", ["allowed": allowed])
    }
    static func settingNotAllowed(_ key: String, allowed: Message) -> Message {
        Message(
            "setting-not-allowed", "{key} cannot be this; allowed: {allowed}", "{key} 不能取此值，允许：{allowed}",
            ["key": key, "allowed": allowed])
    }
    static func variableNotAllowed(_ name: String, _ text: String, allowed: Message) -> Message {
        Message(
            "variable-not-allowed", "{name}: cannot be {text}; allowed: {allowed}", "{name}：不能为 {text}，允许：{allowed}",
            ["name": name, "text": text, "allowed": allowed])
    }

    // MARK: What a key of the configuration may be

    static func wholeNumber(_ range: ClosedRange<Int>) -> Message {
        Message(
            "whole-number", "a whole number from {least} to {most}", "{least} 至 {most} 的整数",
            ["least": range.lowerBound, "most": range.upperBound])
    }
    static let trueOrFalse = Message("true-or-false", "true or false", "true 或 false")
    static let addressAndPort = Message(
        "address-and-port", "ADDRESS:PORT, port 0 for any free one", "ADDRESS:PORT，端口 0 表示任一空闲端口")
    static let addressAndPortOrNone = Message(
        "address-and-port-or-none", "ADDRESS:PORT, port 0 for any free one, or \"\" for none",
        "ADDRESS:PORT，端口 0 表示任一空闲端口，\"\" 表示不启用")
    static let pathOrNone = Message("path-or-none", "a file's path, or \"\"", "文件路径，或 \"\"")
    static let webAddressOrNone = Message(
        "web-address-or-none", "http:// or https://, host, port and path without a slash at the end, or \"\"",
        "http:// 或 https:// 开头的地址，末尾不带斜杠，或 \"\"")
    static let aName = Message("a-name", "a name", "名称")
    static let hostList = Message(
        "host-list", "host names and IPv4 addresses with commas between", "以逗号分隔的主机名与 IPv4 地址")
    static let addressOrNone = Message("address-or-none", "an http(s) address, or \"\"", "http(s) 地址，或 \"\"")
    static let hostsWithPorts = Message(
        "hosts-with-ports", "hosts, HOST or HOST:PORT, with commas between, or \"\"",
        "以逗号分隔的主机（HOST 或 HOST:PORT），或 \"\"")
    static let identityList = Message(
        "identity-list", "identities with commas between, or \"\"", "以逗号分隔的桩编号，或 \"\"")
    static let logLevels = Message(
        "log-levels", "debug, info, warning or error", "debug、info、warning 或 error")

    // MARK: The service

    static func cannotListen(_ places: String, why: String) -> Message {
        Message(
            "cannot-listen", "cannot listen for stations on {places}: {why}", "无法在 {places} 监听充电桩：{why}",
            ["places": places, "why": why])
    }
    static func cannotServe(_ place: String, why: String) -> Message {
        Message(
            "cannot-serve", "cannot serve the API on {place}: {why}", "无法在 {place} 提供接口：{why}",
            ["place": place, "why": why])
    }
    static func filesURLNeeded(_ host: String) -> Message {
        Message(
            "files-url-needed",
            "listen.files is on {host}, an address that no station can name: set files.public_url to the one that they reach",
            "listen.files 监听 {host}，充电桩无法使用该地址：请把 files.public_url 设为它们能访问的地址", ["host": host])
    }
    static let filesTLSNeedsListener = Message(
        "files-tls-needs-listener",
        "files.tls uses the certificates of listen.ocpps, which is not set: set it, or leave files.tls out",
        "files.tls 使用 listen.ocpps 的证书，但未设置 listen.ocpps：请设置它，或去掉 files.tls")
    static func openBeyondLoopback(_ host: String) -> Message {
        Message(
            "open-beyond-loopback",
            "an open console needs no sign-in and therefore listens on loopback only, not on {host}; use 127.0.0.1, or leave --open out and create users (tidewatt admin user add)",
            "免登录的控制台只能监听本机地址，不能监听 {host}；请使用 127.0.0.1，或去掉 --open 并建立用户（tidewatt admin user add）", ["host": host])
    }
    static func credentials(_ what: String) -> Message {
        Message("credentials", "{what}", "密钥或证书不可用：{what}", ["what": what])
    }
    static func demoFolder(_ folder: String) -> Message {
        Message(
            "demo-folder", "--data {folder}: the demo begins anew; name an empty folder, or leave --data out",
            "--data {folder}：演示总是重新开始，请指定空文件夹，或去掉 --data", ["folder": folder])
    }
    static let badAnswerCode = "bad-answer"
    static func badAnswer(_ request: String, status: Int, _ text: String) -> Message {
        Message(
            badAnswerCode, "{request} was answered {status}: {text}", "{request} 的应答为 {status}：{text}",
            ["request": request, "status": status, "text": text])
    }
    static func noAnswer(_ request: String, why: String) -> Message {
        Message(
            "no-answer", "{request} was not answered: {why}", "{request} 没有得到应答：{why}",
            ["request": request, "why": why])
    }
    static func demoPilesMissing(_ connected: Int, of piles: Int, why: String?) -> Message {
        Message(
            "demo-piles-missing",
            "only {connected} of {piles} simulated piles could connect ({why}); free what they lack, such as open files (ulimit -n)",
            "{piles} 台模拟桩中只有 {connected} 台连上（{why}）；请释放其所缺的资源，例如可打开文件数（ulimit -n）",
            ["connected": connected, "piles": piles, "why": why ?? "-"])
    }
    static func demoTariffMissing(_ id: String) -> Message {
        Message("demo-tariff-missing", "the tariff {id} is not among the built-in rules", "内置规则中没有电价 {id}", ["id": id])
    }
    static func dayNotJudged(_ day: String) -> Message {
        Message("day-not-judged", "{day} is not among the judged days", "{day} 不在评估的日期之内", ["day": day])
    }
    static func ourFault(_ what: String) -> Message {
        Message(
            "our-fault", "tidewatt failed by its own fault, please report it: {what}", "程序自身发生故障，请反馈：{what}",
            ["what": what])
    }

    // MARK: Passwords

    static let noPasswordOnStdin = Message(
        "no-password-on-stdin", "stdin holds no password; write it as the first line", "标准输入中没有密码，请写在第一行")
    static let noTerminal = Message("no-terminal", "no password could be read from the terminal", "无法从终端读取密码")
    static let passwordsDiffer = Message("passwords-differ", "the two passwords differ", "两次输入的密码不一致")
}
