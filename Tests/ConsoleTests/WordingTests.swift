import Assets
import Charging
import ConsoleSupport
import Documents
import GridDispatch
import Operations
import Testing

@testable import Console

/// Whatever the layers below can refuse or report has words in both languages.
@Suite("Wording") struct WordingTests {
    private static func missing(_ prefix: String, _ codes: [String]) -> [String] {
        Language.allCases.flatMap { language in
            codes.map { prefix + $0 }.filter { Assets.shared.texts[language]?[$0] == nil }
                .map { "\(language.rawValue): \($0)" }
        }
    }

    @Test func `every code of the platform has a text in each language`() {
        let plain = FieldProblem.Code.allCases.filter { $0 != .worded }.map(\.rawValue)
        #expect(Self.missing("problem.", plain) == [])
        #expect(Self.missing("problem.", InputProblem.Code.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("fault.", FaultReason.Code.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("failure.", CommandFailure.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("commissioning.", CommissioningNote.Code.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("commissioning.step.", CommissioningNote.Step.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("commissioning.silence.", CommandAnswer.Silence.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("flag.", SessionFlag.allCases.map(\.code)) == [])
        #expect(Self.missing("keychange.", KeyChange.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("certificate.state.", CertificateRecord.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("security.", SecurityEvent.Seen.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("events.source.", SecurityEvent.Source.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("job.state.", StationJob.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("campaign.state.", Campaign.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("target.state.", CampaignTarget.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("problem.", VariableProblem.Code.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("device.report.", DeviceReport.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("device.source.", KnownVariable.Source.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("device.mutability.", DeviceVariable.Mutability.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("drift.", Drift.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("severity.", DeviceMonitor.severities.map(String.init)) == [])
        #expect(Self.missing("profilechange.", SecurityProfileChange.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("payments.state.", Payment.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("payments.kind.", Payment.Kind.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("held.", HeldLimits.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("derfunction.", DERFunction.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("der.state.", DERHolding.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("swap.state.", BatterySwap.State.allCases.map(\.rawValue)) == [])
        #expect(Self.missing("basis.", OfflineOutlook.Pile.Basis.allCases.map(\.rawValue)) == [])
    }

    /// A word for a problem must not be another problem's.
    @Test func `codes of the console and of the platform differ`() {
        let codes =
            FieldProblem.Code.allCases.map(\.rawValue) + InputProblem.Code.allCases.map(\.rawValue)
            + VariableProblem.Code.allCases.map(\.rawValue)
        #expect(Set(codes).count == codes.count)
    }

    @Test func `an import's problems reach a Chinese page in Chinese`() async {
        let browser = Browser(open: true).with(["accept-language": "zh-CN"])
        let token = await browser.csrf("/stations:import")
        for (csv, expected) in [
            ("identity,site,phases\nN1,nowhere,4\n", ["第 2 行 site", "请先建立", "第 2 行 phases"]),
            ("identity,site\nN1,jingyuan,F1\n", ["第 2 行", "而表头有 2 列"]),
            ("site\njingyuan\n", ["第 1 行", "缺少列 identity"]),
            ("identity,model\nN1,\"open\n", ["引号没有闭合"]),
        ] {
            let body = "csrf=\(token)&csv=" + PercentCoding.encode(csv)
            let page = await browser.post(form: body, to: "/stations:import")
            #expect(page.status == 400)
            for text in expected { #expect(page.text.contains(text), "\(csv) does not show \(text)") }
            #expect(page.text.firstRange(of: "is expected") == nil && page.text.firstRange(of: "line 2") == nil)
        }
    }

    @Test func `the platform's refusals reach a Chinese page in Chinese, programs in English`() async {
        let browser = Browser(open: true).with(["accept-language": "zh-CN"])
        let token = await browser.csrf("/sites/jingyuan")
        let page = await browser.post(form: "csrf=\(token)&id=F9&parent=T99&limit_kw=5", to: "/sites/jingyuan/nodes")
        #expect(page.status == 400)
        #expect(page.text.contains("节点 T99 不存在，请先建立"))
        let answer = await browser.send(.put, "/api/v1/nodes/F9", #"{"parent": "T99"}"#)
        #expect(answer.text.contains("there is no node T99; create it first"))
        let missing = await browser.get("/stations/none")
        #expect(missing.text.contains("没有充电桩 none。") && !missing.text.contains("There is no"))
    }

    @Test func `a wrong address, too many attempts and what is too large are said in the page's language`() async {
        let browser = Browser(open: true).with(["accept-language": "zh-CN", "accept": "text/html"])
        let page = await browser.get("/nope")
        #expect(page.status == 404 && page.text.contains("这个地址没有内容。") && !page.text.contains("There is nothing"))
        #expect(page.text.contains("href=\"/\""), "a way out")
        let own = [
            "address-unknown", "address-invalid", "method-not-allowed", "too-many-attempts", "body-too-large",
            "not-signed-in", "token-unknown", "role-too-low", "csrf-token", "request-from-elsewhere", "host-unknown",
            "confirmation-stale", "no-command", "plan-none", "content-type", "json-invalid", "not-ready",
        ]
        #expect(Self.missing("fault.", own) == [])
    }

    @Test func `a payload that breaks the rules is refused in Chinese with its field`() async {
        let browser = Browser(open: true) { _, _, _ in
            [.init(path: "connectorId", .payload(.missing, detail: "connectorId is required"))]
        }.with(["accept-language": "zh-CN"])
        let token = await browser.csrf("/stations/JY-001")
        let page = await browser.post(
            form: "csrf=\(token)&action=UnlockConnector&payload=%7B%7D", to: "/stations/JY-001/commands")
        #expect(page.text.contains("<strong>connectorId</strong> 缺少必填字段"))
    }
}

extension Browser {
    /// The token in a page's forms.
    func csrf(_ path: String) async -> String {
        let text = await get(path).text
        guard let start = text.firstRange(of: "name=\"csrf\" value=\"")?.upperBound else { return "" }
        return String(text[start...].prefix { $0 != "\"" })
    }
}
