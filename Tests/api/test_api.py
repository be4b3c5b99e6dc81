"""The API against its own description: schemathesis generates requests, good and bad, from /openapi.json and judges
every answer. It runs on `console-preview`; set TIDEWATT_API (and TIDEWATT_TOKEN) to try a server that runs already."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "browser"))
from preview import Preview  # noqa: E402


@pytest.fixture(scope="module")
def api():
    if named := os.environ.get("TIDEWATT_API"):
        yield named, os.environ.get("TIDEWATT_TOKEN", "")
        return
    preview = Preview()
    yield preview.url, "token-admin"
    preview.stop()


def test_every_answer_is_as_the_description_says(api, tmp_path):
    url, token = api
    program = Path(sys.executable).parent / "schemathesis"
    command = [
        str(program), "--config-file", str(HERE / "schemathesis.toml"), "run", url + "/openapi.json", "--url", url,
        *(["--header", f"Authorization: Bearer {token}"] if token else ["--exclude-checks", "ignored_auth"]), "--exclude-path", "/api/v1/events",
        "--phases", "examples,coverage,fuzzing", "--max-examples", os.environ.get("TIDEWATT_API_EXAMPLES", "8"),
        "--continue-on-failure", "--no-color", "--seed", os.environ.get("TIDEWATT_SEED", "20260311"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=tmp_path)
    assert result.returncode == 0, result.stdout[-20_000:] + result.stderr[-2000:]


def test_the_description_is_openapi_3_1(api):
    url, _ = api
    with urllib.request.urlopen(url + "/openapi.json") as answer:
        document = json.load(answer)
    assert document["openapi"].startswith("3.1")
    names = set(document["components"]["schemas"])
    text = json.dumps(document)
    for name in names:
        assert f'"#/components/schemas/{name}"' in text, f"the schema {name} is used nowhere"


def test_events_arrive_as_they_happen(api):
    url, token = api
    request = urllib.request.Request(url + "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.readline().startswith(b"retry:")
        change = urllib.request.Request(
            url + "/api/v1/stations/EVENT-1", data=b"{}", method="PUT",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        urllib.request.urlopen(change, timeout=20).close()
        lines = []
        while len(lines) < 40:
            lines.append(stream.readline().decode().strip())
            if lines[-1] == 'data: {"id":"EVENT-1"}':
                break
        assert "event: station" in lines


def test_the_server_ends_in_order_though_somebody_listens():
    preview = Preview("--open")
    with urllib.request.urlopen(preview.url + "/api/v1/events", timeout=20) as stream:
        assert stream.readline().startswith(b"retry:")
        preview.process.terminate()
        while stream.readline():
            pass
    assert preview.process.wait(20) == 0


def test_an_answer_under_way_is_given_before_the_end():
    preview = Preview("--open")
    order = urllib.request.Request(
        preview.url + "/api/v1/stations/JY-001/commands", data=b'{"action": "ClearCache", "payload": {}}', method="POST",
        headers={"Content-Type": "application/json", "Prefer": "wait=10"})
    # The invented station answers after 0.7 s: the end is asked for while the order waits.
    threading.Timer(0.3, preview.process.terminate).start()
    with urllib.request.urlopen(order, timeout=20) as answer:
        assert json.load(answer)["status"] == "answered"
    assert preview.process.wait(20) == 0


def test_bodies_have_a_bound(api):
    url, token = api
    request = urllib.request.Request(
        url + "/api/v1/stations/BIG", data=b"{" + b" " * (2 << 20) + b"}", method="PUT",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=20)
        raise AssertionError("2 MiB were taken")
    except urllib.error.HTTPError as error:
        assert error.code == 413
        assert error.headers["Content-Type"] == "application/problem+json"
    except urllib.error.URLError as error:
        # The server may close before all is sent.
        assert isinstance(error.reason, (BrokenPipeError, ConnectionResetError)), error
