"""JSON schemas of the three OCPP versions, from the installed PyPI package `ocpp`, with exact decimals.

Numbers stay `Decimal` in schemas and messages alike: `multipleOf 0.1` is wrong in binary fractions.
"""

import functools
import json
import re
from decimal import Decimal
from pathlib import Path

import jsonschema
import ocpp

_FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}

_COMMON = {
    "NotImplemented", "NotSupported", "InternalError", "GenericError", "SecurityError", "ProtocolError",
    "PropertyConstraintViolation", "TypeConstraintViolation"}
_SINCE_2 = _COMMON | {"FormatViolation", "OccurrenceConstraintViolation", "MessageTypeNotSupported", "RpcFrameworkError"}

# Each version's own spelling.
ERROR_CODES = {
    "ocpp1.6": _COMMON | {"FormationViolation", "OccurenceConstraintViolation"},
    "ocpp2.0.1": _SINCE_2,
    "ocpp2.1": _SINCE_2,
}

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time")
def _is_instant(value):
    return not isinstance(value, str) or _INSTANT.fullmatch(value) is not None


def _is_integer(_, value):
    return isinstance(value, int) and not isinstance(value, bool) or (
        isinstance(value, Decimal) and value == value.to_integral_value())


def read(text):
    """Strict JSON with exact decimals: no NaN, no key twice."""
    def once(pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("an object names a key twice")
        return made

    def refuse(name):
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_float=Decimal, parse_constant=refuse, object_pairs_hook=once)


@functools.cache
def _validator(version, action, is_answer):
    """`None`: the version has no such action."""
    folder = Path(ocpp.__file__).parent / _FOLDERS[version] / "schemas"
    names = [action + "Response"] if is_answer else [action] if version == "ocpp1.6" else [action + "Request", action]
    for path in (folder / f"{name}.json" for name in names):
        if path.exists():
            schema = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
            draft = jsonschema.Draft4Validator if "draft-04" in schema.get("$schema", "") else jsonschema.Draft6Validator
            exact = jsonschema.validators.extend(
                draft, type_checker=draft.TYPE_CHECKER.redefine("integer", _is_integer))
            return exact(schema, format_checker=_formats)
    return None


def fault(version, action, payload, *, is_answer=False):
    """What is wrong with a payload in a line; `None` when it is right."""
    if not isinstance(action, str) or not action.isalnum():
        return f"{action!r} is no action"
    return None if payload == {} and _takes_nothing(version, action, is_answer) else _fault(version, action, payload, is_answer)


@functools.cache
def _takes_nothing(version, action, is_answer):
    """Half of all answers are `{}`."""
    return _fault(version, action, {}, is_answer) is None


def _fault(version, action, payload, is_answer):
    validator = _validator(version, action, is_answer)
    if validator is None:
        return f"{version} has no {'answer to ' if is_answer else ''}{action}"
    wrong = next(validator.iter_errors(payload), None)
    if wrong is None:
        return None
    place = "/".join(map(str, wrong.absolute_path))
    return f"{action}{' answer' if is_answer else ''} {place or '.'}: {wrong.message[:200]}"
