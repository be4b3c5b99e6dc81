import ArgumentParser
import Console
import Credentials
import Documents
import Foundation
import OCPPMessages
import Operations
import Store

/// `tidewatt serve`: the platform until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: words(
            "Run the platform: OCPP listener, planning and dispatch, API and console.",
            "运行平台：OCPP 接入、计划与调度、API 与控制台。"),
        discussion: words(
            "Example: tidewatt serve --config tidewatt.yaml --data /var/lib/tidewatt",
            "示例：tidewatt serve --config tidewatt.yaml --data /var/lib/tidewatt"))

    @Option(help: ArgumentHelp(words("Configuration file (YAML).", "配置文件（YAML）。"), valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp(words("Folder for everything that lasts.", "数据目录。"), valueName: "dir"))
    var data = "tidewatt-data"
    @Flag(help: ArgumentHelp(words("No sign-in and no tokens; loopback only.", "免登录、免令牌，仅限本机回环地址。")))
    var open = false
    @Option(help: ArgumentHelp(words("API and console, ADDRESS:PORT.", "API 与控制台监听地址。"), valueName: "address"))
    var http: String?
    @Option(help: ArgumentHelp(words("OCPP listener, ADDRESS:PORT.", "OCPP 监听地址。"), valueName: "address"))
    var ocpp: String?
    @Flag(help: ArgumentHelp(words("Print a complete configuration file and end.", "打印完整配置示例后退出。")))
    var printConfig = false

    func run() async throws {
        var settings = ServeConfiguration()
        if let config { try settings.read(FileAccess.read(config), file: config) }
        try settings.read(environment: ProcessInfo.processInfo.environment)
        if let http { settings.http = try endpoint(http, "--http") }
        if let ocpp { settings.ocpp = try endpoint(ocpp, "--ocpp") }
        if printConfig { return Output.write(settings.printed) }

        if let host = settings.files?.host, ["0.0.0.0", "::"].contains(host), settings.filesPublicURL.isEmpty {
            throw Refusal(.filesURLNeeded(host))
        }
        if settings.files != nil, settings.filesOverTLS, settings.ocpps == nil { throw Refusal(.filesTLSNeedsListener) }
        let console = ConsoleConfiguration(host: settings.http.host, port: settings.http.port, open: open)
        // Before the data directory is made: a refused call leaves nothing behind.
        do { try console.check() } catch {
            switch error {
            case .openBeyondLoopback(let host): throw Refusal(.openBeyondLoopback(host))
            }
        }

        let log = StructuredLog(level: settings.logLevel)
        let platform: Platform
        do {
            platform = try Platform(configuration: settings, directory: data, clock: .real, log: log)
        } catch let fault as StoreFault {
            throw Refusal(fault.message)
        } catch let fault as CredentialFault {
            throw Refusal(fault.message)
        }
        try await PlatformServer(platform: platform, open: open).run(until: Signals.termination())
    }

    private func endpoint(_ text: String, _ option: String) throws -> ServeConfiguration.Endpoint {
        guard let endpoint = ServeConfiguration.Endpoint(text) else {
            throw Refusal(.addressNeeded(option, text))
        }
        return endpoint
    }
}
