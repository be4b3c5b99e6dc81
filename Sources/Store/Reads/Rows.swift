import Assets
import Charging
import Foundation
import GRDB
import Operations
import Quantities

extension Row {
    func instant(_ column: String) -> Instant { Instant(milliseconds: self[column]) }
    func optionalInstant(_ column: String) -> Instant? { (self[column] as Int64?).map(Instant.init(milliseconds:)) }
    func power(_ column: String) -> Power? { (self[column] as Int64?).map(Power.init(watts:)) }
    func energy(_ column: String) -> Energy { Energy(milliwattHours: self[column]) }
    func optionalEnergy(_ column: String) -> Energy? { (self[column] as Int64?).map(Energy.init(milliwattHours:)) }
    func register(_ column: String) -> RegisterReading? {
        (self[column] as Int64?).map(RegisterReading.init(milliwattHours:))
    }
    func bytes(_ column: String) -> [UInt8] { Array(self[column] as Data) }
    func optionalBytes(_ column: String) -> [UInt8]? { (self[column] as Data?).map(Array.init) }
    func site(_ column: String = "site") -> SiteID? { (self[column] as String?).map(SiteID.init) }

    /// A word of a closed list; any other is damage.
    func word<Word: RawRepresentable>(_ column: String) throws(StoreFault) -> Word where Word.RawValue == String {
        let text: String = self[column]
        guard let word = Word(rawValue: text) else { throw .damaged(.wordDamaged(column, text)) }
        return word
    }

    func messageRecord() -> MessageRecord {
        MessageRecord(
            station: StationID(self["station"]), at: instant("at"), direction: self["outbound"] ? .outbound : .inbound,
            messageID: self["message_id"], action: self["action"], text: bytes("frame"), reply: optionalBytes("reply"),
            problem: self["problem"])
    }

    func command() throws(StoreFault) -> CommandView {
        var command = CommandView(
            id: self["id"], station: StationID(self["station"]), action: self["action"], payload: bytes("payload"),
            status: try word("status"), createdAt: instant("created_at"), finishedAt: optionalInstant("finished_at"),
            response: optionalBytes("response"), errorCode: self["error_code"],
            errorDescription: self["error_description"], by: self["ordered_by"])
        command.followUp = try followUp()
        return command
    }

    func alarm() throws(StoreFault) -> Alarm {
        guard let priority = Alarm.Priority(rawValue: self["priority"]) else { throw .damaged(.priorityDamaged) }
        return Alarm(
            id: self["id"], priority: priority, code: self["code"], site: site(), object: self["object"],
            values: try NamedValues.values(self["detail"]), since: instant("since"),
            endedAt: optionalInstant("ended_at"), acknowledgedBy: self["acknowledged_by"],
            acknowledgedAt: optionalInstant("acknowledged_at"))
    }

    func idToken() throws(StoreFault) -> IdToken {
        IdToken(
            value: self["value"], status: try word("status"), expiresAt: optionalInstant("expires_at"),
            parent: self["parent"], type: self["type"], energyTransfer: words("energy_transfer"),
            prices: DriverPrices(tariff: self["tariff"], serviceFee: fraction("service_fee")))
    }

    /// A list of words with commas between; `nil`: none was given.
    func words(_ column: String) -> [String]? {
        (self[column] as String?).map { $0.split(separator: ",").map(String.init) }
    }

