import Foundation
import Testing

@Suite("Generated messages") struct GeneratedTests {
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["TIDEWATT_PYTHON"] != nil,
            "TIDEWATT_PYTHON names no interpreter with PyPI ocpp 2.1.0"))
    func `running the generator again changes nothing`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let check = Process()
        check.executableURL = root.appending(path: "Tools/ocpp-messages/check.sh")
        check.environment = [
            "PYTHON": ProcessInfo.processInfo.environment["TIDEWATT_PYTHON"] ?? "", "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
        let output = Pipe()
        check.standardOutput = output
        check.standardError = output
        try check.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(text)")
    }
}
