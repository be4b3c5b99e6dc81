"""Which certificates a station holds to trust others by: orders that are refused, lost or cut off, and what is known afterwards."""

import json

import pytest
from ocpp import v201
from ocpp.v16 import call_result as says16

from support.pki import ENVIRONMENT
from support.polling import until
from support.station import Station, fresh
from support.station2 import Station2

KINDS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]


@pytest.fixture
def secure(serve):
    """It has an authority, and so a root to give."""
    return serve(env=ENVIRONMENT)


def a_station(kind, server, identity):
    return Station(server.ocpp, identity) if kind == "ocpp1.6" else Station2(server.ocpp, identity, kind)


def says(kind, action, status):
    return getattr(says16 if kind == "ocpp1.6" else v201.call_result, action)(status)


def use_of(kind):
    return "CentralSystemRootCertificate" if kind == "ocpp1.6" else "CSMSRootCertificate"


def path(one, rest=""):
    return f"/api/v1/stations/{one.identity}/installed-certificates{rest}"


def held(api, one):
    return [(item["use"], item["our_root"], item["source"]) for item in api.get(path(one))["items"]]


def install(api, one, **more):
    return api.post(path(one), {"root": "authority"}, headers={"Prefer": "wait=10"}, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_station_took_outlives_both_sides(secure, kind):
    api, identity = secure.api(), fresh("HC")
    one = a_station(kind, secure, identity).connect()
    one.boot()
    one.answers["InstallCertificate"] = says(kind, "InstallCertificate", "Rejected")
    assert install(api, one)["response"]["status"] == "Rejected" and held(api, one) == []
    one.answers["InstallCertificate"] = says(kind, "InstallCertificate", "Accepted")
    assert install(api, one)["response"]["status"] == "Accepted"
    assert held(api, one) == [(use_of(kind), True, "installed")]
    # Neither a kill nor a reboot of the station takes anything away.
    secure.kill()
    one.close()
    secure.start()
    api = secure.api()
    one = a_station(kind, secure, identity).connect()
    one.boot()
    assert held(api, one) == [(use_of(kind), True, "installed")]
    (item,) = api.get(path(one))["items"]
    (root,) = api.get("/api/v1/roots")["items"]
    assert (item["subject"], item["not_after"]) == (root["subject"], root["not_after"])
    page = api.request("GET", f"/stations/{identity}").text
    assert root["subject"] in page and item["hash"]["issuerKeyHash"] in page
    one.answers["DeleteCertificate"] = says(kind, "DeleteCertificate", "Failed")
    api.post(path(one, ":delete"), item["hash"], headers={"Prefer": "wait=10"})
    assert len(held(api, one)) == 1
    one.answers["DeleteCertificate"] = says(kind, "DeleteCertificate", "Accepted")
    api.post(path(one, ":delete"), item["hash"], headers={"Prefer": "wait=10"})
    assert held(api, one) == []
    one.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_reboot_in_the_middle_leaves_open_what_happened_until_the_station_lists(secure, kind):
    api, identity = secure.api(), fresh("HC")
    one = a_station(kind, secure, identity).connect()
    one.boot()

    def reboots(_):
        one.socket.transport.abort()

    one.answers["InstallCertificate"] = reboots
    command = install(api, one)
    assert command["status"] != "answered" and held(api, one) == [], "nobody knows whether it has it"
    root = api.get("/api/v1/authority")["hash"]
    one = a_station(kind, secure, identity).connect()
    one.boot()
    snake = {"hash_algorithm": root["hashAlgorithm"], "issuer_name_hash": root["issuerNameHash"],
             "issuer_key_hash": root["issuerKeyHash"], "serial_number": root["serialNumber"]}
    if kind == "ocpp1.6":
        one.answers["GetInstalledCertificateIds"] = lambda asked: (
            says16.GetInstalledCertificateIds("Accepted", [snake])
            if asked["certificate_type"] == use_of(kind) else says16.GetInstalledCertificateIds("NotFound"))
    else:
        one.answers["GetInstalledCertificateIds"] = v201.call_result.GetInstalledCertificateIds(
            "Accepted", certificate_hash_data_chain=[{"certificate_type": use_of(kind), "certificate_hash_data": snake}])
    api.post(path(one, ":read"), headers={"Prefer": "wait=10"})
    assert held(api, one) == [(use_of(kind), True, "listed")]
    assert api.get(path(one))["listed_at"]
    one.close()


def test_1_6_carries_roots_for_vehicles_inside_data_transfer(secure):
    api, identity = secure.api(), fresh("HC")
    one = Station(secure.ocpp, identity).connect()
    one.boot()
    one.answers["DataTransfer"] = says16.DataTransfer("Accepted", json.dumps({"status": "Accepted"}))
    root = api.get("/api/v1/roots")["items"][0]["certificate"]
    asked = {"certificate": root, "use": "V2GRootCertificate"}
    api.post(path(one), asked, headers={"Prefer": "wait=10"})
    (heard,) = one.heard("DataTransfer")
    assert (heard["vendorId"], heard["messageId"]) == ("org.openchargealliance.iso15118pnc", "InstallCertificate")
    assert json.loads(heard["data"]) == {"certificateType": "V2GRootCertificate", "certificate": root}
    assert [item[0] for item in held(api, one)] == ["V2GRootCertificate"]
    one.close()


def test_what_cannot_be_installed_is_refused_before_it_goes(secure):
    api, identity = secure.api(), fresh("HC")
    one = Station2(secure.ocpp, identity).connect()
    one.boot()
    for body in [{}, {"root": "nobody"}, {"certificate": "no certificate", "use": "CSMSRootCertificate"},
                 {"root": "authority", "certificate": "x"}, {"certificate": "-----BEGIN CERTIFICATE-----"},
                 {"root": "authority", "use": "OEMRootCertificate"}, {"root": "authority", "use": "Any"}]:
        assert api.request("POST", path(one), body).status == 400, body
    for body in [{}, {"hashAlgorithm": "MD5", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "1"}]:
        assert api.request("POST", path(one, ":delete"), body).status == 400, body
    assert one.heard("InstallCertificate") == one.heard("DeleteCertificate") == []
    one.close()
    until(lambda: api.station(identity)["online"] is False, "it is gone")
    assert install(api, one)["status"] == "offline" and held(api, one) == []
