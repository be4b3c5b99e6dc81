import Documents

/// What is wrong in files of recorded charging and in addresses, in both languages.
extension Message {
    static let localTimeNeeded = Message(
        "local-time-needed", "no local time; allowed: 2018-12-21T10:20", "不是本地时间，应写作 2018-12-21T10:20 的形式")
    static let kilowattHoursNeeded = Message(
        "kilowatt-hours-needed", "no decimal number of kWh; allowed: 15.56", "不是以千瓦时计的十进制数，应写作 15.56 的形式")
    static let decimalNeeded = Message(
        "decimal-needed", "no decimal number; allowed: 0.18892", "不是十进制数，应写作 0.18892 的形式")
    static let instantNeeded = Message(
        "instant-needed", "no instant; allowed: 2024-11-01T18:30:00+08:00", "不是时刻，应写作 2024-11-01T18:30:00+08:00 的形式")
    static func weightsNeeded(season: String) -> Message {
        Message(
            "weights-needed", "season {season} needs 96 weights each of workday, saturday, sunday",
            "季节 {season} 的 workday、saturday、sunday 各需要 96 个权重", ["season": season])
    }
    static let hertzNeeded = Message(
        "hertz-needed", "no decimal number of Hz from 40 to 70; allowed: 49.985",
        "不是 40 至 70 的十进制数（单位 Hz），应写作 49.985 的形式")
    static let shareNeeded = Message(
        "share-needed", "no share from 0 to 1; allowed: 0.55", "不是 0 至 1 的比例，应写作 0.55 的形式")
    static let resourcesMissing = Message(
        "resources-missing", "cannot be read; keep tidewatt_Simulation.resources beside the program",
        "无法读取；请将 tidewatt_Simulation.resources 与程序放在一起")
    static func amountNeeded(unit: String) -> Message {
        Message(
            "amount-needed", "no decimal number of {unit} from 0 to 1000000; allowed: 15.56",
            "不是 0 至 1000000 的十进制数（单位 {unit}），应写作 15.56 的形式", ["unit": unit])
    }

    // MARK: Where stations connect

    static func endpointNeeded(_ url: String, _ what: Message) -> Message {
        Message(
            "endpoint-needed",
            "{url}: {what}; allowed: ws://HOST[:PORT][/PATH] or wss://…, like ws://127.0.0.1:9000/ocpp",
            "{url}：{what}，应写作 ws://HOST[:PORT][/PATH] 或 wss://…，如 ws://127.0.0.1:9000/ocpp",
            ["url": url, "what": what])
    }
    static let noWebSocketAddress = Message("no-web-socket-address", "no WebSocket address", "不是 WebSocket 地址")
    static let pathOnly = Message("path-only", "a path only, please", "只能包含路径")
    static let noHost = Message("no-host", "no host", "缺少主机")
    static let noPort = Message("no-port", "no port", "端口有误")
}
