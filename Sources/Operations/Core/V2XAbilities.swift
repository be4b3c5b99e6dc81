import Charging
import Quantities

// What stations can do with vehicles that give back: read once at first contact (2.1), and proven by the first vehicle that
// speaks of it.
extension StationSlot {
    /// Whether an EVSE takes charging profiles of an operation mode, in the standard's word (Q01.FR.30, Q01.FR.31). What a
    /// station does not say, it does not know.
    func supports(mode: String, evse: Int) -> Bool {
        guard version == .v21 else { return mode == "ChargingOnly" }
        return commissioning?.v2x?.knows(mode: mode, evse: evse) ?? (mode == "ChargingOnly")
    }
}

extension Core {
    /// A vehicle spoke of giving back: its station can.
    mutating func noteVehicle(_ s: Int, at now: Instant) {
        guard stations[s].commissioning?.v2x?.hasVehicle != true else { return }
        updateCommissioning(s, at: now) { found in
            var abilities = found.v2x ?? V2XAbilities()
            abilities.hasVehicle = true
            found.v2x = abilities
        }
        // What flows back is metered from now on.
        if stations[s].commissioner.step == .done { stations[s].commissioner.step = .sampleEvery }
    }

    /// EVSEs that a station is asked about; those that it has not named yet are asked about as the station.
    func evsesToAsk(_ m: Int) -> [Int] { stations[m].evses.map(\.number).prefix(Self.mostAsked).map { $0 } }
    /// Seven questions each, in one message.
    private static let mostAsked = 8
}
