public import Assets
import Charging
import GRDB
public import Operations
import Quantities

extension Store {
    /// Newest first.
    /// - Parameter before: id of the last one of the page before.
    public func swaps(of station: StationID, limit: Int, before: Int?) async throws -> [BatterySwap] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM battery_swap WHERE station = ? AND id < ? ORDER BY id DESC LIMIT ?",
                arguments: [station.value, before ?? .max, page(limit)]
            ).map { try $0.batterySwap() }
        }
    }
}

enum GridCodeLoading {
    /// What the core needs of controls of the grid code, of batteries and their swaps.
    static func load(into state: inout CoreState, _ db: Database) throws {
        state.derOrders = try Row.fetchAll(db, sql: "SELECT * FROM der_control ORDER BY created_at, id").map {
            try $0.derOrder()
        }
        let controls = Dictionary(state.derOrders.map { ($0.control.id, $0.control) }) { a, _ in a }
        var holdings: [String: [DERHolding]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM der_holding ORDER BY station, position") {
            guard let control = controls[row["control"]] else { continue }
            holdings[row["station"], default: []].append(try row.derHolding(control))
        }
        var strangers: [String: [DERStranger]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM der_stranger ORDER BY station, position") {
            strangers[row["station"], default: []].append(
                DERStranger(
                    ReportedDERControl(try row.derControl(), isSuperseded: row["superseded"]), at: row.instant("at")))
        }
        state.derPictures = try Row.fetchAll(db, sql: "SELECT * FROM der_station ORDER BY station").map { row in
            DERPicture(
                station: StationID(row["station"]), holdings: holdings[row["station"]] ?? [],
                strangers: strangers[row["station"]] ?? [],
                supported: (row["supported"] as String?).map { text in
                    Set(text.split(separator: ",").compactMap { DERFunction(rawValue: String($0)) })
                }, toldAt: row.optionalInstant("told_at"))
        }
        var batteries: [String: [StoredBattery]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM stored_battery ORDER BY station, slot") {
            let battery = SwapBattery(
                slot: row["slot"], serial: row["serial"], charge: row["charge"], health: row["health"],
                producedAt: row.optionalInstant("produced_at"), vendorInfo: row["vendor_info"])
            batteries[row["station"], default: []].append(
                StoredBattery(
                    battery, since: row.instant("since"), chargeThen: row["charge_then"], at: row.instant("at")))
        }
        state.cabinets = try Row.fetchAll(db, sql: "SELECT * FROM battery_cabinet ORDER BY station").map { row in
            let demand: String = row["demand"]
            return BatteryCabinet(
                station: StationID(row["station"]), batteries: batteries[row["station"]] ?? [], target: row["target"],
                full: row["full"], token: row["token"], capacity: row.optionalEnergy("capacity"),
                demand: demand.split(separator: ",").compactMap { Int64($0).map { Instant(milliseconds: $0) } })
        }
        state.swaps = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY station ORDER BY open DESC, id DESC) AS rank
                    FROM battery_swap) WHERE rank <= ? ORDER BY id
                """, arguments: [BatterySwap.mostInMemory]
        ).map { try $0.batterySwap() }
    }
}

extension Row {
    fileprivate func derControl() throws(StoreFault) -> DERControl {
        let (start, end) = (optionalInstant("starts_at"), optionalInstant("ends_at"))
        return DERControl(
            id: self["id"], function: try word("function"), priority: self["priority"],
            span: start.flatMap { start in end.map { Interval(start, Swift.max(start, $0)) } },
            settings: self["settings"],
            dischargeShare: self["discharge_share"])
    }

    fileprivate func derOrder() throws(StoreFault) -> DEROrder {
        let (kind, object): (String, String) = (self["target"], self["object"])
        let target: DERTarget =
            switch kind {
            case "site": .site(SiteID(object))
            case "node": .node(NodeID(object))
            default: .station(StationID(object))
            }
        return DEROrder(
            try derControl(), target: target, source: self["source"], by: self["ordered_by"],
            createdAt: instant("created_at"), withdrawnAt: optionalInstant("withdrawn_at"))
    }

    fileprivate func derHolding(_ control: DERControl) throws(StoreFault) -> DERHolding {
        DERHolding(
            DERTimeline.Entry(
                control, receivedAt: instant("received_at"), supersededAt: optionalInstant("superseded_at"),
                supersededBy: self["superseded_by"]), place: try word("place"), word: self["word"], at: instant("at"),
            startedAt: optionalInstant("started_at"), endedAt: optionalInstant("ended_at"),
            isSupersededThere: self["superseded_there"], isWithdrawn: self["withdrawn"])
    }

    fileprivate func batterySwap() throws(StoreFault) -> BatterySwap {
        BatterySwap(
            id: self["id"], station: StationID(self["station"]), request: self["request"], token: self["token"],
            isRemote: self["remote"], by: self["ordered_by"], openedAt: instant("opened_at"),
            state: try word("state"), at: instant("at"), word: self["word"], isTokenRefused: self["token_refused"],
            taken: BatteryText.batteries(in: self["taken"]), given: BatteryText.batteries(in: self["given"]),
            charged: optionalEnergy("charged"), command: self["command"])
    }
}
