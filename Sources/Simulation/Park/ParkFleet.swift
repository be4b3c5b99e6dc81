import OCPP
import Quantities

// The park as simulated stations of 2.1 and vans that can give energy back, for real connections.
extension ParkScenario {
    public static func tag(_ pile: Int) -> String { "VAN-" + (pile < 9 ? "0" : "") + String(pile + 1) }

    /// Vans let themselves be emptied below their minimum: only the platform keeps it.
    /// - Parameters:
    ///   - run: begins every message id, so that runs on one data directory do not repeat each other's.
    ///   - offlineWait: before a pile decides alone, of its own time.
    public func members(run: String, offlineWait: Duration) -> [StationFleet.Member] {
        (0..<piles).map { pile in
            var settings = StationSettings(identity: Self.identity(pile))
            settings.version = .v21
            settings.model = "SIM-V2G-60"
            settings.messageIDPrefix = run
            settings.offlineWait = offlineWait
            settings.supply = Supply(voltage: 230, phases: 3)
            settings.maxMilliamperes = 87_000
            var electronics = BidirectionalEVSE()
            electronics.maxCharge = pilePower
            electronics.maxDischarge = pilePower
            electronics.ramp = 40_000
            settings.bidirectional = electronics
            return StationFleet.Member(
                settings: settings,
                stays: stays.filter { $0.pile == pile }.map { StationFleet.Stay(v2x($0)) })
        }
    }

    private func v2x(_ stay: Stay) -> V2XStay {
        func permille(_ energy: Energy) -> Int { Int(energy.milliwattHours * 1000 / capacity.milliwattHours) }
        let number = String(stay.pile + 1, radix: 16, uppercase: true)
        var van = BidirectionalVehicle(
            evccID: "0271800000" + (number.count < 2 ? "0" : "") + number, capacity: capacity,
            arrivalPermille: permille(stay.stored))
        // Who comes with less than the minimum is at least not emptied further.
        van.minimumPermille = permille(stay.minimum)
        van.targetPermille = permille(stay.target)
        van.maximumPermille = 950
        van.maxCharge = pilePower
        van.maxDischarge = pilePower
        van.guardsMinimum = false
        return V2XStay(van, arrival: stay.arrival, departure: stay.departure, idTag: Self.tag(stay.pile))
    }
}
