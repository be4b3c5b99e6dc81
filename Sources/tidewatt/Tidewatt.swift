import ArgumentParser
import Foundation

/// The root command; each file in `Commands/` is one of its subcommands.
struct Tidewatt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidewatt",
        abstract: words(
            "Tidewatt: smart charging and vehicle-grid interaction for a site, an operator or a city.",
            "潮电：面向小区、运营商与城市的有序充电和车网互动平台。"),
        discussion: words(
            "Exit status: 0 done; 1 done, and the answer is \"no\"; 2 the input or the call is wrong; 3 our own fault.",
            "退出状态：0 完成；1 完成且结论为“否”；2 输入或调用有误；3 程序自身故障。"),
        subcommands: [
            ServeCommand.self, DemoCommand.self, SimulateCommand.self, PlanCommand.self, FlexCommand.self,
            TariffCommand.self, EvaluateCommand.self, AdminCommand.self,
        ]
    )
    @Flag(help: help("Version and build, for a bug report.", "版本与构建标识，供反馈问题时使用。"))
    var version = false

    func run() async throws {
        guard version else { throw CleanExit.helpRequest(self) }
        Output.write(BuildIdentity.text + "\n")
    }
}

@main
enum Program {
    static func main() async {
        // A reader that closes the pipe early (`tidewatt … | head`) is no reason to die half way through a write.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Tidewatt.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let (code, message, isAnswer) = ExitStatus.judge(error)
            if !message.isEmpty {
                if isAnswer { Output.write(message + "\n") } else { Output.complain(message) }
            }
            exit(code)
        }
    }
}
