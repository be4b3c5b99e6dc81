import Assets
import Charging
import Quantities

// Messages of vendors' own (2.x block P, 1.6 DataTransfer), and what is said about certificates of ISO 15118.
extension Core {
    // MARK: - Vendors

    mutating func put(_ handler: VendorHandler) -> Result<OrderResult, ServiceFault> {
        var fields: [ServiceFault.Field] = []
        if handler.vendor.isEmpty || handler.vendor.unicodeScalars.count > 255 {
            fields.append(.init(path: "vendor_id", .bytes(1...255)))
        }
        if vendorHandlers.contains(where: { $0.id != handler.id && $0.handlesSame(as: handler) }) {
            fields.append(.init(path: "message_id", .repeated(handler.message ?? handler.vendor)))
        }
        guard fields.isEmpty else { return .failure(ServiceFault(.invalid(.vendorHandler), fields: fields)) }
        if let i = vendorHandlers.firstIndex(where: { $0.id == handler.id }) {
            vendorHandlers[i] = handler
        } else {
            guard vendorHandlers.count < VendorHandler.most else {
                return .failure(ServiceFault(.tooMany(most: VendorHandler.most)))
            }
            let i = vendorHandlers.firstIndex { $0.id > handler.id } ?? vendorHandlers.count
            vendorHandlers.insert(handler, at: i)
        }
        persist(.vendorHandler(handler))
        return .success(.vendorHandler(handler))
    }

    mutating func delete(vendorHandler id: String) -> Result<OrderResult, ServiceFault> {
        guard let i = vendorHandlers.firstIndex(where: { $0.id == id }) else {
            return .failure(ServiceFault(.vendorHandlerUnknown(id)))
        }
        vendorHandlers.remove(at: i)
        persist(.removeVendorHandler(id))
        return .success(.done)
    }

    /// In order of their ids.
    public var allVendorHandlers: [VendorHandler] { vendorHandlers }

    /// A handler of the message goes before one of the vendor.
    public func route(vendor: String, message: String?) -> VendorRoute {
        let own = vendorHandlers.filter { Self.key($0.vendor) == Self.key(vendor) }
        guard !own.isEmpty else {
            return Self.key(vendor) == PlugAndCharge16.vendor ? .unknownMessage : .unknownVendor
        }
        let exact = message.flatMap { message in own.first { $0.message.map(Self.key) == Self.key(message) } }
        return (exact ?? own.first { $0.message == nil }).map(VendorRoute.handler) ?? .unknownMessage
    }

    /// - Parameter ruling: what the handler's service said.
    func vendorAnswer(_ vendor: String, _ message: String?, _ ruling: CallRuling?) -> VendorAnswer {
        if case .vendor(let answer)? = ruling { return answer }
        switch route(vendor: vendor, message: message) {
        case .unknownVendor: return VendorAnswer(.unknownVendor)
        case .unknownMessage: return VendorAnswer(.unknownMessage)
        // Its service was not asked, or did not answer.
        case .handler(let handler) where handler.url != nil: return VendorAnswer(.rejected)
        case .handler(let handler): return VendorAnswer(handler.status, data: handler.data)
        }
    }

    // MARK: - Contract certificates

    /// C07.FR.13 to FR.17: what the certificates say goes before what the token says.
    func contractAnswer(_ token: String, _ ruling: CallRuling?, at now: Instant) -> StationAnswer {
        var found = ContractVerdict.chainError
        if case .certificates(let verdict)? = ruling { found = verdict }
        switch found {
        case .valid:
            let verdict = verdict(on: token, at: now)
            switch verdict.status {
            case .blocked, .expired, .invalid: return .contract(verdict, certificates: "ContractCancelled")
            case .accepted, .concurrent, .reserved, .noCredit:
                return .contract(verdict, certificates: ContractVerdict.valid.rawValue)
            }
        case .expired: return .contract(TokenVerdict(.expired), certificates: found.rawValue)
        case .revoked, .chainError, .signature: return .contract(TokenVerdict(.invalid), certificates: found.rawValue)
        }
    }
}

extension VendorHandler {
    fileprivate func handlesSame(as other: VendorHandler) -> Bool {
        Core.key(vendor) == Core.key(other.vendor) && message.map(Core.key) == other.message.map(Core.key)
    }
}
