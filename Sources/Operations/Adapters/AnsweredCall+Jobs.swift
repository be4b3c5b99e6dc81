import Charging
import OCPPMessages

// How stations take the orders of jobs.
extension AnsweredCall {
    static let jobActions: Set<String> = [
        "UpdateFirmware", "SignedUpdateFirmware", "GetDiagnostics", "GetLog", "PublishFirmware", "UnpublishFirmware",
    ]

    var jobFact: StationFact? {
        switch self {
        // 1.6 has no word for it: whoever answers takes it (§6.19).
        case .v16(.updateFirmware, .updateFirmware): .job(JobAnswer(isTaken: true))
        case .v16(.signedUpdateFirmware, .signedUpdateFirmware(let answer)): .job(JobAnswer(answer.status.name))
        // No file name: there is nothing to bring (1.6 §5.10).
        case .v16(.getDiagnostics, .getDiagnostics(let answer)):
            .job(JobAnswer(isTaken: !(answer.fileName ?? "").isEmpty, fileName: answer.fileName))
        case .v16(.getLog, .getLog(let answer)): .job(JobAnswer(answer.status.name, fileName: answer.filename))
        case .v2(.updateFirmware, .updateFirmware(let answer)): .job(JobAnswer(answer.status.name))
        case .v2(.getLog, .getLog(let answer)): .job(JobAnswer(answer.status.name, fileName: answer.filename))
        case .v2(.publishFirmware, .publishFirmware(let answer)): .job(JobAnswer(answer.status.name))
        case .v2(.unpublishFirmware(let asked), .unpublishFirmware(let answer)):
            // What it does not have, it does not offer either.
            [.unpublished, .noFirmware].contains(answer.status) ? .unpublished(checksum: asked.checksum) : nil
        default: nil
        }
    }
}

extension JobAnswer {
    fileprivate init(_ status: String, fileName: String? = nil) {
        self.init(
            isTaken: status == "Accepted" || status == "AcceptedCanceled", supersedes: status == "AcceptedCanceled",
            word: status, fileName: fileName)
    }
}
