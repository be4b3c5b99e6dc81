"""Certificates of stations, made with the openssl program, and TLS contexts that trust the platform's own authority."""

import ssl
import subprocess

OPERATOR = "Harbour Power"

# Settings of a server that speaks TLS and signs for this operator.
ENVIRONMENT = {
    "TIDEWATT_LISTEN_OCPPS": "127.0.0.1:0", "TIDEWATT_TLS_ORGANIZATION": OPERATOR,
    "TIDEWATT_TLS_CERTIFICATE_ALARM_DAYS": "20"}


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def signing_request(folder, name, subject=f"/O={OPERATOR}/CN=C1", key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """Key file and request of a station, as a text."""
    path, request = folder / f"{name}.key", folder / f"{name}.csr"
    openssl("req", "-new", "-nodes", "-newkey", *key, "-subj", subject, "-keyout", path, "-out", request)
    return path, request.read_text()


def signed(server, identity, days=50, serial=9):
    """Key and certificate files of a station, signed with the platform's own root."""
    key, _ = signing_request(server.folder, identity, f"/O={OPERATOR}/CN={identity}")
    made, pki = server.folder / f"{identity}.pem", server.data / "pki"
    openssl("x509", "-req", "-in", server.folder / f"{identity}.csr", "-CA", pki / "root.pem", "-CAkey", pki / "root.key",
            "-set_serial", serial, "-days", days, "-out", made)
    return key, made


def context(server, certificate=None, key=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(server.data / "pki/root.pem")
    if certificate:
        made.load_cert_chain(certificate, key)
    return made
