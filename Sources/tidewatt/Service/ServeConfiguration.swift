import Documents
import Operations
import Quantities

/// Everything `tidewatt serve` can be told by file, environment and flags; later ones win.
struct ServeConfiguration: Sendable {
    struct Endpoint: Hashable, Sendable {
        var host: String
        var port: Int
    }
    var http = Endpoint(host: "127.0.0.1", port: 8080)
    var ocpp = Endpoint(host: "127.0.0.1", port: 9000)
    /// `nil`: no TLS listener.
    var ocpps: Endpoint?
    /// `nil`: stations fetch and bring no files here.
    var files: Endpoint?
    /// The address of ``files`` as stations reach it; empty: the listener's own.
    var filesPublicURL = ""
    /// ``files`` speaks TLS, with the certificates of the OCPP listener.
    var filesOverTLS = false
    var firmwareMegabytes = 512
    var logMegabytes = 64
    var filesTotalMegabytes = 8192
    var logDays = 30
    var signingKey = ""
    var signingCertificate = ""
    var tls = TLS()
    /// Empty texts stand for "our own".
    struct TLS: Hashable, Sendable {
        var certificate = ""
        var key = ""
        var secondCertificate = ""
        var secondKey = ""
        var stationRoots = ""
        var organization = "Tidewatt"
        var serverNames = "localhost, 127.0.0.1"
        var acceptExpired = ""

        var names: [String] { Self.list(serverNames) }
        var mayBeExpired: Set<String> { Set(Self.list(acceptExpired)) }
        private static func list(_ text: String) -> [String] {
            text.split { $0 == "," || $0 == " " }.map(String.init)
        }
    }
    var plugAndCharge = PlugAndCharge()
    /// Empty texts stand for "none".
    struct PlugAndCharge: Hashable, Sendable {
        var roots = ""
        var contractProvider = ""
        var ocspHosts = ""
        var certificate = ""
        var key = ""

        var hosts: [String] { ocspHosts.split { $0 == "," || $0 == " " }.map(String.init) }
    }
    var payment = PaymentSettings()
    /// Empty texts stand for "none".
    struct PaymentSettings: Hashable, Sendable {
        var provider = ""
        var keyFile = ""
        var publicURL = ""
        var terminals = false
    }
    var acceptUnknownStations = false
    var acceptUnknownTokens = false
    var commissioning = true
    var certificateAlarmDays = 30
    var heartbeatSeconds = 300
    var sampleSeconds = 60
    var replanSeconds = 300
    var horizonHours = 36
    var stepMinutes = 15
    var maxMessageBytes = 65_536
    var maxConnections = 16_000
    var shards = 2
    var stopSeconds = 60
    var messageDays = 30
    var readingDays = 730
    var logLevel = StructuredLog.Level.info

    /// One row a key: how it is read, printed and explained. The file, `TIDEWATT_…` variables and `--print-config` all
    /// go by this table.
    private struct Key {
        let section: String
        let name: String
        let help: String
        let allowed: Message
        let text: @Sendable (ServeConfiguration) -> String
        /// `false` when the text is not allowed.
        let set: @Sendable (inout ServeConfiguration, String) -> Bool
        var variable: String { "TIDEWATT_\(section)_\(name)".uppercased() }
    }

    private static func number(
        _ section: String, _ name: String, _ path: any WritableKeyPath<ServeConfiguration, Int> & Sendable,
        _ range: ClosedRange<Int>, _ help: String
    ) -> Key {
        Key(
            section: section, name: name, help: help,
            allowed: .wholeNumber(range),
            text: { String($0[keyPath: path]) },
            set: { configuration, text in
                guard let value = Int(text), range.contains(value) else { return false }
                configuration[keyPath: path] = value
                return true
            })
    }
    private static func flag(
        _ section: String, _ name: String, _ path: any WritableKeyPath<ServeConfiguration, Bool> & Sendable,
        _ help: String
    ) -> Key {
        Key(
            section: section, name: name, help: help, allowed: .trueOrFalse,
            text: { String($0[keyPath: path]) },
            set: { configuration, text in
                guard let value = Bool(text) else { return false }
                configuration[keyPath: path] = value
                return true
            })
    }
    private static func endpoint(
        _ name: String, _ path: any WritableKeyPath<ServeConfiguration, Endpoint> & Sendable, _ help: String
    ) -> Key {
        Key(
            section: "listen", name: name, help: help, allowed: .addressAndPort,
            text: { "\"\($0[keyPath: path].host):\($0[keyPath: path].port)\"" },
            set: { configuration, text in
                guard let value = Endpoint(text) else { return false }
                configuration[keyPath: path] = value
                return true
            })
    }

