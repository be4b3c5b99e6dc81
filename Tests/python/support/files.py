"""HTTP as a station speaks it: fetches firmware, brings logs."""

import http.client
import socket
from urllib.parse import urlsplit


def http_request(method, url, body=None, headers=None, seconds=20):
    """Status, headers (names in lower case) and body of one request."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    try:
        connection.request(method, parts.path, body, headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def raw(url, data, seconds=10):
    """Sends bytes as they are; the first line of the answer, empty when the socket ends without one."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as connection:
        connection.sendall(data)
        return connection.makefile("rb").readline().decode().strip()


def half_upload(url, sent, claimed):
    """A socket on which `sent` of `claimed` bytes were sent; the rest never comes."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=10)
    head = f"PUT {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {claimed}\r\n\r\n"
    connection.sendall(head.encode() + b"x" * sent)
    return connection
