import Documents
import Quantities

/// What is wrong in a fleet or grid file, in both languages.
extension Message {
    // MARK: Fleet

    static func sessionRepeated(_ session: String, line: Int) -> Message {
        Message(
            "session-repeated", "{session} already stands on line {line}; give each stay its own id",
            "{session} 已在第 {line} 行出现，每次停留应有各自的编号", ["session": session, "line": line])
    }
    static func departureNotAfter(_ departure: String, arrival: String) -> Message {
        Message(
            "departure-not-after", "{departure} is not after the arrival {arrival}; a stay ends after it begins",
            "{departure} 不晚于到达时间 {arrival}，离开必须在到达之后", ["departure": departure, "arrival": arrival])
    }
    static func ownershipUnknown(_ word: String) -> Message {
        Message(
            "ownership-unknown", "{word} is unknown; private or public", "{word} 无法识别，应为 private 或 public",
            ["word": word])
    }
    static func minimumAboveMaximum(_ minimum: String, maximum: String) -> Message {
        Message(
            "minimum-above-maximum", "{minimum} is above soc_max {maximum}; the band runs from soc_min to soc_max",
            "{minimum} 高于 soc_max {maximum}，区间应从 soc_min 到 soc_max", ["minimum": minimum, "maximum": maximum])
    }
    static func batteryNeeded(because: Message) -> Message {
        Message(
            "battery-needed", "is empty although {because}; fill in the battery's capacity in kWh",
            "为空，但{because}；请填写电池容量（千瓦时）", ["because": because])
    }
    static func chargeNeeded(because: Message) -> Message {
        Message(
            "charge-needed", "is empty although {because}; fill in the state of charge, 0 to 1",
            "为空，但{because}；请填写荷电状态，0 至 1", ["because": because])
    }
    static let dischargeIsAllowed = Message(
        "discharge-is-allowed", "max_discharge_kw is above 0", "max_discharge_kw 大于 0")
    static let chargeIsGiven = Message("charge-is-given", "soc_arrival is given", "已给出 soc_arrival")
    static let batteryOfZero = Message("battery-of-zero", "is 0; a battery holds more than nothing", "为 0，电池容量必须大于 0")
    static let nameNeeded = Message("name-needed", "is empty; a name is needed", "为空，应填写名称")
    static func notAnInstant(_ given: Message) -> Message {
        Message(
            "not-an-instant",
            "{given} is no instant; ISO 8601 with an offset or Z is, such as 2024-09-10T20:00:00+08:00",
            "{given}不是时刻，应为带时区的 ISO 8601，如 2024-09-10T20:00:00+08:00", ["given": given])
    }
    static func notAnAmount(_ given: Message) -> Message {
        Message(
            "not-an-amount", "{given} is no amount; a plain decimal from 0 to 1000000 is",
            "{given}不是数量，应为 0 至 1000000 的十进制数", ["given": given])
    }
    static func notAShare(_ given: Message, range: Message) -> Message {
        Message(
            "not-a-share", "{given} is not allowed; {range} is", "{given}不可用，应为{range}",
            ["given": given, "range": range])
    }
    static let aboveZeroToOne = Message("above-zero-to-one", "a decimal above 0 and at most 1", "大于 0 且不超过 1 的十进制数")
    static let zeroToOne = Message("zero-to-one", "a decimal from 0 to 1", "0 至 1 的十进制数")
    static let emptyField = Message("empty-field", "an empty field", "空字段")
    static func quoted(_ text: String) -> Message {
        Message("quoted", "\"{text}\"", "“{text}”", ["text": text])
    }

    // MARK: Grid

