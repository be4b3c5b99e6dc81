import Charging
import OCPPMessages
import Quantities

// Local lists and reservations in the words of 1.6 (§5.10, §5.13, §5.15, §5.2).
extension OCPP16Adapter {
    static func sendList(_ version: Int, isWhole: Bool, _ entries: [LocalListEntry]) -> [UInt8] {
        let list = entries.map { entry in
            V16.AuthorizationData(idTag: entry.value, idTagInfo: entry.info.map(info))
        }
        return V16.SendLocalListRequest(
            listVersion: version, updateType: isWhole ? .full : .differential,
            localAuthorizationList: list.isEmpty ? nil : list
        ).json
    }

    private static func info(_ info: LocalListEntry.Info) -> V16.IdTagInfo {
        let status: V16.AuthorizationStatus =
            switch info.status {
            case .accepted: .accepted
            case .blocked: .blocked
            case .expired: .expired
            case .invalid: .invalid
            }
        let parent = info.parent.flatMap { $0.unicodeScalars.count <= 20 ? $0 : nil }
        return V16.IdTagInfo(status: status, expiryDate: info.expiresAt, parentIdTag: parent)
    }

    static let listKeys = ["SendLocalListMaxLength", "LocalAuthListMaxLength", "LocalAuthListEnabled"]

    static func listBounds(_ keys: [V16.KeyValue]) -> LocalListBounds {
        var bounds = LocalListBounds()
        for key in keys {
            let number = key.value.flatMap { Int($0) }.flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            switch key.key.lowercased() {
            case "sendlocallistmaxlength": bounds.perMessage = number
            case "localauthlistmaxlength": bounds.entries = number
            case "localauthlistenabled": bounds.isEnabled = key.value.map { $0.lowercased() != "false" }
            default: break
            }
        }
        return bounds
    }

    static func call(_ request: StationRequest) -> (action: V16.Action, payload: [UInt8])? {
        switch request {
        case .reserve(let asked):
            (
                .reserveNow,
                V16.ReserveNowRequest(
                    connectorId: asked.evse ?? 0, expiryDate: asked.expiresAt, idTag: asked.token,
                    reservationId: asked.id, parentIdTag: asked.group
                ).json
            )
        case .cancelReservation(let id):
            (.cancelReservation, V16.CancelReservationRequest(reservationId: id).json)
        case .display, .clearDisplay, .readDisplay, .readProfiles, .der, .swap: nil
        case .installCertificate(let use, let pem): installCertificate(use: use, pem: pem)
        case .deleteCertificate(let hash, let use): deleteCertificate(hash, use: use)
        case .listCertificates(let use): listCertificates(use: use)
        }
    }

    static func asked(_ request: V16.ReserveNowRequest) -> ReservationAsked {
        ReservationAsked(
            id: request.reservationId, evse: request.connectorId > 0 ? request.connectorId : nil, token: request.idTag,
            group: request.parentIdTag, expiresAt: request.expiryDate)
    }
}
