import Assets
import Charging
import Documents
import Operations
import Quantities

/// `/api/v1/stations/{id}/security-profile`: another security profile over OCPP; and the network profiles that go with it.
enum SecurityProfileAPI {
    enum Interface: String, CaseIterable {
        case wired0 = "Wired0"
        case wired1 = "Wired1"
        case wired2 = "Wired2"
        case wired3 = "Wired3"
        case wireless0 = "Wireless0"
        case wireless1 = "Wireless1"
        case wireless2 = "Wireless2"
        case wireless3 = "Wireless3"
        case any = "Any"
    }

    @Sendable static func change(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: [
            "security_profile", "url", "slot", "priority", "interface", "message_timeout_seconds",
        ])
        let target = fields.integer("security_profile", 1...3)
        let url = fields.string("url", atMost: NetworkProfile.longestURL)
        let slot = fields.integer("slot", 0...100)
        let priority = priority(&fields)
        let interface = fields.word("interface", Interface.self)
        let timeout = fields.integer("message_timeout_seconds", 1...600)
        if target.value == nil, fields.problems.isEmpty {
            fields.refuse("security_profile", "1, 2 or 3 is expected")
        }
        if let text = url.value {
            let scheme = scheme(target.value ?? 2)
            if !text.hasPrefix(scheme) || text.count == scheme.count {
                fields.refuse(
                    "url", "an address that begins with \(scheme) is expected, without the station's identity")
            }
        }
        try fields.throwIfAny()
        guard let target = target.value else { throw .invalid([]) }
        let wish = Wish(
            target: target, url: url.value, slot: slot.value, priority: priority, interface: interface.value,
            messageTimeout: timeout.value)
        return try await CommandsAPI.response(to: try await order(wish, of: view.station.id, call), call)
    }

    /// A change as a person wishes it; `nil` is filled in from what the station told.
    struct Wish {
        let target: Int
        var url: String?
        var slot: Int?
        var priority: [Int]?
        var interface: Interface?
        /// Seconds.
        var messageTimeout: Int?
    }

    static func order(_ wish: Wish, of station: StationID, _ call: Call) async throws(Refusal) -> OrderResult {
        var network: NetworkProfile?
        var order: [Int]?
        if let url = wish.url {
            let slots = await NetworkSlots(of: station, call.service)
            if let slot = wish.slot ?? slots.free {
                network = NetworkProfile(
                    slot: slot, interface: (wish.interface ?? .wired0).rawValue, url: url,
                    securityProfile: wish.target, messageTimeout: wish.messageTimeout ?? 30)
                order = wish.priority ?? slots.order.map { [slot] + $0.filter { $0 != slot } }
            }
        }
        return try await call.order(
            .device(
                .securityProfile(
                    station, target: wish.target, network: network,
                    priority: order.map { $0.map(String.init).joined(separator: ",") })))
    }

    /// What an address of the central system begins with in a security profile.
    static func scheme(_ profile: Int) -> String { profile == 1 ? "ws://" : "wss://" }

    private static func priority(_ fields: inout JSONFields) -> [Int]? {
        guard let node = fields.node("priority") else { return nil }
        var slots: [Int] = []
        if case .array(let items) = node.content, (1...16).contains(items.count) {
            for case .number(let text) in items.map(\.content) {
                if let slot = Int(text), (0...100).contains(slot) { slots.append(slot) }
            }
            if slots.count == items.count { return slots }
        }
        fields.refuse("priority", "a list of 1 to 16 slots is expected, the one to use first")
        return nil
    }

    @Sendable static func end(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        _ = try await call.order(.device(.endSecurityProfileChange(id)))
        return .json(try await StationsAPI.station(call).json)
    }

    @Sendable static func networks(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return Listing(
            columns: NetworkProfile.columns, items: await call.service.networkProfiles(of: id).map(\.json),
            nextCursor: nil
        ).response(to: call.request, name: "network-profiles")
    }
}

/// What the station's picture says of its slots (`OCPPCommCtrlr.NetworkConfigurationPriority`).
struct NetworkSlots {
    /// In use, the first one first; `nil`: nobody knows.
    let order: [Int]?
    /// One that is not in use, so that nothing is lost when the new one does not work.
    let free: Int?

    init(of station: StationID, _ service: any PlatformService) async {
        let picture = await DeviceView(of: station, service).picture
        let name = VariableName(component: "OCPPCommCtrlr", variable: "NetworkConfigurationPriority")
        let known = picture.find(name)?.variable
        func slots(_ text: String?) -> [Int]? {
            text.map { $0.split(separator: ",").compactMap { Int($0.filter { $0 != " " }) } }
        }
        let used = slots(known?.value)
        order = used
        free = used.flatMap { used in (slots(known?.valuesList) ?? Array(1...16)).first { !used.contains($0) } }
    }
}

extension NetworkProfile {
    static let columns = ["slot", "interface", "url", "security_profile", "message_timeout_seconds"]
    var json: JSONValue {
        [
            "slot": .int(slot), "interface": .string(interface), "url": .string(url),
            "security_profile": .int(securityProfile), "message_timeout_seconds": .int(messageTimeout),
        ]
    }
}

extension SecurityProfileChange {
    var json: JSONValue {
        [
            "target": .int(target), "previous": .int(previous), "state": .string(state.rawValue), "at": .instant(at),
            "word": .string(orNull: word), "attempts": .int(attempts), "slot": .int(orNull: network?.slot),
            "priority": .string(orNull: priority),
        ]
    }
}
