"""The HTTP API as a program sees it."""

import http.client
import json
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import quote


@dataclass
class Answer:
    status: int
    headers: dict = field(repr=False)
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        """Numbers with a fraction are exact decimals."""
        return json.loads(self.body, parse_float=Decimal)


class Api:
    def __init__(self, port, token=None, host="127.0.0.1"):
        self.port, self.token, self.host = port, token, host

    def request(self, method, path, body=None, headers=None, seconds=30):
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, str):
            body = body.encode("utf-8")
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode("utf-8")
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path, status=200, **more):
        return self._expect(status, "GET", path, **more)

    def put(self, path, body, status=None, **more):
        return self._expect(status or (200, 201), "PUT", path, body=body, **more)

    def post(self, path, body=None, status=None, **more):
        return self._expect(status or (200, 201, 202), "POST", path, body=body, **more)

    def delete(self, path, status=(200, 204), **more):
        return self._expect(status, "DELETE", path, **more)

    def _expect(self, status, method, path, **more):
        answer = self.request(method, path, **more)
        allowed = status if isinstance(status, tuple) else (status,)
        assert answer.status in allowed, f"{method} {path}: {answer.status}, not {status}: {answer.text[:800]}"
        return answer.json if "json" in answer.headers.get("content-type", "") else answer.text

    def every(self, path):
        """All items of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.get(path + ("&" if "?" in path else "?") + "limit=100" + (f"&cursor={cursor}" if cursor else ""))
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = quote(page["next_cursor"], safe="")

    def command(self, station, action, payload=None, wait=10, timeout=30, status=None):
        """Orders a command and waits for its end."""
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        body = payload if isinstance(payload, str) else json.dumps(payload or {})
        text = f'{{"action": {json.dumps(action)}, "payload": {body}, "timeout_seconds": {timeout}}}'
        return self.post(
            f"/api/v1/stations/{quote(station, safe='')}/commands", text, status=status,
            headers={"Content-Type": "application/json", **headers}, seconds=wait + 20)

    def station(self, identity):
        return self.get("/api/v1/stations/" + quote(identity, safe=""))

    def sessions(self, station):
        return self.every("/api/v1/sessions?station=" + quote(station, safe=""))

    def readings(self, session):
        return self.every(f"/api/v1/sessions/{quote(session, safe='')}/readings")
