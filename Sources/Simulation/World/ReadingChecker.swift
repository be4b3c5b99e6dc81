import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities

/// Readings that a station saw acknowledged are stored exactly once: under their own transaction, with their value.
struct ReadingChecker {
    /// A reading as the station means it.
    struct Meant: Hashable {
        let evse: EVSEID
        let transaction: String?
        let key: Reading.Key
    }
    private struct Place: Hashable {
        let evse: EVSEID
        let key: Reading.Key
    }

    private var sent: [String: [(Meant, value: String)]] = [:]
    private(set) var acknowledged: [Meant: String] = [:]
    /// Which EVSE a transaction of 2.x is on: its first message says so.
    private var places: [String: Int] = [:]

    private static func name(_ station: StationID, _ messageID: String) -> String { "\(station)|\(messageID)" }

    mutating func sent(_ call: InboundCall, from station: StationID) {
        switch call.request {
        case .v16(.meterValues(let request)):
            sent[Self.name(station, call.messageID)] = readings(request, from: station)
        case .v2(.transactionEvent(let event)):
            let name = Self.name(station, event.transactionInfo.transactionId)
            if let evse = event.evse { places[name] = evse.id }
            guard let evse = places[name] else { return }
            sent[Self.name(station, call.messageID)] = readings(event, on: EVSEID(station, evse))
        default: break
        }
    }

    private func readings(_ request: V16.MeterValuesRequest, from station: StationID) -> [(Meant, value: String)] {
        request.meterValue.flatMap { value in
            value.sampledValue.map { sample in
                let key = Reading.Key(
                    at: value.timestamp, measurand: (sample.measurand ?? .energyActiveImportRegister).name,
                    phase: sample.phase?.name, location: (sample.location ?? .outlet).name,
                    context: (sample.context ?? .samplePeriodic).name)
                return (
                    Meant(
                        evse: EVSEID(station, request.connectorId), transaction: request.transactionId.map(String.init),
                        key: key),
                    value: sample.value
                )
            }
        }
    }

    private func readings(_ event: V2.TransactionEventRequest, on evse: EVSEID) -> [(Meant, value: String)] {
        (event.meterValue ?? []).flatMap { value in
            value.sampledValue.map { sample in
                let key = Reading.Key(
                    at: value.timestamp, measurand: (sample.measurand ?? .energyActiveImportRegister).name,
                    phase: sample.phase?.name, location: (sample.location ?? .outlet).name,
                    context: (sample.context ?? .samplePeriodic).name, sequence: event.seqNo)
                return (
                    Meant(evse: evse, transaction: event.transactionInfo.transactionId, key: key),
                    value: sample.value.description
                )
            }
        }
    }

    mutating func answered(_ messageID: String, to station: StationID) {
        for (meant, value) in sent.removeValue(forKey: Self.name(station, messageID)) ?? [] {
            acknowledged[meant] = value
        }
    }

    func violations(_ journal: MemoryJournal) -> [String] {
        let stored = Dictionary(grouping: journal.readings) { Place(evse: $0.key.evse, key: $0.key.reading) }
        var faults: [String: [Meant]] = [:]
        for (meant, value) in acknowledged {
            let found = stored[Place(evse: meant.evse, key: meant.key)] ?? []
            if let fault = fault(meant, value, found, journal) { faults[fault, default: []].append(meant) }
        }
        var violations = faults.sorted { $0.key < $1.key }.map { fault, readings in
            let first = readings.min { ($0.key.at, $0.evse) < ($1.key.at, $1.evse) }
            let name = first.map { "\($0.evse) \($0.key.at) \($0.key.measurand)" } ?? ""
            return "\(readings.count) acknowledged readings \(fault), first \(name)"
        }
        if let one = journal.corrections.first {
            violations.append(
                "\(journal.corrections.count) readings have two values, first \(one.evse) \(one.reading.at)")
        }
        return violations
    }

    private func fault(
        _ meant: Meant, _ value: String, _ found: [(key: MemoryJournal.ReadingKey, value: Reading)],
        _ journal: MemoryJournal
    ) -> String? {
        guard let first = found.first else { return "are not stored" }
        if found.count > 1 { return "are stored \(found.count) times" }
        // The same number, however it is written.
        if JSONDecimal(value) != JSONDecimal(mantissa: first.value.mantissa, scale: first.value.scale) {
            return "have another value"
        }
        guard let transaction = meant.transaction else { return nil }
        let session = first.key.session.flatMap { journal.sessions[$0] }
        return session?.transactionID == transaction ? nil : "belong to another transaction"
    }
}