    private static func text(
        _ name: String, _ path: any WritableKeyPath<ServeConfiguration, String> & Sendable, _ help: String,
        allowed: Message = .pathOrNone, mayBeEmpty: Bool = true, section: String = "tls"
    ) -> Key {
        Key(
            section: section, name: name, help: help, allowed: allowed,
            text: { "\"\($0[keyPath: path])\"" },
            set: { configuration, text in
                guard mayBeEmpty || !text.isEmpty, !text.contains("\""), !text.contains("\n") else { return false }
                configuration[keyPath: path] = text
                return true
            })
    }

    private static let keys: [Key] = [
        endpoint("http", \.http, "API and console"),
        endpoint("ocpp", \.ocpp, "OCPP-J, path /ocpp/{identity}"),
        Key(
            section: "listen", name: "ocpps", help: "OCPP-J over TLS 1.2 and 1.3, security profiles 2 and 3",
            allowed: .addressAndPortOrNone,
            text: { "\"\($0.ocpps.map { "\($0.host):\($0.port)" } ?? "")\"" },
            set: { configuration, text in
                guard text.isEmpty || Endpoint(text) != nil else { return false }
                configuration.ocpps = Endpoint(text)
                return true
            }),
        Key(
            section: "listen", name: "files", help: "where stations fetch firmware and bring logs, HTTP",
            allowed: .addressAndPortOrNone,
            text: { "\"\($0.files.map { "\($0.host):\($0.port)" } ?? "")\"" },
            set: { configuration, text in
                guard text.isEmpty || Endpoint(text) != nil else { return false }
                configuration.files = Endpoint(text)
                return true
            }),
        text(
            "certificate", \.tls.certificate, "server certificate with its chain, PEM; empty: made by our own authority"
        ),
        text("key", \.tls.key, "its key, PEM, mode 600"),
        text("second_certificate", \.tls.secondCertificate, "a second one, so that there is one ECDSA and one RSA"),
        text("second_key", \.tls.secondKey, "its key"),
        text("station_roots", \.tls.stationRoots, "roots of station certificates, PEM; empty: our own authority"),
        text(
            "organization", \.tls.organization, "O of station certificates and of what our authority makes",
            allowed: .aName, mayBeEmpty: false),
        text(
            "server_names", \.tls.serverNames, "names in the server certificates that our authority makes",
            allowed: .hostList, mayBeEmpty: false),
        text(
            "accept_expired", \.tls.acceptExpired, "stations that may come with an expired certificate to renew it",
            allowed: .identityList),
        number(
            "tls", "certificate_alarm_days", \.certificateAlarmDays, 1...365,
            "an alarm this long before a station's certificate ends"),
        text(
            "roots", \.plugAndCharge.roots,
            "roots of contract certificates and OCSP responders, PEM; empty: no contract is accepted",
            section: "iso15118"),
        text(
            "contract_provider", \.plugAndCharge.contractProvider,
            "service that gives contract certificates to vehicles; empty: none", allowed: .addressOrNone,
            section: "iso15118"),
        text(
            "ocsp_hosts", \.plugAndCharge.ocspHosts,
            "OCSP responders that may be asked; empty: none, and no status is known", allowed: .hostsWithPorts,
            section: "iso15118"),
        text(
            "certificate", \.plugAndCharge.certificate,
            "authority that signs certificates of stations towards vehicles, PEM with its chain; empty: none is signed",
            section: "iso15118"),
        text("key", \.plugAndCharge.key, "its key, PEM, mode 600", section: "iso15118"),
        Key(
            section: "files", name: "public_url",
            help: "listen.files as stations reach it; empty: http(s):// and the listener's own address",
            allowed: .webAddressOrNone,
            text: { "\"\($0.filesPublicURL)\"" },
            set: { configuration, text in
                let isAddress = text.hasPrefix("http://") || text.hasPrefix("https://")
                guard text.isEmpty || isAddress, text.utf8.count <= 200, !text.hasSuffix("/"),
                    text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") })
                else { return false }
                configuration.filesPublicURL = text
                return true
            }),
        flag(
            "files", "tls", \.filesOverTLS,
            "listen.files speaks TLS with the certificates of the section tls; only together with listen.ocpps"),
        number("files", "firmware_megabytes", \.firmwareMegabytes, 1...16_384, "largest firmware image"),
        number("files", "log_megabytes", \.logMegabytes, 1...16_384, "largest log that a station may bring"),
        number("files", "total_megabytes", \.filesTotalMegabytes, 1...1_048_576, "all files together"),
        number("files", "log_days", \.logDays, 1...3650, "logs kept this long"),
        text(
            "signing_key", \.signingKey,
            "key that signs firmware, PEM, mode 600; empty: signatures come with the image",
            section: "files"),
        text("signing_certificate", \.signingCertificate, "its certificate, PEM", section: "files"),
        text(
            "provider", \.payment.provider, "service that reserves and takes payments, see payments.md; empty: none",
            allowed: .addressOrNone, section: "payment"),
        text(
            "key_file", \.payment.keyFile, "file with the token it asks for, mode 600; empty: none", section: "payment"),
        text(
            "public_url", \.payment.publicURL,
            "the console as drivers reach it, for their receipts; empty: receipts have no address",
            allowed: .addressOrNone, section: "payment"),
        flag(
            "payment", "terminals", \.payment.terminals,
            "may what a station's own payment terminal authorized charge when no provider here knows it?"),
        flag("stations", "accept_unknown", \.acceptUnknownStations, "may an unregistered identity connect?"),
        flag("stations", "accept_unknown_tokens", \.acceptUnknownTokens, "may an unknown id token charge?"),
        flag("stations", "commissioning", \.commissioning, "read abilities and test profiles on first contact"),
        number("stations", "heartbeat_seconds", \.heartbeatSeconds, 10...86_400, "interval told in BootNotification"),
        number("stations", "sample_seconds", \.sampleSeconds, 5...3600, "meter value interval set on first contact"),
        number("planning", "replan_seconds", \.replanSeconds, 60...3600, "a new plan at least this often"),
        number("planning", "horizon_hours", \.horizonHours, 6...72, "how far a plan looks ahead"),
        number("planning", "step_minutes", \.stepMinutes, 5...60, "length of a plan's slots"),
        number("limits", "message_bytes", \.maxMessageBytes, 1024...1_048_576, "largest OCPP message"),
        number("limits", "connections", \.maxConnections, 1...19_000, "most stations connected at a time"),
        number("limits", "shards", \.shards, 1...64, "event loops of the OCPP listener"),
        number("limits", "stop_seconds", \.stopSeconds, 1...3600, "an end that takes longer is cut off with status 3"),
        number("store", "message_days", \.messageDays, 1...3650, "protocol log kept this long"),
        number("store", "reading_days", \.readingDays, 1...36_500, "readings kept this long"),
        Key(
            section: "log", name: "level", help: "debug, info, warning or error",
            allowed: .logLevels,
            text: { $0.logLevel.name },
            set: { configuration, text in
                guard let level = StructuredLog.Level.allCases.first(where: { $0.name == text }) else { return false }
                configuration.logLevel = level
                return true
            }),
    ]

