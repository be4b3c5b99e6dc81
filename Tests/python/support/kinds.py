"""What tests of several versions of OCPP say in the same way."""

from .station import Station
from .station2 import Station2

KINDS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]


def new_station(kind, server, identity, **options):
    """A station of one of the three versions."""
    if kind == "ocpp1.6":
        return Station(server.ocpp, identity, **options)
    return Station2(server.ocpp, identity, kind, **options)


def is16(one):
    return one.subprotocols == ("ocpp1.6",)
