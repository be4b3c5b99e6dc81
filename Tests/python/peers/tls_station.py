"""A station on Python's ssl, with nothing between it and the socket: what it saw goes out as JSON, one line.

    tls_station.py PORT IDENTITY --ca FILE [--cert FILE --key FILE] [--password TEXT] [--max VERSION] [--ciphers LIST]
                   [--sigalgs LIST] [--plain] [--hold] [--resume] [--handshakes N]

With --hold it says {"ready": true} after its first answer, waits for a line on standard input and sends once more.
With --resume it comes a second time with the session of the first. With --handshakes it does nothing but handshakes.
"""

import argparse
import base64
import json
import os
import socket
import ssl
import struct
import sys
import time


def frame(text):
    data = text.encode()
    mask = os.urandom(4)
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else bytes([0x81, 0xFE]) + struct.pack(">H", len(data))
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def exactly(stream, count):
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("the other side ended the stream")
        data += piece
    return data


def read_frame(stream):
    first, second = exactly(stream, 2)
    length = second & 127
    if length == 126:
        (length,) = struct.unpack(">H", exactly(stream, 2))
    return first & 15, exactly(stream, length)


def make_context(options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(options.ca)
    context.check_hostname = True
    if options.cert:
        context.load_cert_chain(options.cert, options.key)
    if options.max:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = getattr(ssl.TLSVersion, options.max)
    if options.ciphers:
        context.set_ciphers(options.ciphers)
    return context


def visit(options, context, session=None):
    raw = socket.create_connection(("127.0.0.1", options.port), timeout=20)
    stream = raw if options.plain else context.wrap_socket(raw, server_hostname="localhost", session=session)
    seen = {}
    if not options.plain:
        seen = {
            "tls": stream.version(), "cipher": stream.cipher()[0], "compression": stream.compression(),
            "resumed": stream.session_reused, "certificate": len(stream.getpeercert(True)),
        }
    lines = [
        f"GET /ocpp/{options.identity} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Protocol: ocpp1.6",
    ]
    if options.password is not None:
        lines.append("Authorization: Basic " + base64.b64encode(
            f"{options.identity}:{options.password}".encode()).decode())
    stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += exactly(stream, 1)
    seen["status"] = int(head.split()[1])
    if seen["status"] != 101:
        seen["text"] = stream.recv(2000).decode()
        return seen, None
    stream.sendall(frame('[2,"1","Heartbeat",{}]'))
    seen["answer"] = read_frame(stream)[1].decode()
    if options.hold:
        print(json.dumps({"ready": True}), flush=True)
        sys.stdin.readline()
        stream.sendall(frame('[2,"2","Heartbeat",{}]'))
        seen["second"] = read_frame(stream)[1].decode()
    session = None if options.plain else stream.session
    stream.close()
    return seen, session


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("identity")
    for name in ["ca", "cert", "key", "password", "max", "ciphers"]:
        parser.add_argument("--" + name)
    for name in ["plain", "hold", "resume"]:
        parser.add_argument("--" + name, action="store_true")
    parser.add_argument("--handshakes", type=int)
    options = parser.parse_args()
    try:
        context = None if options.plain else make_context(options)
        if options.handshakes:
            begin = time.monotonic()
            for _ in range(options.handshakes):
                raw = socket.create_connection(("127.0.0.1", options.port), timeout=20)
                stream = context.wrap_socket(raw, server_hostname="localhost")
                stream.close()
            print(json.dumps({"seconds": time.monotonic() - begin}))
            return
        seen, session = visit(options, context)
        if options.resume:
            seen, _ = visit(options, context, session)
    except (OSError, ConnectionError) as fault:
        seen = {"fault": f"{type(fault).__name__}: {fault}"}
    print(json.dumps(seen))


main()
