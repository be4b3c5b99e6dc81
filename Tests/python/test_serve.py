"""`tidewatt serve`: configuration, listeners, the folder's one owner, and its end."""

import json
import re
import socket

import pytest

from support.api import Api
from support.program import PROGRAM, Server, tidewatt
from support.polling import until
from support.station import Station, fresh


def refused(tmp_path, config, *arguments, env=None):
    (tmp_path / "bad.yaml").write_text(config, encoding="utf-8")
    result = tidewatt(
        "serve", "--config", "bad.yaml", "--data", "data", "--open", *arguments, cwd=tmp_path, env=env, seconds=20)
    assert result.returncode == 2, f"{result.returncode}\n{result.stderr}"
    assert not (tmp_path / "data").exists(), "a refused start leaves nothing behind"
    return result.stderr


@pytest.mark.parametrize(("config", "line"), [
    ("stations:\n  accept_unknwon: true\n", 2),
    ("listen: {http: \"127.0.0.1:0\"}\nstation: {accept_unknown: true}\n", 2),
    ("listen:\n  ocpp: \"127.0.0.1:0\"\n  http: 8080x\n", 3),
    ("stations:\n  accept_unknown: perhaps\n", 2),
    ("listen: [1, 2]\n", 1),
    ("listen: {http: \"127.0.0.1:0\"\n", None),
    ("stations: {accept_unknown: true}\nlisten: {http: \"127.0.0.1:0\"}\nlisten: {ocpp: \"127.0.0.1:0\"}\n", 2),
], ids=["unknown key", "unknown section", "no address", "no boolean", "no mapping", "no YAML", "twice"])
def test_a_bad_configuration_is_refused_with_its_place(tmp_path, config, line):
    error = refused(tmp_path, config)
    assert re.search(rf"^bad\.yaml:{line or r'[0-9]+'}:\d+: .+", error, re.MULTILINE), error


def test_a_configuration_of_comments_only_means_the_defaults(tmp_path):
    (tmp_path / "c.yaml").write_text("# stations:\n#   accept_unknown: true\n", encoding="utf-8")
    result = tidewatt("serve", "--config", "c.yaml", "--print-config", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == tidewatt("serve", "--print-config").stdout


def test_an_unknown_key_is_told_with_what_is_allowed(tmp_path):
    error = refused(tmp_path, "stations:\n  accept_unknwon: true\n")
    assert "accept_unknwon" in error and "accept_unknown" in error.replace("accept_unknwon", "")


def test_the_printed_configuration_is_accepted_and_stays_the_same(tmp_path):
    printed = tidewatt("serve", "--print-config").stdout
    assert printed.startswith("#") and "accept_unknown" in printed
    (tmp_path / "all.yaml").write_text(printed, encoding="utf-8")
    again = tidewatt("serve", "--config", "all.yaml", "--print-config", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout == printed
    server = Server(tmp_path, arguments=["--http", "127.0.0.1:0", "--ocpp", "127.0.0.1:0"])
    server.config.write_text(printed, encoding="utf-8")
    try:
        server.start()
        assert server.api().get("/readyz")
    finally:
        server.stop()


def test_every_line_of_the_printed_configuration_is_explained():
    lines = tidewatt("serve", "--print-config").stdout.splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r"  \w+:", line)]
    assert keys and all(lines[i - 1].strip().startswith("#") for i in keys)


def test_environment_variables_override_the_file_and_flags_override_both(serve, tmp_path):
    printed = tidewatt("serve", "--print-config", env={"TIDEWATT_STATIONS_ACCEPT_UNKNOWN": "true"}).stdout
    assert re.search(r"accept_unknown: true", printed)
    server = serve(unknown=True, env={"TIDEWATT_STATIONS_ACCEPT_UNKNOWN": "false"})
    with pytest.raises(Exception, match="404"):
        Station(server.ocpp, fresh()).connect()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = serve(env={"TIDEWATT_LISTEN_HTTP": f"127.0.0.1:{port}"}, arguments=["--http", "127.0.0.1:0"])
    assert server.ports["http"] != port


def test_a_bad_environment_variable_is_named(tmp_path):
    config = "stations: {accept_unknown: true}\n"
    error = refused(tmp_path, config, env={"TIDEWATT_LISTEN_OCPP": "nowhere"})
    assert "TIDEWATT_LISTEN_OCPP" in error


@pytest.mark.parametrize("listener", ["http", "ocpp"])
def test_a_port_in_use_is_named_with_status_2(tmp_path, listener):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ports = {"http": "127.0.0.1:0", "ocpp": "127.0.0.1:0", listener: address}
        (tmp_path / "c.yaml").write_text(json.dumps({"listen": ports}))
        result = tidewatt("serve", "--config", "c.yaml", "--data", "data", "--open", cwd=tmp_path, seconds=20)
    assert result.returncode == 2, result.stderr
    assert address in result.stderr and re.search("in use", result.stderr), result.stderr
    assert "ready" not in result.stderr.splitlines()