    func session() -> Session {
        var needs: Needs?
        if let by = self["needs_by"] as String?, let at = optionalInstant("needs_at") {
            needs = Needs(
                departure: optionalInstant("needs_departure"), energy: optionalEnergy("needs_energy"),
                minimum: optionalEnergy("needs_minimum"), chargeNow: (self["needs_charge_now"] as Bool?) ?? false,
                statedBy: by, statedAt: at)
        }
        let flags: String = self["flags"]
        let course = (self["sequence"] as String?).map { text in
            Session.Course(
                sequence: SequenceRecord(text: text) ?? SequenceRecord(), chargingState: self["charging_state"],
                remoteStart: self["remote_start"])
        }
        var session = Session(
            id: Session.ID(self["id"]), evse: EVSEID(StationID(self["station"]), self["evse"]),
            connector: self["connector"], transactionID: self["transaction_id"], idToken: self["id_token"],
            status: self["active"] ? .active : .ended, startedAt: instant("started_at"),
            endedAt: optionalInstant("ended_at"), stopReason: self["stop_reason"],
            registerStart: register("register_start"), registerStop: register("register_stop"),
            registerLast: register("register_last"), registerLastAt: optionalInstant("register_last_at"),
            imported: energy("imported"), exported: energy("exported"), needs: needs,
            flags: flags.isEmpty ? [] : flags.split(separator: "\n").map(String.init), course: course)
        if let until = optionalInstant("priced_until"), let energy = optionalEnergy("priced_energy") {
            session.spending = Session.Spending(
                until: until, energy: energy,
                amount: (self["priced_amount"] as String?).flatMap { Rational(fraction: $0) })
            session.spending?.lines = [CostLine](text: self["priced_lines"] ?? "")
        }
        session.exportLast = register("export_last")
        session.exportLastAt = optionalInstant("export_last_at")
        // Only where the query joined it, and there is one.
        if (self["are_told"] as Int?) != nil { session.account = account() }
        session.cost = (self["cost"] as String?).flatMap { Rational(fraction: $0) }
        session.v2x = (self["v2x"] as String?).flatMap { try? NamedValues.values($0) }.flatMap {
            V2XParameters(texts: $0)
        }
        session.dialogue = (self["dialogue"] as String?).flatMap { try? NamedValues.values($0) }.map {
            VehicleDialogue(texts: $0)
        }
        return session
    }

    func keyChange() throws(StoreFault) -> KeyChange {
        KeyChange(stored: self["stored"], state: try word("state"), at: instant("at"), word: self["word"])
    }

    func station(_ keyChanges: [KeyChange]) throws(StoreFault) -> Station {
        var boot: Station.Boot?
        if let vendor = self["boot_vendor"] as String?, let model = self["boot_model"] as String? {
            boot = Station.Boot(
                vendor: vendor, model: model, serial: self["boot_serial"], firmware: self["boot_firmware"])
        }
        let ownership = self["ownership"] as String
        return Station(
            id: StationID(self["id"]), registration: try word("registration"), site: site(),
            node: (self["node"] as String?).map(NodeID.init), model: self["model"],
            electrical: Station.Electrical(
                voltage: self["voltage"], phases: self["phases_stated"] ? self["phases"] : nil,
                maxCurrentMilliamperes: self["current_stated"] ? self["max_milliamperes"] : nil,
                minCurrentMilliamperes: self["min_milliamperes"], maxDischarge: power("max_discharge")),
            ownership: ownership == "unknown" ? nil : try word("ownership"),
            ownershipEvidence: self["ownership_evidence"], owner: self["owner"],
            boot: boot, securityProfile: self["security_profile"], operatorLimit: power("operator_limit"),
            passwordDigest: self["password_digest"], keyChanges: keyChanges, createdAt: instant("created_at"))
    }

    func sitePower() -> SitePowerPoint {
        SitePowerPoint(
            site: SiteID(self["site"]), at: instant("at"), measured: power("measured"), charging: power("charging"),
            planned: power("planned"), limit: power("power_limit"), base: power("base"),
            baseIsStale: self["base_is_stale"], level: self["level"])
    }

    func node() -> GridNode {
        var rating: GridNode.Rating?
        if let voltAmperes = self["rating_voltamperes"] as Int64?,
            let factor = self["rating_power_factor"] as Int64?, let loading = self["rating_loading"] as Int64?
        {
            rating = GridNode.Rating(
                voltAmperes: voltAmperes, powerFactorPerMille: factor, loadingPerMille: loading)
        }
        var node = GridNode(
            id: NodeID(self["id"]), parent: (self["parent"] as String?).map(NodeID.init), site: site(),
            exportLimit: power("export_limit"), rating: rating)
        node.limit = power("power_limit")
        node.serves = (self["serves"] as String?).flatMap { GridNode.Serves(rawValue: $0) }
        return node
    }
}
