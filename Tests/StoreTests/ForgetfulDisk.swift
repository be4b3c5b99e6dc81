import Foundation
import Quantities
import Synchronization

/// A folder on a disk that forgets what was not synced (`Tests/durability/forget.c`, preloaded into the probe).
struct ForgetfulDisk {
    let data: String
    let shadow: String
    let room: String

    init(_ scratch: ScratchFolder) throws {
        data = scratch.path + "/data"
        shadow = scratch.path + "/shadow"
        room = scratch.path + "/room"
        for folder in [data, shadow + "/content", shadow + "/names"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
    }

    func environment() throws -> [String: String] {
        [
            "LD_PRELOAD": try ForgetfulDisk.library.get(), "FORGET_DATA": data, "FORGET_SHADOW": shadow,
            "FORGET_ROOM": room,
        ]
    }

    /// What a machine would find after a loss of power: synced content under synced names; of writes since then, each
    /// 512-byte sector is there with probability `torn`, for a disk keeps some of them, in any order.
    func recover(into target: String, torn: Double, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: shadow + "/names").sorted()
        where name.hasPrefix("tidewatt.sqlite") && !name.hasSuffix("-shm") {
            guard var content = FileManager.default.contents(atPath: shadow + "/content/" + name) else { continue }
            if torn > 0, let actual = FileManager.default.contents(atPath: data + "/" + name) {
                var offset = 0
                while offset < actual.count {
                    let end = min(offset + 512, actual.count)
                    if random.unit() < torn {
                        if content.count < end { content.append(Data(count: end - content.count)) }
                        content.replaceSubrange(offset..<end, with: actual[offset..<end])
                    }
                    offset = end
                }
            }
            try content.write(to: URL(filePath: target + "/" + name))
        }
    }

    /// Built once a test run.
    private static let library: Result<String, ProbeFault> = {
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "durability/forget.c").path
        guard let folder = try? ScratchFolder() else { return .failure(ProbeFault(what: "no temporary folder")) }
        let target = folder.path + "/forget.so"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["cc", "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl"]
        do { try process.run() } catch { return .failure(ProbeFault(what: "no C compiler: \(error)")) }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return .failure(ProbeFault(what: "forget.c does not build")) }
        return .success(target)
    }()
}

/// A folder of its own for one test. All of them are removed when the process ends: one that went with its last use would
/// go while a store still has it open.
struct ScratchFolder: Sendable {
    let path: String
    init() throws {
        var template = Array((NSTemporaryDirectory() + "/tidewatt-store-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw ProbeFault(what: "no temporary folder") }
        // As the system sees it: the preloaded library compares resolved paths.
        path =
            URL(filePath: String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
            .resolvingSymlinksInPath().path
        ScratchFolder.made.withLock { [path] made in
            if made.isEmpty { atexit { ScratchFolder.removeAll() } }
            made.append(path)
        }
    }

    private static let made = Mutex<[String]>([])
    private static func removeAll() {
        for path in made.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }
}