    /// - Throws: ``Problems`` naming file, line and what is allowed; an unknown key is one.
    mutating func read(_ bytes: [UInt8], file: String) throws(Problems) {
        // A file in which everything is commented out is a usual one.
        let says = bytes.split(separator: UInt8(ascii: "\n")).contains { line in
            line.first { $0 > UInt8(ascii: " ") }.map { $0 != UInt8(ascii: "#") } ?? false
        }
        guard says else { return }
        let document = try YAMLDocument(bytes, file: file)
        var problems = ProblemList()
        let sections = Set(Self.keys.map(\.section)).sorted()
        if document.root.isNull { return }
        guard document.root.mapping != nil else {
            throw Problems(document.root.problem(.sectionsNeeded(allowed: sections.joined(separator: ", "))))
        }
        document.root.checkKeys(allowed: sections, into: &problems)
        for section in sections {
            guard let node = document.root[section] else { continue }
            let keys = Self.keys.filter { $0.section == section }
            guard node.mapping != nil else {
                if !node.isNull {
                    problems.add(node.problem(.keysNeeded(allowed: keys.map(\.name).joined(separator: ", "))))
                }
                continue
            }
            node.checkKeys(allowed: keys.map(\.name), into: &problems)
            for key in keys {
                guard let value = node[key.name] else { continue }
                guard let text = value.text, key.set(&self, text) else {
                    problems.add(
                        value.problem(.settingNotAllowed("\(section).\(key.name)", allowed: key.allowed)))
                    continue
                }
            }
        }
        try problems.throwIfAny()
    }

