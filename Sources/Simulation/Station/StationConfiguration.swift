/// The settings of a station under the names that its version of OCPP has for them (1.6 §9 configuration keys, 2.x part 2
/// appendix 3 variables), with what each of them accepts.
struct StationConfiguration: Hashable, Sendable {
    /// What the machine itself goes by.
    enum Parameter: Hashable, Sendable {
        case heartbeatInterval, connectionTimeOut
        /// After so long without the central system everything is reported anew (2.x).
        case offlineThreshold
        case sampleInterval, sampled, sampledAtBegin, sampledAtEnd
        /// Drivers charge when the central system cannot be asked.
        case startsOffline
        /// Without the central system the local list says who may charge.
        case usesListOffline
        case stopsOnRefusal
        /// Plug and charge.
        case takesContracts
        case attempts, attemptInterval
        /// Clock-aligned values, and samples for the end of a transaction.
        case alignedEnabled, alignedInterval, aligned, alignedEndInterval, alignedAtEnd, alignedOnlyIdle
        case sampledEndInterval
        /// Whom it trusts by itself, and what becomes of those who are refused later.
        case preAuthorizes, cacheEnabled, cacheLifeTime, masterPassGroup, energyOnRefusal, stopsOnDisconnect
        /// A token that was refused once is refused without asking again (2.x).
        case asksNoMore
        /// Events up to this severity wait for the central system.
        case offlineSeverity
        /// How it is secured: O of its certificate, waits and repeats of requests for it, tries of a network profile, by how
        /// much its clock may be set without a word.
        // Both directions (2.1), some by EVSE: W of the meter upstream, mHz.
        case setpointPriority, v2xEnabled(Int), frequencyThreshold(Int), loadBalancing(Int, LoadBalancing)
        case organization, signingWait, signingRepeats, networkAttempts, clockThreshold
    }
    enum LoadBalancing: String, Hashable, Sendable, CaseIterable {
        case lowerThreshold = "LowerThreshold"
        case upperThreshold = "UpperThreshold"
        case lowerOffset = "LowerOffset"
        case upperOffset = "UpperOffset"
    }
    enum Kind: Hashable, Sendable {
        case text
        /// Whole, of either sign.
        case signed(unit: String? = nil)
        /// Whole, 0 or more.
        case number(unit: String? = nil, most: Int64? = nil)
        case flag
        case measurands
        /// Some of these.
        case members([String])
        /// One of these.
        case option([String])
        /// Written and never read; the value is not here.
        case secret
    }
    /// In 1.6 only a variable.
    struct Name: Hashable, Sendable {
        var component = ""
        var evse: Int?
        var connector: Int?
        var variable: String
        var instance: String?

        /// Names are compared without case.
        func matches(_ other: Name) -> Bool {
            isAt(other) && variable.lowercased() == other.variable.lowercased()
                && instance?.lowercased() == other.instance?.lowercased()
        }
        /// Of the same component.
        func isAt(_ other: Name) -> Bool {
            component.lowercased() == other.component.lowercased() && evse == other.evse
                && connector == other.connector
        }
    }
    struct Entry: Hashable, Sendable {
        let name: Name
        var value: String
        var kind = Kind.text
        var isReadOnly = true
        var parameter: Parameter?
    }

    private(set) var entries: [Entry]
    /// Lists of measurands, read once.
    private var lists: [Parameter: [MeterSample.Measurand]] = [:]
    /// What its meters can show.
    private let known: [MeterSample.Measurand]

    init(_ entries: [Entry], measurands known: [MeterSample.Measurand]) {
        self.entries = entries
        self.known = known
        for entry in entries {
            if entry.kind == .measurands, let parameter = entry.parameter {
                lists[parameter] = measurands(of: entry.value)
            }
        }
    }

    func text(_ parameter: Parameter) -> String { entries.first { $0.parameter == parameter }?.value ?? "" }
    func number(_ parameter: Parameter) -> Int { Int(text(parameter)) ?? 0 }
    func flag(_ parameter: Parameter) -> Bool { text(parameter) == "true" }
    func measurands(_ parameter: Parameter) -> [MeterSample.Measurand] { lists[parameter] ?? [] }

    func index(of name: Name) -> Int? { entries.firstIndex { $0.name.matches(name) } }

    mutating func set(_ parameter: Parameter, to value: String) {
        if let i = entries.firstIndex(where: { $0.parameter == parameter }) { entries[i].value = value }
    }

    /// What the station itself says of an entry.
    mutating func put(_ name: Name, _ value: String) {
        if let i = index(of: name) { entries[i].value = value }
    }

    /// - Returns: whether the entry takes the value.
    mutating func change(_ i: Int, to value: String) -> Bool {
        let entry = entries[i]
        guard !entry.isReadOnly else { return false }
        var value = value
        switch entry.kind {
        case .text: guard value.utf8.count <= 500 else { return false }
        case .number(_, let most):
            guard let number = Int64(value), (0...(most ?? 10_000_000)).contains(number) else { return false }
        case .signed: guard Int64(value).map({ abs($0) <= 10_000_000 }) ?? value.isEmpty else { return false }
        case .flag:
            value = value.lowercased()
            guard ["true", "false"].contains(value) else { return false }
        case .measurands:
            guard let words = measurands(of: value) else { return false }
            value = words.map(\.rawValue).joined(separator: ",")
            if let parameter = entry.parameter { lists[parameter] = words }
        case .members(let words):
            guard value.split(separator: ",").allSatisfy({ words.contains(String($0)) }) else { return false }
        case .option(let words): guard words.contains(value) else { return false }
        case .secret: return false
        }
        entries[i].value = value
        return true
    }

    /// `nil` when one of them is none of the station's.
    private func measurands(of list: String) -> [MeterSample.Measurand]? {
        let words = list.split(separator: ",").map { MeterSample.Measurand(rawValue: String($0.trimmingSpaces)) }
        let found = words.compactMap { $0 }.filter(known.contains)
        return found.count == words.count ? found : nil
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
