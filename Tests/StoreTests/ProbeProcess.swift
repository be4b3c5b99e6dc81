import Foundation

/// A running `store-probe`, with its lines read as they come.
final class ProbeProcess {
    private let process: pid_t
    private let output: Int32
    private var rest: [UInt8] = []
    private(set) var acknowledged: [Int] = []
    private(set) var lines: [String] = []

    /// - Parameter environment: added to this process's own.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let program = ProbeProcess.products + "/store-probe"
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw ProbeFault(what: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, nil, &argv, &envp)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw ProbeFault(what: "\(program) does not start: \(String(cString: strerror(code)))")
        }
        self.process = process
        output = ends[0]
    }

    deinit { close(output) }

    /// Reads on until `condition` holds; `false` when the process ended before.
    func read(until condition: (ProbeProcess) -> Bool) -> Bool {
        while !condition(self) {
            if !readSome() { return condition(self) }
        }
        return true
    }

    /// Kills it as a power cut would, and reads what it had said before.
    func kill() {
        Foundation.kill(process, SIGKILL)
        finish()
    }

    /// Reads to its end.
    @discardableResult
    func finish() -> Int32 {
        while readSome() {}
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return status
    }

    private func readSome() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        let count = Foundation.read(output, &chunk, chunk.count)
        guard count > 0 else { return false }
        rest.append(contentsOf: chunk[..<count])
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeSubrange(...end)
            lines.append(line)
            if line.hasPrefix("ack "), let number = Int(line.dropFirst(4)) { acknowledged.append(number) }
        }
        return true
    }

    /// Where this build's programs lie: beside the test bundle.
    private static let products: String = {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (program as NSString).deletingLastPathComponent
    }()
}

struct ProbeFault: Error { let what: String }
