"""The file server: what stations may fetch and bring, and nothing else."""

import hashlib
import os
import signal
import ssl
import urllib.error
import urllib.request

import pytest

from support.files import half_upload, http_request, raw
from support.polling import until
from support.station import Station, fresh

IMAGE = bytes(range(256)) * 1000


@pytest.fixture
def files(serve):
    return serve(files=True)


def keep(api, image=IMAGE, name="pile-2.0.0.bin"):
    return api.post(
        f"/api/v1/files?name={name}", image, headers={"Content-Type": "application/octet-stream"}, status=201)


def update(api, station, file, **more):
    return api.post(f"/api/v1/stations/{station.identity}/firmware", {"file": file["id"], **more})


def download_url(api, server, image=IMAGE):
    """The address that a station is given."""
    station = Station(server.ocpp, fresh("FILE")).connect()
    station.boot()
    file = keep(api, image)
    update(api, station, file)
    until(lambda: station.heard("UpdateFirmware"), "the order")
    url = station.heard("UpdateFirmware")[-1]["location"]
    station.close()
    return file, url


def upload_url(api, server):
    station = Station(server.ocpp, fresh("FILE")).connect()
    station.answers["GetDiagnostics"] = lambda fields: _diagnostics("d.log")
    station.boot()
    api.post(f"/api/v1/stations/{station.identity}/log", {})
    until(lambda: station.heard("GetDiagnostics"), "the order")
    return station, station.heard("GetDiagnostics")[-1]["location"]


def _diagnostics(name):
    from ocpp.v16 import call_result
    return call_result.GetDiagnostics(file_name=name)


def test_an_image_is_kept_listed_signed_elsewhere_and_removed(files):
    api = files.api()
    file = keep(api)
    assert file["sha256"] == hashlib.sha256(IMAGE).hexdigest() and file["md5"] == hashlib.md5(IMAGE).hexdigest()
    assert file["bytes"] == len(IMAGE) and file["kind"] == "firmware"
    assert [one["id"] for one in api.get("/api/v1/files")["items"]] == [file["id"]]
    status, _, body = http_request("GET", f"{files.url}/api/v1/files/{file['id']}/content")
    assert (status, body) == (200, IMAGE)
    half = api.put(f"/api/v1/files/{file['id']}", {"signature": "c2ln"}, status=400)
    assert half["errors"][0]["path"] == "signature"
    signed = api.put(f"/api/v1/files/{file['id']}", {"signature": "c2ln", "signing_certificate": "PEM\nPEM"})
    assert signed["signature"] == "c2ln" and api.get(f"/api/v1/files/{file['id']}") == signed
    api.delete(f"/api/v1/files/{file['id']}")
    assert api.get("/api/v1/files")["items"] == []
    until(lambda: not os.listdir(files.data / "files"), "the bytes are gone")


