#!/usr/bin/env python3
"""Writes Tests/OCPPTests/Samples/v16.jsonl: CALL and CALLRESULT frames of every OCPP 1.6 action as the PyPI package `ocpp` 2.1.0 encodes
them, from its own payload classes and checked by its own schemas; once with the required fields only, once with every field.

One line a frame: {"action": …, "kind": "request"|"response", "fields": "required"|"all", "required": "names the schema
requires", "frame": "…"}"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path

import ocpp
from ocpp.charge_point import camel_to_snake_case, serialize_as_dict, snake_to_camel_case
from ocpp.messages import Call, CallResult, validate_payload
from ocpp.v16 import call, call_result

SCHEMAS = Path(ocpp.__file__).parent / "v16/schemas"
OUT = Path(__file__).resolve().parents[2] / "Tests/OCPPTests/Samples/v16.jsonl"


def sample(node: dict, root: dict, full: bool, path: str):
    if "$ref" in node:
        node = root["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    if "enum" in node:
        return node["enum"][sum(map(ord, path)) % len(node["enum"])]
    kind = node["type"]
    if kind == "object":
        return {k: sample(v, root, full, f"{path}.{k}") for k, v in node.get("properties", {}).items()
                if full or k in node.get("required", [])}
    if kind == "array":
        return [sample(node["items"], root, full, f"{path}[{i}]") for i in range(2 if full else max(1, node.get("minItems", 0)))]
    if kind == "string":
        if node.get("format") == "date-time":
            return "2026-01-31T08:00:00.250Z" if full else "2026-01-31T08:00:00Z"
        if path.endswith(".value"):
            return "1500.5"
        text = "潮电 \"quoted\" \\ / é 😀" if full else path.rsplit(".", 1)[-1]
        return text[: node.get("maxLength", 100)]
    if kind == "integer":
        return sum(map(ord, path)) % 1000 if full else 0
    if kind == "number":
        return 32.1 if full else 6
    if kind == "boolean":
        return full
    raise SystemExit(f"{path}: {kind}")


lines = []
for file in sorted(SCHEMAS.glob("*.json")):
    answer = file.stem.endswith("Response")
    action = file.stem.removesuffix("Response")
    root = json.loads(file.read_text(encoding="utf-8-sig"))
    for full in (False, True):
        values = sample(root, root, full, action)
        # Through the package's own payload class, so that names and nesting are its work and not ours.
        payload_class = getattr(call_result if answer else call, action)
        arguments = camel_to_snake_case(values)
        # One class asks for more than its schema does (LogStatusNotification.requestId).
        needed = {f.name for f in dataclasses.fields(payload_class) if f.default is dataclasses.MISSING}
        arguments |= {k: v for k, v in camel_to_snake_case(sample(root, root, True, action)).items() if k in needed - set(arguments)}
        made = payload_class(**arguments)
        payload = snake_to_camel_case(serialize_as_dict(made))
        payload = {k: v for k, v in payload.items() if v is not None}
        message = CallResult(f"id-{len(lines)}", payload, action=action) if answer else Call(f"id-{len(lines)}", action, payload)
        asyncio.run(validate_payload(message, "1.6"))
        lines.append(json.dumps({"action": action, "kind": "response" if answer else "request", "fields": "all" if full else "required",
                                 "required": " ".join(root.get("required", [])),
                                 "frame": message.to_json()}, ensure_ascii=False))
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
print(f"{len(lines)} frames")
