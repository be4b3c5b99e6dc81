import ArgumentParser
import Credentials
import Documents
import Quantities
import Simulation

/// How the stations of `simulate` prove themselves and whom they believe.
struct SimulatedSecurityOptions: ParsableArguments {
    @Option(
        help: help(
            "OCPP security profile, 0 to 3 (what the address and --password allow: 0, 1 or 2).",
            "OCPP 安全等级，0 至 3（默认按地址与 --password 取 0、1 或 2）。"), transform: Self.profile)
    var securityProfile: Int?
    @Option(
        help: help(
            "PEM file of the roots that the stations believe the central system by (this machine's).",
            "PEM 文件：桩用来验证中心系统的根证书（默认本机的根证书）。"))
    var trust: String?
    @Option(
        help: help(
            "Folder of the stations' certificates with their keys, IDENTITY.pem (none); new ones are kept there.",
            "桩证书及其私钥所在目录，文件名为 桩标识.pem（默认无）；新证书也保存在此。"))
    var certificates: String?
    @Option(
        help: help(
            "Where security profiles 2 and 3 are served, if not at --url: wss://HOST:PORT/PATH.",
            "安全等级 2、3 的接入地址，若与 --url 不同：wss://主机:端口/路径。"))
    var secureUrl: String?
    @Option(
        help: help("Organization in the stations' certificates (Tidewatt).", "桩证书中的组织名（默认 Tidewatt）。"))
    var organization = "Tidewatt"

    private static func profile(_ text: String) throws -> Int {
        guard let profile = Int(text), (0...3).contains(profile) else {
            throw ValidationError(.securityProfileNeeded(text))
        }
        return profile
    }

    /// The members of a fleet with what these options give them.
    func secured(
        _ members: [StationFleet.Member], at endpoint: StationEndpoint, password: String?, now: Instant
    ) throws -> [StationFleet.Member] {
        let profile = securityProfile ?? (endpoint.isEncrypted ? (password == nil ? 3 : 2) : password == nil ? 0 : 1)
        let secure = try secureEndpoint() ?? (endpoint.isEncrypted ? endpoint : nil)
        if profile >= 2 {
            guard secure != nil else { throw Refusal(.tlsForProfile(profile)) }
        } else {
            guard !endpoint.isEncrypted else { throw Refusal(.plainForProfile(profile)) }
        }
        guard password != nil || profile == 0 || profile == 3 else { throw Refusal(.passwordForProfile(profile)) }
        guard certificates != nil || profile < 3 else { throw Refusal(.certificatesForProfile) }
        do {
            let folder = try certificates.map { try StationFolder($0) }
            let roots = try trust.map { file in
                try StationCertificate.chain(pem: String(decoding: FileAccess.read(file), as: UTF8.self))
            }
            return try members.map { member in
                var settings = member.settings
                settings.security.profile = profile
                settings.security.organization = organization
                settings.security.url = endpoint.description
                settings.security.secureURL = secure?.description
                settings.security.roots = roots ?? []
                settings.security.trustsSystem = roots == nil
                // A central system of plain 1.6 does not know the message.
                settings.security.tellsEvents = settings.version != .v16 || profile > 0
                var entry = try folder?.entry(of: settings.identity)
                if let own = entry, own.chain[0].notAfter < now { entry = nil }
                if profile == 3, entry == nil, password == nil, let folder {
                    throw Refusal(.stationCertificateMissing(folder.file(of: settings.identity)))
                }
                settings.security.chain = entry?.chain ?? []
                var secured = StationFleet.Member(settings: settings, password: password, stays: member.stays)
                secured.visits = member.visits
                secured.priorityAfter = member.priorityAfter
                secured.key = entry?.key
                secured.folder = folder
                return secured
            }
        } catch let fault as CredentialFault {
            throw Refusal(fault.message)
        }
    }

    private func secureEndpoint() throws -> StationEndpoint? {
        guard let secureUrl else { return nil }
        let endpoint: StationEndpoint
        do { endpoint = try StationEndpoint(secureUrl) } catch { throw Refusal(.secureURLUnusable(error.message)) }
        guard endpoint.isEncrypted else { throw Refusal(.secureURLUnusable(.encryptedAddressNeeded)) }
        return endpoint
    }
}
