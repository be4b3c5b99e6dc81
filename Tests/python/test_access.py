"""Without --open: tokens, sign-in, and who may do what."""

import http.client
import json
import re
from urllib.parse import urlencode

import pytest

from support.program import Server, tidewatt

ROLES = ["viewer", "operator", "manager", "admin"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("access"), opened=False).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def tokens(server):
    def create(role):
        result = tidewatt("admin", "token", "create", "--role", role, "--name", role, "--data", server.data)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()
    return {role: create(role) for role in ROLES}


@pytest.fixture(scope="module")
def prepared(server, tokens):
    api = server.api(tokens["admin"])
    api.put("/api/v1/sites/yard", {"name": "Y"})
    api.put("/api/v1/nodes/T1", {"site": "yard", "limit_kw": 50})
    api.put("/api/v1/stations/P1", {"site": "yard", "node": "T1"})
    return api


# Least role, method, path, body; the status of success.
MATRIX = [
    ("viewer", "GET", "/api/v1/stations", None),
    ("viewer", "GET", "/api/v1/stations/P1", None),
    ("viewer", "GET", "/api/v1/stations/P1/messages", None),
    ("viewer", "GET", "/api/v1/sessions", None),
    ("viewer", "GET", "/api/v1/sites/yard/power", None),
    ("viewer", "GET", "/api/v1/alarms", None),
    ("viewer", "GET", "/metrics", None),
    ("operator", "POST", "/api/v1/stations/P1/commands", {"action": "Reset", "payload": {"type": "Soft"}}),
    ("operator", "POST", "/api/v1/nodes/T1/readings", {"at": "2026-01-05T10:00:00Z", "kw": 4}),
    ("operator", "PUT", "/api/v1/sites/yard/mode", {"state": "auto"}),
    ("operator", "POST", "/api/v1/sites/yard/stop", {}),
    ("manager", "PUT", "/api/v1/stations/P1", {"owner": "someone"}),
    ("manager", "PUT", "/api/v1/id-tokens/TAG", {"status": "Accepted"}),
    ("manager", "PUT", "/api/v1/sites/yard", {"name": "Yard"}),
    ("manager", "PUT", "/api/v1/nodes/T1", {"limit_kw": 60}),
    ("manager", "GET", "/api/v1/audit", None),
    ("manager", "DELETE", "/api/v1/id-tokens/TAG", None),
]


@pytest.mark.parametrize(("least", "method", "path", "body"), MATRIX, ids=lambda value: str(value)[:50])
def test_a_role_may_do_what_it_must_and_no_more(server, tokens, prepared, least, method, path, body):
    assert server.api().request(method, path, body).status == 401
    assert server.api("made-up-token").request(method, path, body).status == 401
    for role in ROLES:
        if method == "DELETE":
            prepared.put("/api/v1/id-tokens/TAG", {"status": "Accepted"})
        answer = server.api(tokens[role]).request(method, path, body)
        if ROLES.index(role) < ROLES.index(least):
            assert answer.status == 403, (role, answer.text)
            assert answer.headers["content-type"].startswith("application/problem+json")
        else:
            assert answer.status in (200, 201, 202, 204), (role, answer.status, answer.text)


def test_every_described_address_asks_for_a_token(server, prepared):
    described = server.api().get("/openapi.json")["paths"]
    unguarded = {"/healthz", "/readyz", "/openapi.json", "/sign-in"}
    methods = {"get", "put", "post", "delete"}
    opened = []
    for path, operations in described.items():
        if path in unguarded:
            continue
        for method in methods & operations.keys():
            concrete = re.sub(r"\{[^}]*\}", "1", path)
            if server.api().request(method.upper(), concrete).status != 401:
                opened.append(f"{method.upper()} {path}")
    assert not opened


def test_liveness_needs_no_token(server):
    assert server.api().get("/healthz") and server.api().get("/readyz")


def test_an_unauthenticated_answer_says_how(server):
    answer = server.api().request("GET", "/api/v1/stations")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "tidewatt admin token create" in answer.text


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "bearer x y", "Token abc"])
def test_a_malformed_authorization_is_401(server, header):
    assert server.api().request("GET", "/api/v1/stations", headers={"Authorization": header}).status == 401


def test_the_audit_names_who_did_it(server, tokens, prepared):
    server.api(tokens["manager"]).put("/api/v1/id-tokens/AUDITED", {"status": "Accepted"})
    row = prepared.every("/api/v1/audit")[0]
    assert row["actor"] == "manager" and row["role"] == "manager"
    assert row["at"] and row["action"]


