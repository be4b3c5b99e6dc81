import Assets
import Charging
import OCPP
import Quantities

// The picture of each station's variables: what it reports, what it answers, what is set (2.x block B, 1.6 configuration
// keys).
extension Core {
    // MARK: - What answers tell

    /// - Parameter isWhole: the answer tells everything that the station has (1.6 GetConfiguration without keys).
    mutating func learn(_ fact: DeviceFact, isWhole: Bool, _ s: Int, at now: Instant) {
        let id = stations[s].station.id
        switch fact {
        case .variables(let news): learn(news, isWhole: isWhole, s, at: now)
        case .report(let request, let scope, let isOfMonitors):
            ordered(report: request, scope, isOfMonitors: isOfMonitors, s, at: now)
        case .monitorsSet(let monitors): know(monitors, s, at: now)
        case .monitorsCleared(let ids): cleared(monitors: ids, s, at: now)
        case .noMonitors: noMonitors(s, at: now)
        case .monitoringBase(let base): set(monitoringBase: base, s, at: now)
        case .monitoringLevel(let level): persist(.device(.monitoring(id, base: nil, level: level, at: now)))
        case .networkProfile(let profile): learn(profile, s, at: now)
        case .customer(let request, let status, let reference, let report, let clear):
            answered(request, status, reference, report: report, clear: clear, s, at: now)
        }
        emit(.publish(.station(id)))
    }

    private mutating func learn(_ news: [VariableNews], isWhole: Bool, _ s: Int, at now: Instant) {
        guard !news.isEmpty else { return }
        let id = stations[s].station.id
        persist(.device(.variables(id, news, at: now)))
        for case .set(_, _, _, afterRestart: true) in news where !stations[s].device.awaitsRestart {
            stations[s].device.awaitsRestart = true
        }
        if isWhole {
            persist(.device(.forgetVariables(id, before: now)))
            var report = DeviceReport(station: id, isOfMonitors: false, request: 0, scope: .full, orderedAt: now)
            _ = report.take(part: 0, isLast: true, items: news.count, at: now)
            stations[s].device.keep(report)
            persist(.device(.report(report)))
        }
        noteSecurityProfile(in: news, s, at: now)
        noteVariables(news.compactMap(\.told), s)
        noteCostAbilities(news.compactMap(\.told), s, at: now)
    }

    /// It has restarted: what was set for then holds now.
    mutating func deviceBooted(_ s: Int, at now: Instant) {
        guard stations[s].device.awaitsRestart else { return }
        stations[s].device.awaitsRestart = false
        persist(.device(.restarted(stations[s].station.id, at: now)))
    }

    // MARK: - Reports in parts

    private mutating func ordered(
        report request: Int, _ scope: DeviceReport.Scope, isOfMonitors: Bool, _ s: Int, at now: Instant
    ) {
        let known = stations[s].device.reports.last { $0.request == request && $0.isOfMonitors == isOfMonitors }
        // Parts may come before a late answer does.
        if var known, known.scope == .unasked, let last = known.lastAt, now - last <= DeviceReport.patience {
            known.scope = scope
            known.orderedAt = known.firstAt
            put(known, s)
            if known.parts.isComplete { completed(known, s) }
        } else {
            put(
                DeviceReport(
                    station: stations[s].station.id, isOfMonitors: isOfMonitors, request: request, scope: scope,
                    orderedAt: now), s)
        }
    }

    private mutating func put(_ report: DeviceReport, _ s: Int) {
        stations[s].device.keep(report)
        persist(.device(.report(report)))
    }

    mutating func heard(_ news: DeviceNews, _ s: Int, at now: Instant) {
        switch news {
        case .report(let part): take(part, s, at: now)
        case .events(let events): for event in events { take(event, s, at: now) }
        case .customer(let request, let number, let isLast, let data):
            take(customerPart: number, isLast: isLast, data, of: request, s, at: now)
        }
        emit(.publish(.station(stations[s].station.id)))
    }

    private mutating func take(_ part: DeviceReportPart, _ s: Int, at now: Instant) {
        let id = stations[s].station.id
        let (isOfMonitors, count): (Bool, Int) =
            switch part.content {
            case .variables(let variables): (false, variables.count)
            case .monitors(let monitors): (true, monitors.count)
            }
        var report =
            stations[s].device.reports.last { $0.request == part.request && $0.isOfMonitors == isOfMonitors }
            ?? DeviceReport(station: id, isOfMonitors: isOfMonitors, request: part.request, scope: .unasked)
        let isComplete = report.take(part: part.number, isLast: part.isLast, items: count, at: now)
        switch part.content {
        case .variables(let variables):
            noteVariables(variables.map { ($0.name, $0.value) }, s)
            if !variables.isEmpty { persist(.device(.variables(id, variables.map { .reported($0) }, at: now))) }
            noteCostAbilities(variables.compactMap { VariableNews.reported($0).told }, s, at: now)
        case .monitors(let monitors): know(monitors, s, at: now)
        }
        put(report, s)
        if isComplete { completed(report, s) }
    }