    static let nodesMissing = Message(
        "nodes-missing", "nodes is missing or empty; a list of nodes is needed: nodes: [{id: T1, limit_kw: 630}]",
        "缺少 nodes 或其为空，应给出节点列表：nodes: [{id: T1, limit_kw: 630}]")
    static let nodeWithoutID = Message(
        "node-without-i-d", "a node without id; give it one: {id: T1, limit_kw: 630}",
        "节点没有 id，请补上：{id: T1, limit_kw: 630}")
    static func nodeRepeated(_ id: String) -> Message {
        Message(
            "node-repeated", "node {id} stands twice; give each node its own id", "节点 {id} 出现两次，每个节点应有各自的 id",
            ["id": id])
    }
    static func parentUnknown(_ parent: String, of id: String) -> Message {
        Message(
            "parent-unknown", "parent {parent} of {id} is no node of this file; name one of nodes",
            "{id} 的上级 {parent} 不是本文件中的节点，请写 nodes 中的一个", ["parent": parent, "id": id])
    }
    static func limitMissing(_ id: String) -> Message {
        Message(
            "limit-missing", "node {id} has no limit; give limit_kw, or kva with power_factor and loading",
            "节点 {id} 没有限额，请给出 limit_kw，或 kva、power_factor 与 loading", ["id": id])
    }
    static func limitTwice(_ others: String) -> Message {
        Message(
            "limit-twice", "limit_kw and {others} together; give one or the other", "limit_kw 与 {others} 同时出现，只能给出其一",
            ["others": others])
    }
    static func ratingIncomplete(_ missing: String) -> Message {
        Message(
            "rating-incomplete", "{missing} is missing; limit = kva × power_factor × loading",
            "缺少 {missing}；限额 = kva × power_factor × loading", ["missing": missing])
    }
    static func factorTooLarge(_ key: String, _ value: Rational) -> Message {
        Message(
            "factor-too-large", "{key} {value} is too large; a factor such as 0.95", "{key} {value} 过大，应为 0.95 之类的系数",
            ["key": key, "value": value])
    }
    static func numberNotAllowed(_ key: String, _ given: String, allowed: Message) -> Message {
        Message(
            "number-not-allowed", "{key} {given} is not allowed; {allowed} is", "{key} {given} 不可用，应为{allowed}",
            ["key": key, "given": given, "allowed": allowed])
    }
    static let kilowatts = Message("kilowatts", "a plain decimal in kW", "以千瓦计的十进制数")
    static let kilowattsFromZero = Message("kilowatts-from-zero", "a plain decimal from 0 on", "不小于 0 的十进制数")
    static let baseLoadTwice = Message(
        "base-load-twice", "base_load and base_load_kw together; give one or the other",
        "base_load 与 base_load_kw 同时出现，只能给出其一")
    static func namesACSV(_ key: String) -> Message {
        Message("names-a-c-s-v", "{key} names a CSV file", "{key} 应为 CSV 文件名", ["key": key])
    }
    static func inFile(_ key: String, _ file: String, _ what: Message) -> Message {
        Message("in-file", "{key}: {file}: {what}", "{key}：{file}：{what}", ["key": key, "file": file, "what": what])
    }
    static func instantUnknown(_ text: String) -> Message {
        Message(
            "instant-unknown", "\"{text}\" is no instant; ISO 8601 with an offset or Z is",
            "“{text}”不是时刻，应为带时区或 Z 的 ISO 8601", ["text": text])
    }
    static func powerUnknown(_ text: String) -> Message {
        Message(
            "power-unknown", "\"{text}\" is no power; a plain decimal in kW is", "“{text}”不是功率，应为以千瓦计的十进制数",
            ["text": text])
    }
    static func startRepeated(_ instant: Instant) -> Message {
        Message(
            "start-repeated", "start {instant} stands twice; give each instant once", "start {instant} 出现两次，每个时刻只能出现一次",
            ["instant": instant])
    }
    static func nodesInACircle(_ path: String) -> Message {
        Message(
            "nodes-in-a-circle", "nodes run in a circle: {path}; take the parent off one of them",
            "节点上下级形成环路：{path}；请去掉其中一个 parent", ["path": path])
    }
    static let evseListExpected = Message(
        "evse-list-expected", "a list is expected here: evses: [{id: E1, node: T1}]",
        "此处应为列表：evses: [{id: E1, node: T1}]")
    static let evsesMissing = Message(
        "evses-missing", "evses or evses_csv is missing; say which EVSE hangs under which node",
        "缺少 evses 或 evses_csv，请说明各充电接口所属的节点")
    static let evseIncomplete = Message(
        "evse-incomplete", "an EVSE needs an id and a node: {id: E1, node: T1}", "充电接口需要 id 与 node：{id: E1, node: T1}")
    static func evseNodeUnknown(_ node: String, of evse: String, file: String) -> Message {
        Message(
            "evse-node-unknown", "node {node} of EVSE {evse} is no node of {file}; name one of its nodes",
            "充电接口 {evse} 的节点 {node} 不在 {file} 中，请写其中的一个节点", ["node": node, "evse": evse, "file": file])
    }
    static func evseRepeated(_ evse: String) -> Message {
        Message(
            "evse-repeated", "EVSE {evse} stands twice; give each EVSE one node", "充电接口 {evse} 出现两次，每个充电接口只属于一个节点",
            ["evse": evse])
    }