def test_a_second_process_on_the_same_data_ends_with_2_and_names_the_holder(serve):
    server = serve()
    result = tidewatt(
        "serve", "--config", server.config, "--data", server.data, "--open", seconds=20)
    assert result.returncode == 2, result.stderr
    assert str(server.process.pid) in result.stderr, result.stderr
    assert str(server.data) in result.stderr, result.stderr
    assert server.api().get("/healthz")


def test_a_killed_owner_does_not_keep_its_data_locked(serve):
    server = serve()
    server.kill()
    server.start()
    assert server.api().get("/readyz")


def test_a_termination_ends_in_time_with_0_also_with_open_connections(serve):
    server = serve()
    stations = [Station(server.ocpp, fresh()).connect() for _ in range(5)]
    stations[0].boot()
    with socket.create_connection(("127.0.0.1", server.ports["http"])) as stream:
        stream.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert stream.recv(1000).startswith(b"HTTP/1.1 200")
        assert server.terminate() == 0, server.tail()
    until(lambda: all(one.is_closed for one in stations), "every station is told of the end")


def test_an_interrupt_ends_with_0_too(serve):
    server = serve()
    server.process.send_signal(2)
    assert server.process.wait(10) == 0, server.tail()


def test_open_is_refused_beyond_loopback(tmp_path):
    error = refused(tmp_path, "listen: {http: \"0.0.0.0:0\", ocpp: \"127.0.0.1:0\"}\n")
    assert "loopback" in error


def test_an_open_console_answers_on_loopback_names_only(shared):
    foreign = Api(shared.ports["http"]).request("GET", "/api/v1/stations", headers={"Host": "evil.example"})
    assert foreign.status == 403


def test_liveness_readiness_metrics_and_description(shared, api):
    assert api.get("/healthz")
    assert api.get("/readyz")
    metrics = api.get("/metrics")
    assert re.search(r"^# TYPE tidewatt_\w+ (counter|gauge|histogram)$", metrics, re.MULTILINE)
    samples = [line for line in metrics.splitlines() if line and not line.startswith("#")]
    assert samples and all(re.match(r'[a-zA-Z_:][\w:]*(\{.*\})? \S+$', line) for line in samples)
    described = api.get("/openapi.json")
    assert described["openapi"].startswith("3.1")
    for path in ["/api/v1/stations/{id}", "/api/v1/stations/{id}/commands", "/api/v1/commands/{id}",
                 "/api/v1/id-tokens/{value}", "/api/v1/sessions/{id}/needs", "/api/v1/sites/{id}",
                 "/api/v1/nodes/{id}/readings", "/api/v1/sites/{id}/power", "/api/v1/stations:import"]:
        assert path in described["paths"], path


def test_unknown_things_and_bad_requests_are_problems(api):
    for method, path, body, status in [
        ("GET", "/api/v1/stations/nobody", None, 404), ("GET", "/api/v1/sessions/none", None, 404),
        ("GET", "/api/v1/commands/none", None, 404), ("GET", "/api/v1/sites/none", None, 404),
        ("GET", "/api/v1/nodes/none", None, 404), ("GET", "/api/v1/id-tokens/none", None, 404),
        ("GET", "/api/v1/nothing", None, 404), ("DELETE", "/api/v1/stations/nobody", None, 404),
        ("PUT", "/api/v1/stations/X", "{", 400), ("PUT", "/api/v1/stations/X", {"registration": "perhaps"}, 400),
        ("PUT", "/api/v1/stations/X", {"colour": "red"}, 400), ("PUT", "/api/v1/nodes/X", {"limit_kw": -1}, 400),
        ("PUT", "/api/v1/id-tokens/X", {"status": "Nice"}, 400),
        ("GET", "/api/v1/sessions?from=yesterday", None, 400), ("GET", "/api/v1/stations?limit=0", None, 400),
        ("POST", "/api/v1/stations/nobody/commands", {"action": "Reset", "payload": {"type": "Soft"}}, 404),
    ]:
        headers = {"Content-Type": "application/json"} if isinstance(body, str) else {}
        answer = api.request(method, path, body, headers)
        assert answer.status == status, (method, path, answer.status, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json"), (method, path)
        problem = answer.json
        assert problem["status"] == status and problem["type"] and problem["title"], (method, path)


def test_structured_logs_go_to_stderr_without_secrets(serve):
    server = serve()
    api = server.api()
    api.put("/api/v1/stations/LOGGED", {"password": "quite-secret-password"})
    api.put("/api/v1/id-tokens/SECRETTAG", {"status": "Accepted"})
    station = Station(server.ocpp, "LOGGED", password="quite-secret-password").connect()
    station.boot()
    station.authorize("SECRETTAG")
    assert server.terminate() == 0
    text = "\n".join(server.log)
    assert "quite-secret-password" not in text and "SECRETTAG" not in text
    structured = [line for line in server.log if line.startswith("{")]
    assert structured and all(isinstance(json.loads(line), dict) for line in structured)


def test_the_program_under_test_is_there():
    assert tidewatt("--help").returncode == 0, PROGRAM
