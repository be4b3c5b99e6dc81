import Assets
import Charging
import Operations
import Quantities
import Testing

/// Random days of a few stations over a bad network: answers get lost, messages are repeated with the old or a new id,
/// sockets are replaced, the platform dies. Whatever happens, each charge is recorded exactly once.
@Suite("Seeds") struct SeedTests {
    private struct Charge {
        let station: String
        let start: Instant
        let register: Int
        var transaction = -1
        var stop: Int?
    }

    @Test func `every charge is recorded once, with its energy, whatever the network and the power supply do`() {
        for seed in UInt64(0)..<60 { play(seed) }
    }

    private func play(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var d = Dialogue { $0.commissioning = Bool.random(using: &random) }
        let stations = ["A", "B", "C"]
        var registers = ["A": 1000, "B": 50_000, "C": 0]
        for station in stations {
            d.token("tag-\(station)")
            d.boot(station)
        }
        var charges: [Charge] = []
        var said = 0

        /// Says it until it is answered, through every mishap.
        func deliver(_ station: String, _ action: String, _ payload: String) -> String {
            said += 1
            var id = "\(station)-\(said)"
            while true {
                let answer = d.say(station, action, payload, messageID: id)
                let isLost = Int.random(in: 0..<5, using: &random) == 0
                if let answer, !isLost { return answer }
                d.now += .seconds(Int.random(in: 1...90, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    d.restart()
                    for station in stations { d.connect(station) }
                case 1:
                    d.disconnect(station)
                    d.connect(station)
                case 2: d.connect(station)
                default: break
                }
                if Bool.random(using: &random) {
                    said += 1
                    id = "\(station)-\(said)"
                }
            }
        }

        for _ in 0..<12 {
            let station = stations[Int.random(in: 0..<3, using: &random)]
            var charge = Charge(station: station, start: d.now, register: registers[station]!)
            let answer = deliver(
                station, "StartTransaction",
                #"{"connectorId":1,"idTag":"tag-\#(station)","meterStart":\#(charge.register),"timestamp":"\#(d.now)"}"#
            )
            charge.transaction = number(after: "\"transactionId\":", in: answer) ?? -1
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                d.now += .seconds(60)
                registers[station]! += Int.random(in: 0...120, using: &random)
                _ = deliver(
                    station, "MeterValues",
                    #"{"connectorId":1,"transactionId":\#(charge.transaction),"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":"\#(registers[station]!)"}]}]}"#
                )
            }
            d.now += .seconds(60)
            registers[station]! += Int.random(in: 0...120, using: &random)
            charge.stop = registers[station]!
            let stop = deliver(
                station, "StopTransaction",
                #"{"transactionId":\#(charge.transaction),"meterStop":\#(registers[station]!),"timestamp":"\#(d.now)"}"#
            )
            #expect(stop == "{}", "seed \(seed)")
            charges.append(charge)
            d.now += .seconds(Int.random(in: 1...600, using: &random))
            d.give(.tick)
        }

        #expect(d.disk.sessions.count == charges.count, "seed \(seed)")
        #expect(Set(charges.map(\.transaction)).count == charges.count, "seed \(seed): a transaction was given twice")
        for charge in charges {
            let session = d.disk.sessions.values.first { $0.transactionID == String(charge.transaction) }
            #expect(session?.status == .ended, "seed \(seed)")
            #expect(session?.startedAt == charge.start, "seed \(seed)")
            #expect(session?.flags == [], "seed \(seed)")
            #expect(session?.imported == .wattHours(Int64(charge.stop! - charge.register)), "seed \(seed)")
        }
        #expect(Set(d.messageIDs).count == d.messageIDs.count, "seed \(seed)")
    }
}
