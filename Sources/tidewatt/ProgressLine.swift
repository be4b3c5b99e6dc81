import Foundation

/// One line on a terminal that counts up; nothing elsewhere.
struct ProgressLine {
    private let what: String
    private let isWelcome = Output.progressIsWelcome

    init(_ what: String) { self.what = what }

    func show(_ part: Double) { show("\(Int(part * 100)) %") }
    func show(_ count: Int) { show("\(count)") }
    private func show(_ text: String) {
        guard isWelcome else { return }
        _ = FileAccess.writeAll(Array("\r\(what) \(text)".utf8), STDERR_FILENO)
    }
    func clear() {
        guard isWelcome else { return }
        _ = FileAccess.writeAll(Array("\r\u{1B}[K".utf8), STDERR_FILENO)
    }
}
