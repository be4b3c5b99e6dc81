"""An HTTP service of the operator's, on a free port of this machine."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook:
    """Keeps what is posted to it; `answer` is an object, bytes, or what makes one of the request."""

    def __init__(self, answer):
        self.answer, self.heard, self.status, self.delay = answer, [], 200, 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.heard.append(json.loads(body) if "json" in self.headers["Content-Type"] else body)
                time.sleep(hook.delay)
                said = hook.answer(hook.heard[-1]) if callable(hook.answer) else hook.answer
                self.send_response(hook.status)
                self.end_headers()
                self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def url(self):
        return f"http://{self.host}/hook"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
