import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

/// Firmware and logs at a simulated station: what it tells, what it wishes of the network, what goes wrong.
@Suite("Transfers") struct TransferTests {
    private static func bench(_ fault: StationFaults.Transfer? = nil) -> Bench201 {
        var settings = StationSettings(identity: "CP-1")
        settings.faults.transfer = fault
        var b = Bench201(settings)
        _ = b.newStory()
        return b
    }

    private static func update(_ b: inout Bench201, signed: Bool = true, retries: Int? = nil) -> V2.Response? {
        b.call(
            .updateFirmware(
                .init(
                    requestId: 9,
                    firmware: .init(
                        location: "http://h/pile-2.bin", retrieveDateTime: t0,
                        signingCertificate: signed ? "PEM" : nil, signature: signed ? "c2ln" : nil),
                    retries: retries, retryInterval: 5)))
    }

    private static func story(_ b: inout Bench201) -> [String] {
        b.newStory().filter { $0.hasPrefix("firmware") || $0.hasPrefix("log") }
    }

    @Test(arguments: [
        (StationFaults.Transfer.downloadFails, ["Downloading", "DownloadFailed"]),
        (.badSignature, ["Downloading", "Downloaded", "InvalidSignature"]),
        (.installFails, ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallationFailed"]),
        (.installHangs, ["Downloading", "Downloaded", "SignatureVerified", "Installing"]),
        (
            .rebootsWhileDownloading,
            [
                "Downloading", "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting",
                "Installed",
            ]
        ),
    ]) func `each fault has its course`(_ fault: StationFaults.Transfer, _ told: [String]) {
        var b = Self.bench(fault)
        #expect(Self.update(&b) == .updateFirmware(.init(status: .accepted)))
        b.run(for: .minutes(5))
        #expect(Self.story(&b) == told.map { "firmware \($0) 9" })
        #expect(b.station.settings.firmware == (told.last == "Installed" ? "pile-2" : "1.0.0"))
        #expect(b.faults == [])
    }

    @Test func `a bad certificate refuses the order itself`() {
        var b = Self.bench(.badCertificate)
        #expect(Self.update(&b) == .updateFirmware(.init(status: .invalidCertificate)))
        #expect(Self.update(&b, signed: false) == .updateFirmware(.init(status: .accepted)))
    }

    @Test func `it tries again as often as it was told`() {
        var b = Self.bench(.downloadFails)
        _ = Self.update(&b, retries: 2)
        b.run(for: .minutes(2))
        #expect(
            Self.story(&b) == [
                "firmware Downloading 9", "firmware Downloading 9", "firmware Downloading 9",
                "firmware DownloadFailed 9",
            ])
    }

    @Test func `a newer order ends an older one`() {
        var b = Self.bench(.installHangs)
        _ = Self.update(&b)
        b.run(for: .seconds(3))
        #expect(Self.update(&b) == .updateFirmware(.init(status: .acceptedCanceled)))
    }

    @Test func `nobody's charging is ended for new firmware`() {
        var b = Self.bench()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(10))
        _ = Self.update(&b)
        b.run(for: .minutes(10))
        #expect(!Self.story(&b).contains("firmware Installing 9"))
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(3))
        #expect(Self.story(&b).last == "firmware Installed 9")
    }

    @Test func `a log that is not taken fails`() {
        var b = Self.bench(.uploadFails)
        _ = b.call(
            .getLog(.init(log: .init(remoteLocation: "http://h/up"), logType: .securityLog, requestId: 4)))
        b.run(for: .minutes(1))
        #expect(Self.story(&b) == ["log Uploading 4", "log UploadFailure 4"])
    }
}
