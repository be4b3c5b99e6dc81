import Documents

/// What a handler answers.
struct WebResponse: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        /// Pieces as they come, until the stream ends or the reader goes.
        case stream(AsyncStream<[UInt8]>)
    }

    var status: Int
    var headers: [(name: String, value: String)]
    var body: Body

    init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    static func text(
        _ text: String, type: String, status: Int = 200, headers: [(name: String, value: String)] = []
    ) -> WebResponse {
        WebResponse(status: status, headers: [("Content-Type", type)] + headers, body: .bytes(Array(text.utf8)))
    }

    static func json(
        _ value: JSONValue, status: Int = 200, headers: [(name: String, value: String)] = []
    ) -> WebResponse {
        text(value.text(), type: "application/json", status: status, headers: headers)
    }

    static func page(_ html: HTML, status: Int = 200) -> WebResponse {
        text(html.text, type: "text/html; charset=utf-8", status: status)
    }

    /// After a form: the browser gets the page with GET, so that a reload posts nothing again.
    static func seeOther(_ location: String) -> WebResponse {
        WebResponse(status: 303, headers: [("Location", location)])
    }

    static let noContent = WebResponse(status: 204)

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
