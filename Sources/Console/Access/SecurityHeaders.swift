/// Headers that every answer carries, and the session's cookie.
enum SecurityHeaders {
    /// Everything comes from us: no inline script, no inline style, no frame around us.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    static func added(to response: WebResponse, secure: Bool) -> WebResponse {
        var response = response
        response.headers += [
            ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
        ]
        if response.header("Cache-Control") == nil { response.headers.append(("Cache-Control", "no-store")) }
        if secure { response.headers.append(("Strict-Transport-Security", "max-age=31536000")) }
        return response
    }
}

enum SessionCookie {
    static let name = "tidewatt_session"

    static func set(_ id: String, secure: Bool) -> (name: String, value: String) {
        ("Set-Cookie", "\(name)=\(id); Path=/; HttpOnly; SameSite=Lax" + (secure ? "; Secure" : ""))
    }
    static func clear(secure: Bool) -> (name: String, value: String) {
        ("Set-Cookie", "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" + (secure ? "; Secure" : ""))
    }
}
