public import Assets
public import Charging
public import Operations
public import Quantities

/// Changes as a running platform makes them, from numbers only, so that two processes make the same ones.
public enum SampleChanges {
    public static let start = Instant("2026-01-05T00:00:00Z")!

    public static func station(_ number: Int) -> StationID { StationID("CP-\(number)") }

    /// What one meter message makes the core persist: the journal record, the readings and the session.
    public static func meterMessage(_ number: Int, stations: Int = 20) -> [Change] {
        let station = station(number % stations)
        let at = start + .seconds(number)
        let register = Int64(1_000_000 + number * 10)
        let text =
            "[2,\"m-\(number)\",\"MeterValues\",{\"connectorId\":1,\"transactionId\":\(number % stations),\"meterValue\":[{\"timestamp\":\"\(at)\",\"sampledValue\":[{\"value\":\"\(register)\",\"context\":\"Sample.Periodic\",\"measurand\":\"Energy.Active.Import.Register\",\"unit\":\"Wh\"},{\"value\":\"6912.5\",\"context\":\"Sample.Periodic\",\"measurand\":\"Power.Active.Import\",\"unit\":\"W\"},{\"value\":\"31.4\",\"context\":\"Sample.Periodic\",\"measurand\":\"Current.Import\",\"unit\":\"A\",\"phase\":\"L1\"},{\"value\":\"220.1\",\"context\":\"Sample.Periodic\",\"measurand\":\"Voltage\",\"unit\":\"V\",\"phase\":\"L1-N\"}]}]}]"
        return [
            .message(
                MessageRecord(
                    station: station, at: at, direction: .inbound, messageID: "m-\(number)", action: "MeterValues",
                    text: Array(text.utf8), reply: Array("{}".utf8))),
            .readings(
                session: Session.ID("S-\(number % stations)"), evse: EVSEID(station, 1),
                readings(at: at, register: register, power: 69_125 + Int64(number % 7))),
            .session(session(number % stations, at: at, register: register)),
        ]
    }

    public static func readings(at: Instant, register: Int64, power: Int64) -> [Reading] {
        let periodic = "Sample.Periodic"
        return [
            Reading(
                at: at, measurand: "Energy.Active.Import.Register", mantissa: register, scale: 0, unit: "Wh",
                context: periodic),
            Reading(at: at, measurand: "Power.Active.Import", mantissa: power, scale: 1, unit: "W", context: periodic),
            Reading(
                at: at, measurand: "Current.Import", mantissa: power / 220, scale: 1, unit: "A", phase: "L1",
                context: periodic),
            Reading(
                at: at, measurand: "Voltage", mantissa: 2201, scale: 1, unit: "V", phase: "L1-N", context: periodic),
        ]
    }

    public static func session(_ number: Int, at: Instant, register: Int64) -> Session {
        Session(
            id: Session.ID("S-\(number)"), evse: EVSEID(station(number), 1), connector: 1, transactionID: "\(number)",
            idToken: "TAG-\(number)", startedAt: start, registerStart: .wattHours(1_000_000),
            registerLast: .wattHours(register), registerLastAt: at, imported: .wattHours(register - 1_000_000))
    }
}