    /// A report of everything has come whole: what is not in it, the station no longer has.
    private mutating func completed(_ report: DeviceReport, _ s: Int) {
        guard let first = report.firstAt else { return }
        switch report.scope {
        case .full: persist(.device(.forgetVariables(report.station, before: first)))
        case .monitors: persist(.device(.forgetMonitors(report.station, .before(first))))
        case .configuration, .summary, .selection, .unasked: break
        }
    }

    /// What other parts of the core go by.
    private mutating func noteVariables(_ news: [(VariableName, String?)], _ s: Int) {
        noteDERVariables(news, s)
        noteTextVariables(news, s)
        for (name, value) in news { noteSwapVariable(name, value, s) }
    }

    // MARK: - Orders

    mutating func device(_ order: DeviceOrder, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        switch order {
        case .putTemplate(let template): return put(template)
        case .removeTemplate(let name): return remove(template: name)
        case .removeCustomer(let id, let request): return remove(customer: request, of: id)
        case .securityProfile(let id, let target, let network, let priority):
            return change(securityProfileOf: id, to: target, network, priority, by: actor, at: now)
        case .endSecurityProfileChange(let id): return endSecurityProfileChange(of: id, at: now)
        case .refresh, .set, .read, .refreshMonitors, .setMonitors, .clearMonitors, .monitoringBase, .monitoringLevel,
            .customer:
            break
        }
        guard let id = order.station, let s = stationIndex[id] else {
            return .failure(ServiceFault(.stationUnknown(order.station ?? StationID(""))))
        }
        let request = nextReport()
        guard let (action, payload) = ProtocolAdapter.call(order, request: request, in: stations[s].version) else {
            return .failure(ServiceFault(.notInVersion(id, stations[s].version.subprotocol)))
        }
        let result = command(id, action, payload, settings.callTimeout, by: actor, at: now)
        if case .customer(_, let reference, let report, let clear) = order, case .success(.command(let view)) = result,
            view.status == .pending
        {
            // It may report before its answer comes.
            ask(request, reference, report: report, clear: clear, s, by: actor.name, at: now)
        }
        return result
    }

    /// Numbers of reports and inquiries: no two of this platform are the same, so that late parts find their own.
    mutating func nextReport() -> Int {
        let number = counters.report
        counters.report = number >= Int(Int32.max) ? 1 : number + 1
        persist(.setting(key: Counters.reportKey, value: String(counters.report)))
        return number
    }

    // MARK: - Templates

    private mutating func put(_ template: DeviceTemplate) -> Result<OrderResult, ServiceFault> {
        guard deviceTemplates[template.name] != nil || deviceTemplates.count < DeviceTemplate.most else {
            return .failure(ServiceFault(.tooManyTemplates(most: DeviceTemplate.most)))
        }
        let fields = template.stations.enumerated().filter { stationIndex[$0.element] == nil }.map {
            ServiceFault.Field(path: "stations[\($0.offset)]", .stationUnknown($0.element))
        }
        guard fields.isEmpty else {
            return .failure(ServiceFault(.invalid(.template), fields: Array(fields.prefix(100))))
        }
        deviceTemplates[template.name] = template
        persist(.device(.template(template)))
        return .success(.done)
    }

    private mutating func remove(template name: String) -> Result<OrderResult, ServiceFault> {
        guard deviceTemplates.removeValue(forKey: name) != nil else {
            return .failure(ServiceFault(.templateUnknown(name)))
        }
        persist(.device(.removeTemplate(name)))
        return .success(.done)
    }

    /// In order of their names.
    public var allDeviceTemplates: [DeviceTemplate] { deviceTemplates.values.sorted { $0.name < $1.name } }
    public func deviceTemplate(_ name: String) -> DeviceTemplate? { deviceTemplates[name] }

    // MARK: - A station goes

    mutating func forgetDevice(of id: StationID, at now: Instant) {
        endMonitorAlarms(of: id, at: now) { _ in true }
        for (name, template) in deviceTemplates where template.stations.contains(id) {
            var rest = template
            rest.stations.removeAll { $0 == id }
            deviceTemplates[name] = rest
            persist(.device(.template(rest)))
        }
    }

    // MARK: - Loading

    mutating func load(_ state: DeviceCoreState) {
        func each<Item>(_ items: [Item], _ id: (Item) -> StationID, _ keep: (inout DeviceWatch, Item) -> Void) {
            for item in items {
                guard let s = stationIndex[id(item)] else { continue }
                keep(&stations[s].device, item)
            }
        }
        each(state.awaitingRestart.sorted(), { $0 }) { device, _ in device.awaitsRestart = true }
        each(state.reports, \.station) { $0.keep($1) }
        each(state.severities.sorted { $0.key < $1.key }, \.key) { $0.severities = $1.value }
        each(state.networks.sorted { $0.key < $1.key }, \.key) { $0.networks = $1.value }
        each(state.securityProfiles, \.station) { $0.profileChange = $1 }
        each(state.inquiries, \.station) { $0.keep($1) }
        for template in state.templates { deviceTemplates[template.name] = template }
    }
}
