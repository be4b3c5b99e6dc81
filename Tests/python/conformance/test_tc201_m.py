"""OCA cases of 2.0.1 for central systems, block M (certificates): installed, listed, deleted."""

import base64
import subprocess

import pytest

from support.charger import both, wire
from support.polling import until


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root certificate as a text."""
    made = tmp_path_factory.mktemp("root") / "root.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
         "/CN=Some root", "-days", "30", "-keyout", made.with_suffix(".key"), "-out", made], check=True, capture_output=True)
    return made.read_text()


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def named(root, algorithm, folder):
    """How OCPP names a root, by OpenSSL."""
    file = folder / "named.pem"
    file.write_text(root)
    told = openssl("ocsp", "-" + algorithm.lower(), "-issuer", file, "-cert", file, "-req_text", "-noverify")
    told = told.replace("\\\n", "")
    value = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in told.splitlines() if line.count(":") == 1}
    return {"hashAlgorithm": algorithm, "issuerNameHash": value["Issuer Name Hash"],
            "issuerKeyHash": value["Issuer Key Hash"], "serialNumber": value["Serial Number"]}


def same(shown, hash_data):
    """Digits of either case, serial numbers with or without leading zeros."""
    def plain(data):
        return {key: value.lower().lstrip("0") if key == "serialNumber" else value.lower() for key, value in data.items()}
    return plain(shown) == plain(hash_data)


def shown(one):
    return one.api.get(one.path("/installed-certificates"))["items"]


def held(one):
    """Certificates that the station said it holds: use, serial number, below another one."""
    return [(each["use"], each["hash"]["serialNumber"], each["child"]) for each in shown(one)]


def hashed(serial="1A2B", algorithm="SHA256"):
    length = {"SHA256": 64, "SHA384": 96, "SHA512": 128}[algorithm]
    return {"hashAlgorithm": algorithm, "issuerNameHash": "0" * length, "issuerKeyHash": "1" * length,
            "serialNumber": serial}


def link(use, serial="1A2B", algorithm="SHA256", *below):
    made = {"certificateType": use, "certificateHashData": hashed(serial, algorithm)}
    if below:
        made["childCertificateHashData"] = [hashed(child, algorithm) for child in below]
    return made


# MARK: Installing

def install(one, root, use, says="Accepted"):
    one.order("InstallCertificate", {"certificateType": use, "certificate": root}, {"status": says}, says=says)


def installed(charger, root, use, folder):
    """The operator's own order; what is shown afterwards is what was installed, before any list says so."""
    one = charger()
    assert held(one) == []
    done = one.api.post(one.path("/installed-certificates"), {"certificate": root, "use": use},
                        headers={"Prefer": "wait=10"})
    assert (done["status"], done["response"]["status"]) == ("answered", "Accepted")
    assert one.heard("InstallCertificate") == [{"certificateType": use, "certificate": root}]
    (known,) = shown(one)
    assert (known["use"], known["source"], known["child"], known["our_root"]) == (use, "installed", False, False)
    assert same(known["hash"], named(root, "SHA256", folder))
    assert known["subject"] == "CN=Some root" and known["not_after"]
    # The list says the same, in the station's own form: the end of the certificate stays known.
    link_of_root = {"certificateType": use, "certificateHashData": named(root, "SHA512", folder)}
    one.answers["GetInstalledCertificateIds"] = {"status": "Accepted", "certificateHashDataChain": [link_of_root]}
    one.api.post(one.path("/installed-certificates:read"), {"use": use}, headers={"Prefer": "wait=10"})
    assert one.heard("GetInstalledCertificateIds") == [{"certificateType": [use]}]
    (listed_one,) = shown(one)
    assert listed_one["source"] == "listed" and listed_one["hash"] == link_of_root["certificateHashData"]
    assert (listed_one["subject"], listed_one["not_after"]) == (known["subject"], known["not_after"])


@both
def test_TC_M_01_a_root_of_the_central_system_is_installed(charger, root, tmp_path):
    installed(charger, root, "CSMSRootCertificate", tmp_path)


def test_TC_M_02_a_root_of_the_manufacturer_is_installed(charger, root, tmp_path):
    installed(charger, root, "ManufacturerRootCertificate", tmp_path)


def test_TC_M_03_a_root_of_vehicle_to_grid_is_installed(charger, root, tmp_path):
    installed(charger, root, "V2GRootCertificate", tmp_path)


def test_TC_M_04_a_root_of_a_mobility_operator_is_installed(charger, root, tmp_path):
    installed(charger, root, "MORootCertificate", tmp_path)


def test_TC_M_05_a_station_that_fails_to_install_is_shown(charger, root):
    one = charger()
    install(one, root, "CSMSRootCertificate", "Failed")
    assert held(one) == []


# MARK: Listing

def listed(one, chain, uses, expected):
    one.order("GetInstalledCertificateIds", {"certificateType": uses} if uses else {},
              {"status": "Accepted", "certificateHashDataChain": chain}, says="Accepted")
    assert until(lambda: held(one), "what the station holds") == expected


def test_TC_M_12_roots_of_the_central_system_are_listed_with_each_hash(charger):
    one = charger()
    for serial, algorithm in [("61", "SHA256"), ("62", "SHA384"), ("63", "SHA512")]:
        listed(one, [link("CSMSRootCertificate", serial, algorithm)], ["CSMSRootCertificate"],
               [("CSMSRootCertificate", serial, False)])


def lists(charger, use):
    one = charger()
    assert held(one) == []
    listed(one, [link(use)], [use], [(use, "1A2B", False)])