    /// `TIDEWATT_LISTEN_HTTP=127.0.0.1:0` and so on, one variable a key.
    mutating func read(environment: [String: String]) throws(Refusal) {
        for key in Self.keys {
            guard let text = environment[key.variable] else { continue }
            guard key.set(&self, text) else {
                throw Refusal(.variableNotAllowed(key.variable, text, allowed: key.allowed))
            }
        }
    }

    /// A complete configuration file with every key, its meaning and its value.
    var printed: String {
        var text = "# Tidewatt: every key with its present value. Each can be set by an environment variable, too.\n"
        var section = ""
        for key in Self.keys {
            if key.section != section {
                section = key.section
                text += "\n\(section):\n"
            }
            text += "  # \(key.help) (\(key.allowed.en); \(key.variable))\n  \(key.name): \(key.text(self))\n"
        }
        return text
    }
}

extension ServeConfiguration.Endpoint {
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port)
    }
}

extension CoreConfiguration {
    init(_ settings: ServeConfiguration, tokenMarker: TokenMarker) {
        self.init(tokenMarker: tokenMarker)
        acceptUnknownStations = settings.acceptUnknownStations
        acceptUnknownTokens = settings.acceptUnknownTokens
        commissioning = settings.commissioning
        certificateAlarm = .days(settings.certificateAlarmDays)
        heartbeat = .seconds(settings.heartbeatSeconds)
        sampleInterval = .seconds(settings.sampleSeconds)
        replanInterval = .seconds(settings.replanSeconds)
        planStep = .seconds(settings.stepMinutes * 60)
        planHorizon = .seconds(settings.horizonHours * 3600)
        paysThroughProvider = !settings.payment.provider.isEmpty
        acceptsTerminals = settings.payment.terminals
    }

    /// On a fast virtual clock a round trip on real sockets takes domain time: what waits for one must wait for so much
    /// longer, or every answer would be late and every pile disobedient.
    mutating func fit(clockSpeed speed: Double) {
        func real(_ milliseconds: Double) -> Duration { .seconds(Int64((speed * milliseconds / 1000).rounded(.up))) }
        guard speed > 1 else { return }
        dispatch.settleAfter += .milliseconds(Int64((speed - 1) * 150))
        // Each sample waits for the disk: a station that sends the next one sooner falls behind for good.
        steeredSampleInterval = max(steeredSampleInterval, real(500))
        dispatch.meterStaleAfter = max(dispatch.meterStaleAfter, real(1000))
        dispatch.followWithin += real(250)
        dispatch.deadMan = max(dispatch.deadMan, real(1200))
        dispatch.deadManRenewBefore = max(dispatch.deadManRenewBefore, real(600))
        dispatch.evseStaleAfter = max(dispatch.evseStaleAfter, real(2000))
    }
}
