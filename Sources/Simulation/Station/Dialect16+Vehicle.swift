import OCPP
import OCPPMessages

// Plug and charge in 1.6: the messages of 2.0.1 inside DataTransfer (OCA, Using ISO 15118 Plug & Charge with OCPP 1.6).
extension Dialect16 {
    private static let plugAndCharge = "org.openchargealliance.iso15118pnc"

    func authorization(_ idTag: String, _ contract: VehicleSpeech.Contract) -> V16.Request {
        let request = Dialect201().authorization(idTag, contract: contract)
        return .dataTransfer(
            .init(
                vendorId: Self.plugAndCharge, messageId: request.action.rawValue,
                data: String(decoding: request.json, as: UTF8.self)))
    }

    func authorizationByContract(_ answer: [UInt8]) -> StationHoldings.Listed? {
        guard case .dataTransfer(let response)? = read(.dataTransfer, answer), response.status == .accepted,
            let data = response.data
        else { return nil }
        return Dialect201().authorization(Array(data.utf8), byContract: true)
    }

    /// Its stations tell no needs.
    func bringsSchedule(_ answer: [UInt8]) -> Bool { false }
}
