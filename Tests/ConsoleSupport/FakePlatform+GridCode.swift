public import Assets
import Charging
public import Operations
import Quantities

// Controls of the grid code and battery swaps; stations take everything at once.
extension FakePlatform {
    func applyDER(_ wish: DERWish, _ actor: Actor) throws(ServiceFault) -> OrderResult {
        let now = now
        switch wish {
        case .give(let id, let function, let priority, let span, let settings, let target, let source):
            if let span, span.end <= now {
                throw ServiceFault(.invalid(.der), fields: [.init(path: "start", .past(now: now))])
            }
            let name = id ?? "der-\(read { $0.derOrders.count } + 1)"
            let control = DERControl(
                id: name, function: function, priority: priority, span: span, settings: settings)
            change {
                $0.derOrders.append(DEROrder(control, target: target, source: source, by: actor.name, createdAt: now))
            }
        case .withdraw(let id):
            guard let known = read({ $0.derOrders.first { $0.control.id == id && $0.withdrawnAt == nil } }) else {
                throw ServiceFault(.derUnknown(id))
            }
            change { state in
                state.derOrders.removeAll { $0.control.id == id }
                state.derOrders.append(
                    DEROrder(
                        known.control, target: known.target, source: known.source, by: known.by,
                        createdAt: known.createdAt, withdrawnAt: now))
            }
        case .read(let id): return .command(command(id, "GetDERControl", Array("{}".utf8), actor))
        }
        return .der(derViews().first ?? derViews()[0])
    }

    func swapBatteries(_ id: StationID, _ token: String, _ actor: Actor) -> OrderResult {
        let command = command(id, "RequestBatterySwap", Array("{}".utf8), actor)
        let now = now
        let number = read { $0.swaps.count } + 1
        let swap = BatterySwap(
            id: number, station: id, request: number, token: token, isRemote: true, by: actor.name, openedAt: now,
            state: command.status == .pending ? .accepted : .notSent, at: now)
        change { $0.swaps.append(swap) }
        return .swap(swap, command)
    }

    private func derViews() -> [DEROrderView] {
        let now = now
        return read { state in
            state.derOrders.reversed().map { order in
                DEROrderView(
                    order,
                    stations: state.derPictures.values.sorted { $0.station < $1.station }.compactMap { picture in
                        picture[order.control.id].map { (picture.station, $0, picture.state(of: $0, at: now)) }
                    })
            }
        }
    }

    public func derOrders() async -> [DEROrderView] { derViews() }
    public func derPicture(of station: StationID) async -> DERPicture? {
        read { $0.derPictures[station] ?? DERPicture(station: station) }
    }
    public func cabinet(of station: StationID) async -> BatteryCabinet? { read { $0.cabinets[station] } }
    public func swaps(of station: StationID, limit: Int, before: Int?) async -> [BatterySwap] {
        read { $0.swaps }.reversed().filter { one in
            one.station == station && (before.map { one.id < $0 } ?? true)
        }.prefix(limit).map { $0 }
    }
    public func swap(_ id: Int, of station: StationID) async -> BatterySwap? {
        read { $0.swaps.last { $0.id == id && $0.station == station } }
    }
}
