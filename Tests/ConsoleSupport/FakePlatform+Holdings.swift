public import Assets
import Charging
public import Operations
import Quantities

// Lists, reservations, displays and vendors' handlers, kept as ordered; stations take everything at once.
extension FakePlatform {
    func applyHolding(_ order: Order, _ actor: Actor) throws(ServiceFault) -> OrderResult {
        switch order {
        case .putLocalList(let id, let change):
            alter(id) { record in
                if let scope = change.scope { record.scope = scope }
                if let tokens = change.tokens { record.tokens = tokens.sorted() }
                if let isAutomatic = change.isAutomatic { record.isAutomatic = isAutomatic }
            }
            return .localList(list(of: id))
        case .sendLocalList(let id, _):
            guard list(of: id).record.scope != .none else { throw ServiceFault(.noLocalList(id)) }
            guard read({ $0.stations[id]?.online ?? false }) else { throw ServiceFault(.stationOffline(id)) }
            alter(id) { record in
                record.version += 1
                record.heldVersion = record.version
                record.outcome = .sent
            }
            return .localList(list(of: id))
        case .putVendorHandler(let handler):
            change { $0.vendorHandlers[handler.id] = handler }
            return .vendorHandler(handler)
        case .deleteVendorHandler(let id):
            guard read({ $0.vendorHandlers[id] != nil }) else { throw ServiceFault(.vendorHandlerUnknown(id)) }
            change { $0.vendorHandlers[id] = nil }
            return .done
        case .ask(let id, let wish, _): return try ask(id, wish, actor)
        default: return .done
        }
    }

    private func ask(_ id: StationID, _ wish: StationWish, _ actor: Actor) throws(ServiceFault) -> OrderResult {
        switch wish {
        case .reserve(let evse, let kind, let token, let group, let until):
            guard until > now else {
                throw ServiceFault(.invalid(.reservation), fields: [.init(path: "expires_at", .past(now: now))])
            }
            let command = command(id, "ReserveNow", Array("{}".utf8), actor)
            let number = read { $0.reservations.count } + 1
            let reservation = Reservation(
                station: id,
                ReservationAsked(
                    id: number, evse: evse, connectorKind: kind, token: token, group: group, expiresAt: until),
                createdAt: now, by: actor.name, state: command.status == .pending ? .accepted : .notSent, at: now)
            change { $0.reservations.append(reservation) }
            return .reservation(reservation, command)
        case .cancelReservation(let number):
            let isOpen = read { state in
                state.reservations.contains { $0.station == id && $0.id == number && $0.state.isOpen }
            }
            guard isOpen else { throw ServiceFault(.reservationUnknown(number)) }
            change { state in
                for i in state.reservations.indices where state.reservations[i].id == number {
                    state.reservations[i].state = .cancelled
                }
            }
            return .command(command(id, "CancelReservation", Array("{}".utf8), actor))
        case .display(let message):
            change { $0.displays[id, default: DisplayPicture(station: id)].put(message) }
            return .command(command(id, "SetDisplayMessage", Array("{}".utf8), actor))
        case .clearDisplay(let number):
            change { $0.displays[id]?.remove(number) }
            return .command(command(id, "ClearDisplayMessage", Array("{}".utf8), actor))
        case .swapBatteries(let token): return swapBatteries(id, token, actor)
        case .readProfiles: return .command(command(id, "GetChargingProfiles", Array("{}".utf8), actor))
        case .readDisplay: return .command(command(id, "GetDisplayMessages", Array("{}".utf8), actor))
        case .installCertificate(let use, let pem):
            learn(.installed(use: use, pem: pem), id)
            return .command(command(id, "InstallCertificate", Array("{}".utf8), actor))
        case .deleteCertificate(let hash):
            learn(.gone(hash), id)
            return .command(command(id, "DeleteCertificate", Array("{}".utf8), actor))
        case .listCertificates:
            return .command(command(id, "GetInstalledCertificateIds", Array("{}".utf8), actor))
        }
    }

    private func learn(_ news: CertificateNews, _ id: StationID) {
        let now = now
        change { $0.heldCertificates[id, default: CertificatePicture(station: id)].learn(news, facts: nil, at: now) }
    }

    private func alter(_ id: StationID, _ change: (inout LocalListRecord) -> Void) {
        let now = now
        self.change { state in
            var record = state.localLists[id] ?? LocalListRecord(station: id, at: now)
            change(&record)
            state.localLists[id] = record
        }
    }

    private func list(of id: StationID) -> LocalListView {
        let record = read { $0.localLists[id] } ?? LocalListRecord(station: id, at: now)
        let wanted = record.scope == .all ? read { $0.tokens.count } : record.tokens.count
        return LocalListView(
            record: record, wanted: wanted, isCurrent: record.scope == .none ? nil : record.outcome == .sent)
    }

    public func localList(of station: StationID) async -> LocalListView? {
        read { $0.stations[station] != nil } ? list(of: station) : nil
    }
    public func reservations(of station: StationID?, limit: Int, before: Int64?) async -> [StoredReservation] {
        read { $0.reservations }.enumerated().reversed().filter { place, one in
            (station.map { one.station == $0 } ?? true) && (before.map { Int64(place) < $0 } ?? true)
        }.prefix(limit).map { StoredReservation(place: Int64($0.offset), reservation: $0.element) }
    }
    public func reservation(_ id: Int, of station: StationID) async -> Reservation? {
        read { $0.reservations.last { $0.id == id && $0.station == station } }
    }
    public func display(of station: StationID) async -> DisplayPicture? {
        read { $0.displays[station] ?? DisplayPicture(station: station) }
    }
    public func heldCertificates(of station: StationID) async -> CertificatePicture? {
        read { $0.heldCertificates[station] ?? CertificatePicture(station: station) }
    }
    public func roots() async -> [PlatformRoot] { read { $0.roots } }
    public func chargingProfiles(of station: StationID) async -> StationProfiles? {
        read { $0.profiles[station] ?? StationProfiles(station: station) }
    }
    public func vendorHandlers() async -> [VendorHandler] {
        read { $0.vendorHandlers.values.sorted { $0.id < $1.id } }
    }
}