    // MARK: Generation and storage

    static let storageListExpected = Message(
        "storage-list-expected",
        "a list is expected here: storage: [{id: B1, power_kw: 100, energy_kwh: 200, soc_start: 0.5}]",
        "此处应为列表：storage: [{id: B1, power_kw: 100, energy_kwh: 200, soc_start: 0.5}]")
    static let storageWithoutID = Message(
        "storage-without-id", "a storage needs an id of its own", "储能设备需要唯一的 id")
    static func storageIncomplete(_ id: String, _ key: String) -> Message {
        Message(
            "storage-incomplete",
            "storage {id} lacks {key}; give power_kw (or charge_kw and discharge_kw), energy_kwh and soc_start",
            "储能 {id} 缺少 {key}；请给出 power_kw（或 charge_kw 与 discharge_kw）、energy_kwh 与 soc_start",
            ["id": id, "key": key])
    }
    static func storageOutsideBand(_ id: String) -> Message {
        Message(
            "storage-outside-band",
            "storage {id}: soc_start lies from soc_min to soc_max, soc_end_min at most at soc_max",
            "储能 {id}：soc_start 应在 soc_min 与 soc_max 之间，soc_end_min 不得高于 soc_max", ["id": id])
    }
    static func settlementUnknown(_ word: String) -> Message {
        Message(
            "settlement-unknown",
            "{word} is unknown; net (what crosses the root is paid for) or apart (every stay has a meter of its own)",
            "{word} 无法识别，应为 net（按总表结算）或 apart（各自计量结算）", ["word": word])
    }
    static func settlementOfRoots(_ node: String) -> Message {
        Message(
            "settlement-of-roots", "node {node} has a parent; settlement is said of the node at the top",
            "节点 {node} 有上级节点；settlement 只能写在最上级节点", ["node": node])
    }
    static func dayNotEven(_ parts: Int) -> Message {
        Message(
            "day-not-even", "{parts} values do not part a day evenly; 24 are hours, 96 quarters of an hour",
            "{parts} 个数值无法均分一天；24 个为逐小时，96 个为逐刻钟", ["parts": parts])
    }
    static func generationBelowZero(_ at: Instant) -> Message {
        Message(
            "generation-below-zero",
            "the output from {at} on is below zero; generation is written as a positive number",
            "自 {at} 起的出力为负，发电功率应写为正数", ["at": at])
    }
    static let halfToBelowOne = Message("half-to-below-one", "a decimal from 0.5 to below 1", "不小于 0.5 且小于 1 的十进制数")
    static func ofRoots(_ key: String, node: String) -> Message {
        Message(
            "of-roots", "node {node} has a parent; {key} is said of the node at the top",
            "节点 {node} 有上级节点；{key} 只能写在最上级节点", ["key": key, "node": node])
    }
    static let commitmentListExpected = Message(
        "commitment-list-expected",
        "commitments is a list of entries with from, to, at_most_kw or at_least_kw, and a penalty",
        "commitments 应为列表，每项含 from、to、at_most_kw 或 at_least_kw 以及罚价")
    static let commitmentIncomplete = Message(
        "commitment-incomplete",
        "a commitment has from, a later to, either at_most_kw or at_least_kw, and a penalty_yuan_per_kwh above 0",
        "每项承诺应含 from、晚于它的 to、at_most_kw 与 at_least_kw 之一，以及大于 0 的 penalty_yuan_per_kwh")
    static func chanceWithoutQuantiles(_ node: String) -> Message {
        Message(
            "chance-without-quantiles",
            "no base load at or below node {node} says how far it may be off; add columns such as p5 and p95 to its file",
            "节点 {node} 及其下级的基础负荷未给出分位数；请在其文件中补充 p5、p95 等列", ["node": node])
    }
    static func chanceBeyond(_ node: String, _ chance: Rational) -> Message {
        Message(
            "chance-beyond",
            "node {node} asks for {chance}, which lies outside the columns of its base loads (p5 and p95 reach 0.95); add "
                + "columns or write another chance",
            "节点 {node} 要求的概率 {chance} 超出基础负荷分位数列的范围（p5 与 p95 可到 0.95）；请补充列或改写 chance",
            ["node": node, "chance": chance])
    }
    static let quantilesFall = Message(
        "quantiles-fall", "the quantiles fall from one column to the next; a higher percentage is at least as much",
        "分位数应随百分比增大而不减小")
}