def test_a_station_fetches_whole_and_in_ranges(files):
    api = files.api()
    _, url = download_url(api, files)
    status, headers, body = http_request("GET", url)
    assert (status, body) == (200, IMAGE)
    assert headers["content-length"] == str(len(IMAGE)) and headers["accept-ranges"] == "bytes"
    status, headers, body = http_request("HEAD", url)
    assert (status, body) == (200, b"") and headers["content-length"] == str(len(IMAGE))
    for asked, got in [("0-9", IMAGE[:10]), ("255990-", IMAGE[255990:]), ("-7", IMAGE[-7:]), ("10-999999999", IMAGE[10:])]:
        status, headers, body = http_request("GET", url, headers={"Range": f"bytes={asked}"})
        assert (status, body) == (206, got), asked
        assert headers["content-range"].endswith(f"/{len(IMAGE)}")
    status, headers, _ = http_request("GET", url, headers={"Range": f"bytes={len(IMAGE)}-"})
    assert status == 416 and headers["content-range"] == f"bytes */{len(IMAGE)}"
    for whole in ["bytes=5-2", "lines=1-2", "bytes=0-1,5-6", "bytes=a-b"]:
        assert http_request("GET", url, headers={"Range": whole})[0] == 200
    status, _, body = http_request("GET", url, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (status, len(body)) == (200, len(IMAGE))


def test_files_go_over_tls_with_the_certificates_of_the_ocpp_listener(serve):
    server = serve(files=True, settings="files: {tls: true}\n", env={"TIDEWATT_LISTEN_OCPPS": "127.0.0.1:0"})
    api = server.api()
    _, url = download_url(api, server)
    assert url.startswith("https://127.0.0.1:")
    trust = ssl.create_default_context(cafile=server.data / "pki/root.pem")
    with urllib.request.urlopen(url, context=trust, timeout=20) as answer:
        assert answer.read() == IMAGE
    part = urllib.request.Request(url, headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(part, context=trust, timeout=20) as answer:
        assert (answer.status, answer.read()) == (206, IMAGE[10:20])
    # A log comes the same way.
    station, place = upload_url(api, server)
    log = os.urandom(200_000)
    bring = urllib.request.Request(place, data=log, method="PUT")
    with urllib.request.urlopen(bring, context=trust, timeout=20) as answer:
        assert answer.status == 201
    (kept,) = api.get("/api/v1/files?kind=log")["items"]
    assert kept["bytes"] == len(log)
    station.close()
    # Whoever does not believe our root gets nothing, and nobody gets anything in the clear.
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, context=ssl.create_default_context(), timeout=20)
    with pytest.raises(ConnectionResetError):
        assert raw(url.replace("https://", "http://"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == ""
        raise ConnectionResetError("it was closed without a word")
    # New certificates after a reload, too.
    (server.data / "pki/server-ecdsa.pem").unlink()
    server.process.send_signal(signal.SIGHUP)
    until(lambda: any("certificates-reloaded" in line for line in server.log), "the certificates were read again")
    with urllib.request.urlopen(url, context=trust, timeout=20) as answer:
        assert answer.read() == IMAGE


def test_tls_for_files_needs_the_listener_whose_certificates_it_uses(serve):
    with pytest.raises(Exception, match="files.tls"):
        serve(files=True, settings="files: {tls: true}\n")


def test_nothing_else_is_reachable(files):
    api = files.api()
    _, url = download_url(api, files)
    base, ticket, name = url.rsplit("/", 2)
    root = base.rsplit("/", 1)[0]
    ident, end, proof = ticket.split(".")
    later = "zzzzzz"
    wrong = [
        f"{base}/{ident}.{later}.{proof}/{name}", f"{base}/{ident}.{end}.{'0' * 32}/{name}",
        f"{base}/{'0' * 32}.{end}.{proof}/{name}", f"{base}/{ident}/{name}", f"{base}/..%2f..%2ftidewatt.sqlite/x",
        f"{root}/bring/{ticket}/{name}", f"{root}/", f"{root}/api/v1/stations", f"{root}/files/{ident}",
    ]
    for address in wrong:
        assert http_request("GET", address)[0] in (404, 405), address
    assert http_request("PUT", f"{root}/bring/{ticket}/{name}", b"x")[0] == 404, "a ticket goes one way"
    assert http_request("DELETE", url)[0] == 405
    for line in [b"GET /../../etc/passwd HTTP/1.1", b"GET //fetch//x HTTP/1.1", b"GET /fetch/../../x HTTP/1.1"]:
        answer = raw(url, line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert " 404 " in answer + " ", answer
    messages = api.get("/api/v1/jobs")["items"]
    assert ticket not in str(messages) and "******" in messages[0]["location"]
    for one in api.get(f"/api/v1/stations/{messages[0]['station']}/messages?limit=100")["items"]:
        assert proof not in str(one), "the record would be as good as the address"


def test_an_address_is_good_for_its_time_only_and_ends_with_the_file(files):
    api = files.api()
    file, url = download_url(api, files)
    files.kill()
    files.start()
    moved = f"{url.split('//')[0]}//127.0.0.1:{files.ports['files']}/" + url.split("/", 3)[3]
    assert http_request("GET", moved)[0] == 200, "addresses outlive the process"
    files.api().delete(f"/api/v1/files/{file['id']}")
    assert http_request("GET", moved)[0] == 404


def test_a_log_is_brought_once_and_is_on_the_disk_before_the_answer(files):
    api = files.api()
    station, url = upload_url(api, files)
    status, _, _ = http_request("PUT", url + "/my%20log.txt", b"line\n" * 1000)
    assert status == 201
    files.kill()
    files.start()
    api = files.api()
    [file] = api.get("/api/v1/files?kind=log")["items"]
    assert file["station"] == station.identity and file["bytes"] == 5000 and file["name"] == "my_20log.txt"
    status, _, body = http_request("GET", f"{files.url}/api/v1/files/{file['id']}/content")
    assert (status, body) == (200, b"line\n" * 1000)
    moved = f"http://127.0.0.1:{files.ports['files']}/" + url.split("/", 3)[3]
    assert http_request("PUT", moved, b"again")[0] == 409
    [job] = api.get(f"/api/v1/stations/{station.identity}/jobs")["items"]
    assert (job["state"], job["received_bytes"], job["file"]) == ("done", 5000, file["id"])


def test_a_form_of_a_browser_is_taken_apart(files):
    api = files.api()
    _, url = upload_url(api, files)
    body = (
        b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nno\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="f"; filename="x.log"\r\n\r\n' + IMAGE + b"\r\n--XX--\r\n")
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    assert http_request("POST", url, body, headers)[0] == 201
    [file] = api.get("/api/v1/files?kind=log")["items"]
    assert file["sha256"] == hashlib.sha256(IMAGE).hexdigest()


def test_what_is_too_large_leaves_nothing(serve):
    server = serve(files=True, settings="files: {log_megabytes: 1, firmware_megabytes: 1, total_megabytes: 2}\n")
    api = server.api()
    _, url = upload_url(api, server)
    try:
        status = http_request("PUT", url, b"x" * (3 << 20))[0]
    except (ConnectionError, BrokenPipeError):
        status = 413
    assert status == 413
    answer = api.request("POST", "/api/v1/files?name=big.bin", b"x" * ((1 << 20) + 1))
    assert answer.status == 413 and answer.json["type"].endswith("file-too-large")
    until(lambda: os.listdir(server.data / "files") == [], "no rest")
    for number in range(2):
        keep(api, b"x" * (1 << 20), f"a{number}.bin")
    answer = api.request("POST", "/api/v1/files?name=third.bin", b"x" * (1 << 20))
    assert answer.status == 413 and answer.json["type"].endswith("files-full")


def test_an_upload_that_is_cut_off_leaves_nothing_and_may_be_tried_again(files):
    api = files.api()
    _, url = upload_url(api, files)
    half = half_upload(url, 100_000, 200_000)
    folder = files.data / "files"
    until(lambda: any(name.endswith(".part") for name in os.listdir(folder)), "it is coming in")
    half.close()
    until(lambda: os.listdir(folder) == [], "nothing is left")
    assert api.get("/api/v1/files")["items"] == []
    assert http_request("PUT", url, b"whole")[0] == 201


def test_a_kill_in_the_middle_of_an_upload_leaves_nothing_and_it_may_be_tried_again(files):
    api = files.api()
    _, url = upload_url(api, files)
    half = half_upload(url, 100_000, 200_000)
    folder = files.data / "files"
    until(lambda: any(name.endswith(".part") for name in os.listdir(folder)), "it is coming in")
    files.kill()
    half.close()
    files.start()
    assert os.listdir(folder) == []
    moved = f"http://127.0.0.1:{files.ports['files']}/" + url.split("/", 3)[3]
    assert http_request("PUT", moved, b"whole")[0] == 201
    [file] = files.api().get("/api/v1/files")["items"]
    assert file["bytes"] == 5


def test_without_a_listener_the_way_out_is_told(serve):
    server = serve()
    api = server.api()
    station = Station(server.ocpp, fresh("FILE")).connect()
    station.boot()
    file = keep(api)
    answer = api.request("POST", f"/api/v1/stations/{station.identity}/firmware", {"file": file["id"]})
    assert answer.status == 409 and answer.json["type"].endswith("files-off") and "listen.files" in answer.json["detail"]
    own = api.post(
        f"/api/v1/stations/{station.identity}/firmware", {"location": "ftp://u:secret@files.example.org/a.bin"},
        headers={"Prefer": "wait=10"})
    assert own["status"] == "answered"
    assert station.heard("UpdateFirmware")[0]["location"] == "ftp://u:secret@files.example.org/a.bin"
    [job] = api.get(f"/api/v1/stations/{station.identity}/jobs")["items"]
    assert job["location"] == "ftp://******@files.example.org/a.bin" and "secret" not in str(own)
    station.close()


def test_an_address_that_no_station_can_name_is_refused(tmp_path):
    from support.program import tidewatt
    (tmp_path / "c.yaml").write_text('listen: {files: "0.0.0.0:0"}\n')
    result = tidewatt("serve", "--config", tmp_path / "c.yaml", "--data", tmp_path / "d")
    assert result.returncode == 2 and "files.public_url" in result.stderr
    assert not (tmp_path / "d").exists()
