#!/usr/bin/env python3
"""Writes Tests/OCPPMessagesTests/Samples: payloads of every message of 1.6, 2.0.1 and 2.1, made from the schemas inside PyPI `ocpp`
2.1.0 and judged by PyPI `jsonschema`.

    instances.py [--out FOLDER]

valid-VERSION.jsonl    for each schema its smallest payload, one with every field, and random ones
broken-VERSION.jsonl   valid payloads with one thing made wrong, and the fault to be found: kind, path, and whether the message is lost

One line a payload: {"action", "kind": "request"|"response", "payload"} and for broken ones {"fault", "path", "hard"}."""

from __future__ import annotations

import argparse
import copy
import json
import random
from importlib.util import find_spec
from pathlib import Path

import jsonschema

PACKAGE = Path(find_spec("ocpp").submodule_search_locations[0])
VERSIONS = {"v16": "1.6", "v201": "2.0.1", "v21": "2.1"}
TEXT = "潮电 \"quoted\" \\ / é 😀 "
RANDOM = 1                                               # random payloads a schema
BROKEN = 5                                               # broken payloads a schema


class Maker:
    def __init__(self, root: dict, chance: float, seed: str) -> None:
        self.root, self.chance, self.random = root, chance, random.Random(seed)

    def node(self, node: dict) -> dict:
        return self.root["definitions"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else node

    def value(self, node: dict, key: str = "") -> object:
        node, r = self.node(node), self.random
        if not set(node) - {"description"}:
            return r.choice([None, 7, "text", [1, {"a": None}], {"deep": {"er": [True, 1.5]}}])
        if "enum" in node:
            return r.choice(node["enum"])
        kind = node["type"]
        if kind == "object":
            made = {k: self.value(v, k) for k, v in node.get("properties", {}).items()
                    if k in node.get("required", []) or r.random() < (self.chance if k != "customData" else self.chance * 0.3)}
            if node.get("additionalProperties") is not False and self.chance > 0:
                made |= {"x-own": [1, {"a": "b"}], "limit": 1.50}
            return made
        if kind == "array":
            least = node.get("minItems", 0)
            return [self.value(node["items"]) for _ in range(max(1, least) if self.chance in (0, 1) else
                                                             min(node.get("maxItems", 9), max(least, r.randint(1, 2))))]
        if kind == "string" and node.get("format") == "date-time":
            return f"2026-0{r.randint(1, 9)}-1{r.randint(0, 9)}T0{r.randint(0, 9)}:00:{r.randint(10, 59)}" + r.choice(["Z", ".250Z"])
        if kind == "string":
            longest = node.get("maxLength", 40)
            return r.choice(["A", TEXT, "x" * min(longest, 60), "1500.5"])[:longest]
        if kind == "integer":
            return r.randint(int(node.get("minimum", -3)), int(node.get("maximum", 100_000)))
        if kind == "number":
            if "multipleOf" in node:
                return r.randint(0, 900) / 10
            return r.choice([lambda: r.randint(int(node.get("minimum", -9)), int(node.get("maximum", 99))),
                             lambda: min(max(round(r.uniform(-50, 5000), 3), node.get("minimum", -1e9)), node.get("maximum", 1e9))])()
        if kind == "boolean":
            return r.random() < 0.5
        raise SystemExit(f"{key}: {kind}")

    def places(self, node: dict, value: object, path: list, hard: bool):
        """Every place in a payload: schema, where, and whether losing it loses the message."""
        node = self.node(node)
        yield node, path, hard
        if isinstance(value, dict) and "properties" in node:
            for k, v in value.items():
                if k in node["properties"]:
                    yield from self.places(node["properties"][k], v, path + [k], hard and self.is_required(node, k))
        elif isinstance(value, list) and "items" in node:
            for i, v in enumerate(value):
                yield from self.places(node["items"], v, path + [i], False)

    def is_required(self, node: dict, key: str) -> bool:
        return key in node.get("required", []) and (self.name_of(node), key) not in RELAXED

    def name_of(self, node: dict) -> str:
        return next((n for n, d in self.root.get("definitions", {}).items() if d is node), "")


# Required in one of 2.0.1 and 2.1 only: the fault is found, the message is not lost.
RELAXED = {("ChargingSchedulePeriodType", "limit"), ("NetworkConnectionProfileType", "ocppVersion"), ("SignedMeterValueType", "signingMethod"),
           ("SignedMeterValueType", "publicKey"), ("VariableMonitoringType", "eventNotificationType"), ("CustomDataType", "vendorId")}


def text(path: list) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def breaks(maker: Maker, version: str, node: dict, value: object, path: list, hard: bool):
    """Ways to make the value wrong: the new value, and the fault."""
    if "enum" in node:
        yield "NoSuchWord", "unknownValue", path, False
    elif node.get("type") == "string" and node.get("format") == "date-time":
        yield "soon", "badTimestamp", path, hard
    elif node.get("type") == "string":
        if "maxLength" in node:
            yield "é" * (node["maxLength"] + 1), "tooLong", path, False
        yield 7, "wrongType", path, False
    elif node.get("type") in ("integer", "number"):
        if "minimum" in node:
            yield int(node["minimum"]) - 1, "outOfRange", path, False
        if "maximum" in node:
            yield int(node["maximum"]) + 1, "outOfRange", path, False
        if "multipleOf" in node:
            yield 0.25, "outOfRange", path, False
        yield "many", "wrongType", path, hard
    elif node.get("type") == "boolean":
        yield [True], "wrongType", path, hard
    elif node.get("type") == "array":
        if node.get("minItems", 0) > 0:
            yield [], "wrongCount", path, False
        if node.get("maxItems", 99) < 30 and value:
            yield [value[0]] * (node["maxItems"] + 1), "wrongCount", path, False
        yield None, "null", path, hard
    elif node.get("type") == "object" and isinstance(value, dict) and path:
        yield 7, "wrongType", path, hard
    if isinstance(value, dict) and "properties" in node:
        if node.get("additionalProperties") is False:
            yield value | {"noSuchField": [{}]}, "extraField", path + ["noSuchField"], False
        for key in node.get("required", []):
            rest = {k: v for k, v in value.items() if k != key}
            yield rest, "missing", path + [key], hard and maker.is_required(node, key)


def changed(payload: object, path: list, value: object) -> object:
    if not path:
        return value
    made = copy.deepcopy(payload)
    place = made
    for p in path[:-1]:
        place = place[p]
    place[path[-1]] = value
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "Tests/OCPPMessagesTests/Samples")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for version, number in VERSIONS.items():
        valid, broken = [], []
        for file in sorted((PACKAGE / version / "schemas").glob("*.json")):
            root = json.loads(file.read_text(encoding="utf-8-sig"))
            judge = jsonschema.Draft7Validator(root) if version != "v16" else jsonschema.Draft4Validator(root)
            kind = "response" if file.stem.endswith("Response") else "request"
            action = file.stem.removesuffix("Response").removesuffix("Request")
            made = []
            for name, chance in [("least", 0.0), ("all", 1.0)] + [(f"random {i}", 0.5) for i in range(RANDOM)]:
                payload = Maker(root, chance, f"{version} {file.stem} {name}").value(root)
                # Binary floating point cannot judge steps of 0.1; those are judged by the numbers' making.
                if errors := [e for e in judge.iter_errors(payload) if e.validator != "multipleOf"]:
                    raise SystemExit(f"{file.stem} {name}: {errors[0].message}")
                if payload not in made:
                    made.append(payload)
                    valid.append({"action": action, "kind": kind, "payload": payload})
            maker = Maker(root, 0.5, f"{version} {file.stem} broken")
            payload = made[-1]
            ways = [(place, way) for node, place, hard in maker.places(root, payload, [], True)
                    for way in breaks(maker, version, node, at(payload, place), place, hard)]
            maker.random.shuffle(ways)
            # One of each kind of fault first.
            seen: dict[str, int] = {}
            ranks = [seen.setdefault(way[1], 0) or 0 for _, way in ways if not seen.update({way[1]: seen.get(way[1], -1) + 1})]
            ways = [way for _, way in sorted(zip(ranks, ways), key=lambda pair: pair[0])]
            for place, (value, fault, path, hard) in ways[:BROKEN]:
                wrong = changed(payload, place, value)
                if fault != "badTimestamp" and judge.is_valid(wrong):
                    raise SystemExit(f"{file.stem}: {fault} at {text(path)} is valid")
                broken.append({"action": action, "kind": kind, "payload": wrong, "fault": fault, "path": text(path), "hard": hard})
        for name, lines in (("valid", valid), ("broken", broken)):
            body = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
            (out / f"{name}-{version}.jsonl").write_text(body + "\n", encoding="utf-8")
        print(f"{number}: {len(valid)} valid, {len(broken)} broken payloads")


def at(payload: object, path: list) -> object:
    for p in path:
        payload = payload[p]
    return payload


main()
