import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// Firmware and logs: from the order to the end that the station tells.
@Suite("Jobs") struct JobTests {
    private static func order(_ kind: StationJob.Kind, _ location: String = "https://fw/a.bin") -> JobOrder {
        var order = JobOrder(kind: kind, location: location)
        if kind == .log { order.log = .diagnostics }
        return order
    }

    private static func booted(_ version: OCPPVersion, _ firmware: String = "1") -> Dialogue {
        var d = Dialogue()
        d.connect("P", version)
        boot(&d, version, firmware)
        return d
    }

    private static func boot(_ d: inout Dialogue, _ version: OCPPVersion, _ firmware: String) {
        switch version {
        case .v16:
            d.say(
                "P", "BootNotification",
                #"{"chargePointVendor":"V","chargePointModel":"M","firmwareVersion":"\#(firmware)"}"#)
        case .v201, .v21:
            d.say(
                "P", "BootNotification",
                #"{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M","firmwareVersion":"\#(firmware)"}}"#
            )
        }
    }

    private static func jobs(_ d: Dialogue) -> [StationJob] { d.core.liveJobs(of: StationID("P")) }
    private static func tell(_ d: inout Dialogue, _ word: String, _ number: Int? = nil) {
        let more = number.map { ",\"requestId\":\($0)" } ?? ""
        #expect(d.say("P", "FirmwareStatusNotification", #"{"status":"\#(word)"\#(more)}"#) == "{}")
    }

    @Test(arguments: OCPPVersion.allCases)
    func `an order is a command, and its end comes from what the station tells`(_ version: OCPPVersion) throws {
        var d = Self.booted(version)
        d.order(.askJob(StationID("P"), Self.order(.firmware), file: "f", timeout: .seconds(30)))
        #expect(Self.jobs(d).map(\.state) == [.asked])
        d.answer("P", "UpdateFirmware", version == .v16 ? "{}" : #"{"status":"Accepted"}"#)
        let job = try #require(Self.jobs(d).first)
        #expect(job.state == .accepted && job.file == "f" && job.firmwareBefore == "1")
        let number = version == .v16 ? nil : job.order.number
        for word in ["Downloading", "Downloaded", "Installing", "Installed"] { Self.tell(&d, word, number) }
        #expect(Self.jobs(d).map(\.state) == [.done] && Self.jobs(d)[0].firmwareAfter == nil)
        Self.boot(&d, version, "2")
        #expect(Self.jobs(d)[0].firmwareAfter == "2")
        #expect(d.core.stationView(StationID("P"))?.firmware == Self.jobs(d)[0])
        #expect(d.disk.jobs[job.id] == Self.jobs(d)[0], "the disk has all of it")
    }

    @Test func `what a person sends by hand begins the same job, and names of addresses are kept from records`() {
        var d = Self.booted(.v16)
        let payload = #"{"location":"ftp://u:p@fw/a.bin","retrieveDate":"2025-03-01T00:00:00Z"}"#
        d.order(.command(StationID("P"), action: "UpdateFirmware", payload: Array(payload.utf8), timeout: .seconds(5)))
        #expect(
            d.calls.last.map { String(decoding: $0.payload, as: UTF8.self) } == payload, "the station gets it whole")
        #expect(Self.jobs(d).first?.order.shownLocation == "ftp://******@fw/a.bin")
        for message in d.disk.messages { #expect(!String(decoding: message.text, as: UTF8.self).contains("u:p@")) }
        for command in d.disk.commands.values {
            #expect(!String(decoding: command.payload, as: UTF8.self).contains("u:p@"))
        }
    }

    @Test(arguments: [
        (
            "http://h/fetch/0123456789abcdef0123456789abcdef.1a2b.0123456789abcdef0123456789abcdef/a.bin",
            "http://h/fetch/******/a.bin"
        ),
        ("https://u:p@h:81/x/y", "https://******@h:81/x/y"),
        ("https://h/a.b.c/file.tar.gz", "https://h/a.b.c/file.tar.gz"),
        ("no address", "no address"), ("", ""), ("ftp://", "ftp://"),
    ]) func `an address is shown without what makes it good`(_ given: String, _ shown: String) {
        #expect(JobOrder.shown(given) == shown)
    }

    @Test func `refusals, errors, silence and lost connections differ`() {
        func state(_ end: (inout Dialogue, StationCall) -> Void) -> (StationJob.State?, String?) {
            var d = Self.booted(.v201)
            d.order(.askJob(StationID("P"), Self.order(.firmware), file: nil, timeout: .seconds(30)))
            guard let call = d.calls.first(where: { $0.action == "UpdateFirmware" }) else { return (nil, nil) }
            end(&d, call)
            return (Self.jobs(d).first?.state, Self.jobs(d).first?.word)
        }
        #expect(
            state { d, call in d.settle(call, .answered(payload: Array(#"{"status":"InvalidCertificate"}"#.utf8))) }
                == (.refused, "InvalidCertificate"))
        #expect(
            state { d, call in d.settle(call, .error(code: "NotSupported", description: "", details: [])) }
                == (.refused, "NotSupported"))
        #expect(state { d, call in d.settle(call, .timeout) } == (.unanswered, nil))
        #expect(state { d, _ in d.disconnect("P") } == (.unanswered, nil))
        #expect(state { d, call in d.settle(call, .answered(payload: Array("{}".utf8))) }.0 == .unanswered)
        // What it tells later says that it has the order after all.
        let late = state { d, call in
            d.settle(call, .timeout)
            Self.tell(&d, "Downloading", Self.jobs(d)[0].order.number)
        }
        #expect(late == (.running, "Downloading"))
    }

    @Test func `an order for a station that is away or speaks no such message is refused`() {
        var d = Self.booted(.v16)
        let publication = d.order(.askJob(StationID("P"), Self.order(.publication), file: nil, timeout: .seconds(1)))
        #expect((try? publication.get()) == nil)
        d.disconnect("P")
        let away = d.order(.askJob(StationID("P"), Self.order(.log), file: nil, timeout: .seconds(1)))
        #expect((try? away.get()) == nil)
        #expect(Self.jobs(d).isEmpty)
    }

    @Test func `a restart keeps what was begun, and a lost order may have arrived`() {
        var d = Self.booted(.v201)
        d.order(.askJob(StationID("P"), Self.order(.firmware), file: nil, timeout: .seconds(30)))
        d.restart()
        d.give(.tick)
        #expect(Self.jobs(d).map(\.state) == [.unanswered])
        let number = Self.jobs(d)[0].order.number
        d.connect("P", .v201)
        Self.tell(&d, "Installed", number)
        #expect(Self.jobs(d).map(\.state) == [.done])
        // Numbers are never given twice.
        d.order(.askJob(StationID("P"), Self.order(.firmware), file: nil, timeout: .seconds(30)))
        #expect(Self.jobs(d)[0].order.number != number)
    }

    /// 1.6 gives no number: the word after the boot belongs to the update that the boot ended.
    @Test(arguments: OCPPVersion.allCases)
    func `an update that a boot has shown is called installed after it and stays one`(_ version: OCPPVersion) {
        var d = Self.booted(version)
        d.order(.askJob(StationID("P"), Self.order(.firmware), file: nil, timeout: .seconds(30)))
        d.answer("P", "UpdateFirmware", version == .v16 ? "{}" : #"{"status":"Accepted"}"#)
        let number = version == .v16 ? nil : Self.jobs(d)[0].order.number
        Self.tell(&d, "Installing", number)
        Self.boot(&d, version, "2")
        #expect(Self.jobs(d).map(\.state) == [.done])
        Self.tell(&d, "Installed", number)
        #expect(Self.jobs(d).map(\.word) == ["Installed"] && Self.jobs(d)[0].firmwareAfter == "2")
    }

    @Test func `what does not end in time is an alarm until it does`() {
        var d = Self.booted(.v201)
        var later = Self.order(.firmware)
        later.installAt = d.now + .hours(10)
        d.order(.askJob(StationID("P"), later, file: nil, timeout: .seconds(30)))
        d.answer("P", "UpdateFirmware", #"{"status":"Accepted"}"#)
        let number = Self.jobs(d)[0].order.number
        func alarm() -> Bool { d.core.activeAlarms.contains { $0.code == "station-firmware-overdue" } }
        d.now += .hours(11)
        d.give(.tick)
        #expect(!alarm(), "its time begins with the installation")
        d.now += .hours(2)
        d.give(.tick)
        #expect(alarm() && Self.jobs(d)[0].state == .overdue)
        d.restart()
        d.give(.tick)
        d.now += .minutes(20)
        d.give(.tick)
        #expect(alarm(), "it outlives a restart")
        d.connect("P", .v201)
        Self.tell(&d, "Installed", number)
        #expect(!alarm() && Self.jobs(d)[0].state == .done)
    }

    @Test func `a station may tell without end and without sense`() {
        var d = Self.booted(.v201)
        for number in 0..<500 { Self.tell(&d, number % 2 == 0 ? "Downloading" : "DownloadFailed", number % 100) }
        #expect(Self.jobs(d).count <= 6)
        for _ in 0..<200 { Self.tell(&d, "Downloading", 7) }
        #expect(Self.jobs(d).allSatisfy { $0.steps.count <= StationJob.mostSteps })
        Self.tell(&d, "SomethingNew", 7)
        #expect(Self.jobs(d).first { $0.order.number == 7 }?.word == "SomethingNew")
    }

    @Test func `a log that came is done, whatever the station thinks`() {
        var d = Self.booted(.v16)
        d.order(.askJob(StationID("P"), Self.order(.log, "http://h/bring/x"), file: "f1", timeout: .seconds(30)))
        d.answer("P", "GetDiagnostics", #"{"fileName":"d.log"}"#)
        #expect(d.core.station(bringing: "f1") == StationID("P"))
        #expect(d.core.station(bringing: "f2") == nil)
        d.order(
            .keepFile(
                StoredFile(
                    id: "f1", kind: .log, name: "d.log", station: StationID("P"), bytes: 9, sha256: "", md5: "",
                    at: d.now, by: "P")))
        #expect(Self.jobs(d)[0].state == .done && Self.jobs(d)[0].received == 9)
        d.say("P", "DiagnosticsStatusNotification", #"{"status":"UploadFailed"}"#)
        #expect(Self.jobs(d)[0].state == .done && Self.jobs(d)[0].word == "UploadFailed")
    }
}