@both
def test_TC_M_13_roots_of_the_manufacturer_are_listed(charger):
    lists(charger, "ManufacturerRootCertificate")


def test_TC_M_14_roots_of_vehicle_to_grid_are_listed(charger):
    lists(charger, "V2GRootCertificate")


def test_TC_M_15_a_chain_of_vehicle_to_grid_is_listed(charger):
    use = "V2GCertificateChain"
    listed(charger(), [link(use, "10", "SHA256", "11", "12")], [use],
           [(use, "10", False), (use, "11", True), (use, "12", True)])


def test_TC_M_16_roots_of_a_mobility_operator_are_listed(charger):
    lists(charger, "MORootCertificate")


def test_TC_M_17_roots_of_two_kinds_are_listed(charger):
    uses = ["CSMSRootCertificate", "ManufacturerRootCertificate"]
    listed(charger(), [link(uses[0], "21"), link(uses[1], "22")], uses, [(uses[0], "21", False), (uses[1], "22", False)])


@both
def test_TC_M_18_certificates_of_all_kinds_are_listed(charger):
    uses = ["CSMSRootCertificate", "ManufacturerRootCertificate", "V2GRootCertificate", "MORootCertificate"]
    chain = [link(use, f"3{n}") for n, use in enumerate(uses)] + [link("V2GCertificateChain", "40", "SHA256", "41")]
    listed(charger(), chain, None, [(use, f"3{n}", False) for n, use in enumerate(uses)] + [
        ("V2GCertificateChain", "40", False), ("V2GCertificateChain", "41", True)])


def test_TC_M_19_there_is_no_certificate_of_a_kind(charger):
    one = charger()
    use = "ManufacturerRootCertificate"
    listed(one, [link(use)], [use], [(use, "1A2B", False)])
    one.order("GetInstalledCertificateIds", {"certificateType": [use]}, {"status": "NotFound"}, says="NotFound")
    assert held(one) == [], "what was listed before is gone"


# MARK: Deleting

def delete(one, data, says):
    one.order("DeleteCertificate", {"certificateHashData": data}, {"status": says}, says=says)


@both
def test_TC_M_20_a_certificate_is_deleted(charger, root, tmp_path):
    one = charger()
    use, kept = "CSMSRootCertificate", link("CSMSRootCertificate", "50")
    for algorithm in ["SHA256", "SHA384", "SHA512"]:
        install(one, root, use)
        link_of_root = {"certificateType": use, "certificateHashData": named(root, algorithm, tmp_path)}
        listed(one, [link_of_root, kept], [use], [
            (use, link_of_root["certificateHashData"]["serialNumber"], False), (use, "50", False)])
        gone = shown(one)[0]["hash"]
        assert gone == link_of_root["certificateHashData"], "in the station's own algorithm (M04.FR.07)"
        before = len(one.heard("DeleteCertificate"))
        done = one.api.post(one.path("/installed-certificates:delete"), gone, headers={"Prefer": "wait=10"})
        assert done["response"] == {"status": "Accepted"}
        assert one.heard("DeleteCertificate")[before:] == [{"certificateHashData": gone}]
        # At once, without another list.
        assert held(one) == [(use, "50", False)]
    # What the station does not have is not shown either.
    one.answers["DeleteCertificate"] = {"status": "NotFound"}
    delete(one, hashed("50"), "NotFound")
    assert held(one) == []


def test_TC_M_21_a_certificate_that_the_station_keeps_stays_shown(charger, root):
    one = charger()
    install(one, root, "CSMSRootCertificate")
    listed(one, [link("CSMSRootCertificate")], ["CSMSRootCertificate"], [("CSMSRootCertificate", "1A2B", False)])
    delete(one, hashed(), "Failed")
    assert held(one) == [("CSMSRootCertificate", "1A2B", False)]


# MARK: Vehicles' certificates (ISO 15118)

@both
def test_TC_M_24_the_status_of_a_certificate_is_fetched_from_its_responder(charger, mobility, tmp_path):
    one = charger(server=mobility.server)
    assert one.log("GetCertificateStatus") == []
    answer = one.say("GetCertificateStatus", {"ocspRequestData": wire(mobility.pki.hash_data("good"))})
    assert answer["status"] == "Accepted" and one.told("GetCertificateStatus")["reply"] == answer
    (tmp_path / "answer.der").write_bytes(base64.b64decode(answer["ocspResult"]))
    folder = mobility.pki.folder
    said = subprocess.run(
        ["openssl", "ocsp", "-respin", tmp_path / "answer.der", "-issuer", folder / "sub.pem", "-CAfile",
         folder / "root.pem", "-verify_other", folder / "sub.pem", "-resp_text"], capture_output=True, text=True, check=True)
    assert "Cert Status: good" in said.stdout


def contract_certificate(charger, mobility, action):
    one = charger(server=mobility.server)
    assert one.log("Get15118EVCertificate") == []
    answer = one.say("Get15118EVCertificate", {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": action, "exiRequest": "QUJD"})
    assert (answer["status"], answer["exiResponse"]) == ("Accepted", "RVhJQUJD")
    assert one.told("Get15118EVCertificate")["reply"] == answer
    asked = mobility.provider.heard[-1]
    assert (asked["station"], asked["action"], asked["exi_request"]) == (one.identity, action, "QUJD")


@both
def test_TC_M_26_a_vehicle_gets_a_contract_certificate(charger, mobility):
    contract_certificate(charger, mobility, "Install")


def test_TC_M_28_a_vehicle_gets_a_new_contract_certificate(charger, mobility):
    contract_certificate(charger, mobility, "Update")
