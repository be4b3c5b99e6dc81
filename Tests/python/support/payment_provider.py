"""A payment provider to test against: a process of its own over HTTP, which keeps what it did in a file, does what comes under one
key once, and can refuse, be slow, or die between doing and answering."""

import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.request import Request, urlopen


class Ledger:
    """What lasts: payments by reference, answers by key, and what was asked, in order."""

    def __init__(self, path):
        self.path, self.lock = Path(path), Lock()
        self.state = {"payments": {}, "answers": {}, "asked": [], "behaviour": {}}
        if self.path.exists():
            self.state = json.loads(self.path.read_text())

    def save(self):
        self.path.write_text(json.dumps(self.state))


def carry(state, step, key, body):
    """The answer to one step; the same one for the same key."""
    if key and key in state["answers"]:
        return state["answers"][key]
    behaviour, payments = state["behaviour"], state["payments"]
    reference = body["psp_ref"] or f"psp-{body['payment']}"
    payment = payments.get(reference)
    if step == "reserve":
        if behaviour.get("refuse"):
            answer = {"status": "refused", "reason": "no money"}
        else:
            payments[reference] = {"paid": False, "reserved": body["amount_fen"], "captured": 0, "refunded": 0, "cancelled": False}
            answer = {"status": "pending", "psp_ref": reference, "page_url": f"https://pay.example/{reference}"}
    elif payment is None:
        answer = {"status": "cancelled" if step == "cancel" else "refused", "reason": "not known"}
    elif step == "look":
        status = "cancelled" if payment["cancelled"] else "authorized" if payment["paid"] else "pending"
        return {"status": status, "psp_ref": reference, "amount_fen": payment["reserved"]}
    elif step == "capture":
        assert 0 < body["amount_fen"] <= payment["reserved"], body
        payment["captured"] += body["amount_fen"]
        answer = {"status": "captured"}
    elif step == "cancel":
        payment["cancelled"] = True
        answer = {"status": "cancelled"}
    else:
        payment["refunded"] += body["amount_fen"]
        answer = {"status": "refunded"}
    if key:
        state["answers"][key] = answer
    return answer


def serve(path, token):
    ledger = Ledger(path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.say(200, ledger.state)

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            step = self.path.rsplit("/", 1)[-1]
            if step == "control":
                with ledger.lock:
                    ledger.state["behaviour"].update(body.get("behaviour", {}))
                    for reference, change in body.get("payments", {}).items():
                        ledger.state["payments"].setdefault(
                            reference, {"reserved": 0, "captured": 0, "refunded": 0, "cancelled": False, "paid": False}
                        ).update(change)
                    ledger.save()
                return self.say(200, {})
            if self.headers.get("Authorization") != f"Bearer {token}":
                return self.say(401, {})
            key = self.headers.get("Idempotency-Key")
            with ledger.lock:
                ledger.state["asked"].append({"step": step, "key": key, "amount_fen": body["amount_fen"]})
                answer = carry(ledger.state, step, key, body)
                mute = ledger.state["behaviour"].get("mute", {})
                silent = mute.get(step, 0)
                if silent:
                    mute[step] = silent - 1
                ledger.save()
            if silent:
                # It was done, and nobody hears of it.
                self.close_connection = True
                return self.connection.close()
            time.sleep(ledger.state["behaviour"].get("delay", 0))
            self.say(200, answer)

        def say(self, status, answer):
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

        def handle_one_request(self):
            try:
                super().handle_one_request()
            except (OSError, ValueError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


class Provider:
    """The test's end of it."""

    TOKEN = "sandbox-token"

    def __init__(self, folder):
        self.ledger = Path(folder) / "ledger.json"
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(self.ledger), self.TOKEN], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def control(self, **change):
        request = Request(self.url + "/control", json.dumps(change).encode(), {"Content-Type": "application/json"})
        urlopen(request, timeout=5).read()

    def behave(self, **behaviour):
        self.control(behaviour=behaviour)

    def pays(self, reference, reserved=None):
        """The driver did what the page, or a terminal, asked."""
        self.control(payments={reference: {"paid": True, **({"reserved": reserved} if reserved else {})}})

    def state(self):
        return json.loads(urlopen(self.url + "/state", timeout=5).read())

    def payment(self, reference):
        return self.state()["payments"].get(reference)

    def asked(self, step):
        return [one for one in self.state()["asked"] if one["step"] == step]

    def stop(self):
        self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