# MARK: People


class Browser:
    """Keeps a cookie, like a browser."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def request(self, method, path, fields=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **(headers or {})}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        self.set = response.headers.get_all("Set-Cookie") or []
        for cookie in self.set:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return response.status, response.headers, text

    def sign_in(self, user, password):
        _, _, page = self.request("GET", "/sign-in")
        csrf = re.search(r'name="csrf" value="([^"]*)"', page)
        fields = {"user": user, "password": password, "csrf": csrf[1] if csrf else ""}
        names = re.findall(r'<input[^>]*name="(\w+)"', page)
        assert "password" in names, names
        return self.request("POST", "/sign-in", {k: v for k, v in fields.items() if k in names or k != "csrf"})


@pytest.fixture(scope="module")
def people(server):
    for name, role in [("wang", "viewer"), ("li", "manager")]:
        result = tidewatt("admin", "user", "add", name, "--role", role, "--data", server.data,
                          stdin="correct horse battery staple\n")
        assert result.returncode == 0, result.stderr
    return "correct horse battery staple"


def test_a_person_signs_in_sees_pages_and_signs_out(server, people):
    browser = Browser(server.ports["http"])
    status, headers, _ = browser.request("GET", "/")
    assert status == 303 and headers["Location"].startswith("/sign-in")
    status, headers, _ = browser.sign_in("wang", people)
    assert status == 303, status
    session = next(c for c in browser.set if "session" in c.lower())
    assert "HttpOnly" in session and re.search("SameSite=(Lax|Strict)", session)
    status, _, page = browser.request("GET", "/")
    assert status == 200 and "<html" in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    status, _, _ = browser.request("POST", "/sign-out", {"csrf": csrf})
    assert status == 303
    assert browser.request("GET", "/")[0] == 303


def test_a_wrong_password_does_not_sign_in(server, people):
    browser = Browser(server.ports["http"])
    assert browser.sign_in("wang", "wrong horse")[0] != 303
    assert browser.request("GET", "/")[0] == 303


def test_guessing_passwords_is_slowed_down(server, people):
    browser = Browser(server.ports["http"])
    assert 429 in [browser.sign_in("nobody", f"guess {n}")[0] for n in range(30)]


def test_a_change_with_the_cookie_needs_the_csrf_token(server, people, prepared):
    browser = Browser(server.ports["http"])
    assert browser.sign_in("li", people)[0] == 303
    body = json.dumps({"status": "Accepted"})

    def put(headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.ports["http"], timeout=20)
        connection.request("PUT", "/api/v1/id-tokens/CSRF", body, {
            "Content-Type": "application/json", "Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items()),
            **headers})
        return connection.getresponse().status

    assert put({}) == 403
    assert put({"X-CSRF-Token": "0" * 64}) == 403
    page = browser.request("GET", "/sites")[2]
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    assert put({"X-CSRF-Token": csrf, "Origin": "https://evil.example"}) == 403
    assert put({"X-CSRF-Token": csrf}) in (200, 201)


def test_a_viewer_is_told_on_the_page_what_is_not_allowed(server, people, prepared):
    browser = Browser(server.ports["http"])
    browser.sign_in("wang", people)
    assert browser.request("GET", "/audit")[0] == 403
    page = browser.request("GET", "/sites")[2]
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    assert browser.request("POST", "/sites", {"csrf": csrf, "id": "evil", "name": "evil"})[0] == 403
    prepared.get("/api/v1/sites/evil", status=404)


def test_a_removed_user_is_out_at_once(server, people):
    tidewatt("admin", "user", "add", "zhao", "--role", "viewer", "--data", server.data, stdin="another good password\n")
    browser = Browser(server.ports["http"])
    browser.sign_in("zhao", "another good password")
    assert browser.request("GET", "/")[0] == 200
    tidewatt("admin", "user", "remove", "zhao", "--data", server.data)
    assert browser.request("GET", "/")[0] == 303


def test_secrets_are_not_on_the_disk_in_clear(server, tokens, people):
    content = b"".join(f.read_bytes() for f in server.data.rglob("*") if f.is_file())
    assert people.encode() not in content
    assert not any(secret.encode() in content for secret in tokens.values())


def test_pages_carry_protective_headers(server):
    _, headers, _ = Browser(server.ports["http"]).request("GET", "/sign-in")
    assert "default-src" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
