import Charging
import OCPPMessages
import Quantities

// Battery swaps in the words of OCPP 2.1 (block S).
extension OCPP2Adapter {
    /// `nil`: a step that the standard does not have.
    static func swapEvent(_ swap: V2.BatterySwapRequest) -> StationEvent? {
        SwapEvent.Kind(rawValue: swap.eventType.name).map { kind in
            .swap(
                SwapEvent(
                    kind: kind, request: swap.requestId, token: swap.idToken.idToken,
                    batteries: swap.batteryData.prefix(SwapEvent.mostBatteries).map(battery)))
        }
    }

    private static func battery(_ data: V2.BatteryData) -> SwapBattery {
        SwapBattery(
            slot: data.evseId, serial: data.serialNumber, charge: hundredths(data.soC), health: hundredths(data.soH),
            producedAt: data.productionDate, vendorInfo: data.vendorInfo)
    }

    private static func hundredths(_ percent: JSONDecimal) -> Int {
        Int(max(0, min(percent.scaled(by: 2) ?? 0, 10_000)))
    }
}
