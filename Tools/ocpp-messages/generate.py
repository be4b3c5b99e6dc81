#!/usr/bin/env python3
"""Writes the Swift message types of one OCPP version from its JSON schemas.

    generate.py VERSION [--out FOLDER]          VERSION: v16 (a key of VERSIONS below)

The schemas are read from the installed PyPI package `ocpp` (2.1.0); they are facts about the wire and are not copied: what is
written here is types and tables of our own. Names that the schemas lack (their 1.6 objects and words are anonymous) come from
names.py; what both files say is checked against each other, so a schema that changes stops the generator instead of
changing a type silently."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import names

PACKAGE = "2.1.0"
KEYWORDS = {"var", "let", "default", "operator", "protocol", "switch", "case", "in", "is", "as", "self", "repeat", "where", "public", "import", "extension"}


@dataclass
class Field:
    wire: str
    required: bool
    kind: str                       # string integer number boolean instant word object objects strings
    type: str                       # Swift type
    doc: str = ""
    max_length: int = 0
    decimals: int | None = None
    least: int = 0
    most: int | None = None

    @property
    def swift(self) -> str:
        return f"`{self.wire}`" if self.wire in KEYWORDS else self.wire


@dataclass
class Structure:
    name: str
    fields: list[Field]
    uses: list[str] = field(default_factory=list)


class Reader:
    """Collects the structures and word lists of one version."""

    def __init__(self, version: names.Version, folder: Path) -> None:
        self.version, self.folder = version, folder
        self.structures: dict[str, Structure] = {}
        self.words: dict[str, list[str]] = {}

    def message(self, file: str, name: str) -> Structure:
        root = json.loads((self.folder / file).read_text(encoding="utf-8-sig"))
        return Structure(name, self.fields(root, root, name, ""))

    def fields(self, node: dict[str, Any], root: dict[str, Any], message: str, path: str) -> list[Field]:
        if node.get("additionalProperties") is not False:
            sys.exit(f"{message}{path}: an object that allows other fields is not foreseen")
        required = node.get("required", [])
        found = [self.field(key, value, key in required, root, message, f"{path}.{key}")
                 for key, value in node.get("properties", {}).items()]
        if missing := set(required) - {f.wire for f in found}:
            sys.exit(f"{message}{path}: requires unknown fields {missing}")
        if len(found) > 64:
            sys.exit(f"{message}{path}: more than 64 fields do not fit the reader's bit set")
        return found

    def resolve(self, node: dict[str, Any], root: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        if "$ref" not in node:
            return node, None
        definition = node["$ref"].rsplit("/", 1)[-1]
        return root["definitions"][definition], definition

    def field(self, key: str, node: dict[str, Any], required: bool, root: dict[str, Any], message: str, path: str) -> Field:
        node, definition = self.resolve(node, root)
        kind = node.get("type")
        known = {"type", "format", "enum", "maxLength", "items", "minItems", "maxItems", "properties", "required", "additionalProperties",
                 "additionalItems", "multipleOf", "description", "javaType"}
        if unknown := set(node) - known:
            sys.exit(f"{message}{path}: the generator does not know {unknown}")
        if "enum" in node:
            return Field(key, required, "word", self.word(node["enum"], definition, message, path))
        if kind == "string" and node.get("format") == "date-time":
            return Field(key, required, "instant", "Instant")
        if kind == "string":
            return Field(key, required, "string", "String", max_length=node.get("maxLength", 0),
                         doc=f"At most {node['maxLength']} characters." if "maxLength" in node else "")
        if kind == "integer":
            return Field(key, required, "integer", "Int")
        if kind == "boolean":
            return Field(key, required, "boolean", "Bool")
        if kind == "number":
            step = node.get("multipleOf")
            if step not in (None, 0.1):
                sys.exit(f"{message}{path}: multipleOf {step} is not foreseen")
            return Field(key, required, "number", "JSONDecimal", decimals=None if step is None else 1,
                         doc="" if step is None else "In steps of 0.1.")
        if kind == "object":
            return Field(key, required, "object", self.object(node, definition, root, message, path))
        if kind == "array":
            item, item_definition = self.resolve(node["items"], root)
            bounds = dict(least=node.get("minItems", 0), most=node.get("maxItems"))
            if item.get("type") == "object":
                element = self.object(item, item_definition, root, message, path + "[]")
                return Field(key, required, "objects", f"[{element}]", **bounds)
            if item.get("type") == "string" and "enum" not in item:
                return Field(key, required, "strings", "[String]", max_length=item.get("maxLength", 0), **bounds)
        sys.exit(f"{message}{path}: {kind} is not foreseen")

    def word(self, values: list[str], definition: str | None, message: str, path: str) -> str:
        name = self.version.word_name(values, definition, message, path)
        have = self.words.setdefault(name, [])
        if have and set(have) != set(values) and name not in self.version.merged_words:
            sys.exit(f"{message}{path}: {name} has two lists of words")
        have += [v for v in values if v not in have]
        return name

    def object(self, node: dict[str, Any], definition: str | None, root: dict[str, Any], message: str, path: str) -> str:
        name = self.version.object_name(definition, message, path)
        made = Structure(name, self.fields(node, root, message, path))
        have = self.structures.setdefault(name, made)
        shape = lambda s: sorted((f.wire, f.required, f.type, f.max_length, f.decimals) for f in s.fields)
        if shape(have) != shape(made):
            sys.exit(f"{message}{path}: {name} has two shapes")
        return name


class Writer:
    def __init__(self, version: names.Version, out: Path) -> None:
        self.version, self.out = version, out

    def file(self, name: str, lines: list[str], quantities: bool = False) -> None:
        header = [f"// Generated by Tools/ocpp-messages/generate.py {self.version.key} from the {self.version.title} JSON schemas of PyPI ocpp {PACKAGE}.",
                  "// Do not edit: change the generator and run Tools/ocpp-messages/generate.py again.",
                  "// swift-format-ignore-file", ""]
        if quantities:
            header += ["import Quantities", ""]
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(header + lines).rstrip("\n") + "\n", encoding="utf-8")

    def structure(self, s: Structure, doc: str) -> list[str]:
        space = self.version.namespace
        ordered = [f for f in s.fields if f.required] + [f for f in s.fields if not f.required]
        out = [f"extension {space} {{", f"    /// {doc}", f"    public struct {s.name}: WireObject {{"]
        for f in ordered:
            if f.doc:
                out.append(f"        /// {f.doc}")
            out.append(f"        public var {f.swift}: {f.type}{'' if f.required else '?'}")
        arguments = ", ".join(f"{f.swift}: {f.type}{'' if f.required else '? = nil'}" for f in ordered)
        if ordered:
            out.append("")
        out.append(f"        public init({arguments}) {{")
        out += [f"            self.{f.swift} = {f.swift}" for f in ordered]
        out += ["        }", ""]
        out.append("        public init?(reading reader: inout JSONReader, _ faults: inout FieldFaults) throws(JSONFault) {")
        if not ordered:
            out += ["            guard var more = try reader.enterFields(&faults) else { return nil }",
                    "            while more {",
                    "                try reader.extraField(try reader.key(), &faults)",
                    "                more = try reader.nextMember()",
                    "            }",
                    "        }", ""]
            out += ["        public func write(to writer: inout JSONWriter) {",
                    "            writer.beginObject()",
                    "            writer.endObject()",
                    "        }", "    }", "}"]
            return out
        required = [f for f in ordered if f.required]
        if required:
            out.append("            let start = faults.list.count")
        out.append("            guard var more = try reader.enterFields(&faults) else { return nil }")
        out.append("            var seen: UInt64 = 0")
        out += [f"            var {f.wire}_: {f.type}?" for f in ordered]
        out.append("            while more {")
        out.append("                let key = try reader.key()")
        for i, f in enumerate(ordered):
            word = "if" if i == 0 else "} else if"
            out.append(f"                {word} reader.isField(key, \"{f.wire}\", 1 << {i}, &seen, &faults) {{")
            out.append(f"                    {f.wire}_ = try {self.read(f)}")
        out += ["                } else {",
                "                    try reader.extraField(key, &faults)",
                "                }",
                "                more = try reader.nextMember()",
                "            }"]
        for i, f in enumerate(ordered):
            if f.required:
                out += [f"            guard let {f.wire}_ else {{",
                        f"                faults.require(\"{f.wire}\", seen: seen & 1 << {i} != 0, since: start)",
                        "                return nil",
                        "            }"]
        out += [f"            self.{f.swift} = {f.wire}_" for f in ordered]
        out += ["        }", "", "        public func write(to writer: inout JSONWriter) {", "            writer.beginObject()"]
        for f in s.fields:
            if f.required:
                out += [f"            writer.key(\"{f.wire}\")"] + [f"            {line}" for line in self.write(f, f.swift)]
            else:
                out += [f"            if let {f.swift} {{", f"                writer.key(\"{f.wire}\")"]
                out += [f"                {line}" for line in self.write(f, f.swift)] + ["            }"]
        out += ["            writer.endObject()", "        }", "    }", "}"]
        return out

    def read(self, f: Field) -> str:
        length = f.max_length or ".max"
        count = f"{f.least}...{f.most if f.most is not None else 'Int.max'}"
        return {
            "string": f"reader.readString(\"{f.wire}\", max: {length}, &faults)",
            "integer": f"reader.readInteger(\"{f.wire}\", &faults)",
            "number": f"reader.readDecimal(\"{f.wire}\", step: {'nil' if f.decimals is None else f.decimals}, &faults)",
            "boolean": f"reader.readBoolean(\"{f.wire}\", &faults)",
            "instant": f"reader.readInstant(\"{f.wire}\", &faults)",
            "word": f"reader.readWord(\"{f.wire}\", {f.type}.self, &faults)",
            "object": f"reader.readObject(\"{f.wire}\", {f.type}.self, &faults)",
            "objects": f"reader.readObjects(\"{f.wire}\", {f.type[1:-1]}.self, count: {count}, &faults)",
            "strings": f"reader.readStrings(\"{f.wire}\", max: {length}, count: {count}, &faults)",
        }[f.kind]

    def write(self, f: Field, value: str) -> list[str]:
        if f.kind == "word":
            return [f"writer.value({value}.name)"]
        if f.kind == "object":
            return [f"{value}.write(to: &writer)"]
        if f.kind == "objects":
            return ["writer.beginArray()", f"for element in {value} {{ element.write(to: &writer) }}", "writer.endArray()"]
        if f.kind == "strings":
            return ["writer.beginArray()", f"for element in {value} {{ writer.value(element) }}", "writer.endArray()"]
        return [f"writer.value({value})"]

    def words(self, name: str, values: list[str]) -> list[str]:
        cases = {v: case_name(v) for v in values}
        if len(set(cases.values())) != len(cases):
            sys.exit(f"{name}: two words have one case name")
        out = [f"extension {self.version.namespace} {{", f"    public enum {name}: WireEnumeration, CaseIterable {{"]
        out += [f"        case {c}" for c in cases.values()]
        out += ["        /// A word that the standard does not have, as it came.", "        case unrecognized(String)", "",
                "        /// The standard's words.",
                f"        public static let allCases: [{name}] = [{', '.join('.' + c for c in cases.values())}]", "",
                "        public init(_ name: String) {", "            switch name {"]
        out += [f"            case \"{v}\": self = .{c}" for v, c in cases.items()]
        out += ["            default: self = .unrecognized(name)", "            }", "        }", "",
                "        public var name: String {", "            switch self {"]
        out += [f"            case .{c}: \"{v}\"" for v, c in cases.items()]
        out += ["            case .unrecognized(let name): name", "            }", "        }", "",
                f"        public static func known(_ text: JSONReader.Text, in reader: borrowing JSONReader) -> {name}? {{"]
        out += [f"            if reader.text(text, equals: \"{v}\") {{ return .{c} }}" for v, c in cases.items()]
        out += ["            return nil", "        }", "    }", "}"]
        return out

    def envelope(self, actions: list[str], answer: bool) -> list[str]:
        kind = "Response" if answer else "Request"
        doc = "The answer to one action (CALLRESULT payload)." if answer else "A CALL of either side: one case an action."
        out = [f"extension {self.version.namespace} {{", f"    /// {doc}", f"    public enum {kind}: Hashable, Sendable {{"]
        out += [f"        case {case_name(a)}({a}{kind})" for a in actions]
        out += ["", f"        public var action: Action {{", "            switch self {"]
        out += [f"            case .{case_name(a)}: .{case_name(a)}" for a in actions]
        out += ["            }", "        }", "",
                f"        /// Reads the payload of `action`'s {kind.lower()}; see ``Decoded``.",
                f"        public static func decode(_ action: Action, payload: Span<UInt8>) -> Decoded<{kind}> {{",
                "            switch action {"]
        out += [f"            case .{case_name(a)}: {a}{kind}.decode(payload).map({kind}.{case_name(a)})" for a in actions]
        out += ["            }", "        }", "",
                f"        /// Reads the payload where the reader stands and leaves the reader behind it.",
                f"        public static func read(_ action: Action, _ reader: inout JSONReader, _ faults: inout FieldFaults) throws(JSONFault) -> {kind}? {{",
                "            switch action {"]
        for a in actions:
            out += [f"            case .{case_name(a)}:",
                    f"                guard let message = try {a}{kind}(reading: &reader, &faults) else {{ return nil }}",
                    f"                return .{case_name(a)}(message)"]
        out += ["            }", "        }", "",
                "        public func write(to writer: inout JSONWriter) {", "            switch self {"]
        out += [f"            case .{case_name(a)}(let message): message.write(to: &writer)" for a in actions]
        out += ["            }", "        }", "    }", "}"]
        return out

    def actions(self, actions: list[str]) -> list[str]:
        space, v = self.version.namespace, self.version
        out = [f"extension {space} {{", f"    /// The {len(actions)} actions of {v.title}.",
               "    public enum Action: String, Hashable, Sendable, CaseIterable {"]
        out += [f"        case {case_name(a)} = \"{a}\"" for a in actions]
        out += ["", "        /// The station sends it.", "        public var isFromStation: Bool {", "            switch self {"]
        out += ["            case " + ", ".join("." + case_name(a) for a in actions if a in v.from_station) + ": true",
                "            default: false", "            }", "        }", "",
                "        /// The central system sends it.", "        public var isFromCentralSystem: Bool {", "            switch self {"]
        out += ["            case " + ", ".join("." + case_name(a) for a in actions if a in v.from_central) + ": true",
                "            default: false", "            }", "        }", "",
                "        public static func named(_ text: JSONReader.Text, in reader: borrowing JSONReader) -> Action? {"]
        out += [f"            if reader.text(text, equals: \"{a}\") {{ return .{case_name(a)} }}" for a in v.by_frequency(actions)]
        out += ["            return nil", "        }", "    }", "}"]
        return out


def case_name(word: str) -> str:
    """`Energy.Active.Import.Register` → `energyActiveImportRegister`, `EVDisconnected` → `evDisconnected`, `L1-N` → `l1N`."""
    parts = [p for p in re.split(r"[^A-Za-z0-9]+", word) if p]
    text = "".join(p if i == 0 else p[0].upper() + p[1:] for i, p in enumerate(parts))
    head = re.match(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+(?![a-z])|[A-Z]", text)
    if head:
        text = head.group().lower() + text[head.end():]
    if text[0].isdigit():
        text = "n" + text
    return f"`{text}`" if text in KEYWORDS else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", choices=sorted(names.VERSIONS))
    parser.add_argument("--out", type=Path, help="default: Sources/OCPPMessages/Generated/VERSION of this repository")
    options = parser.parse_args()
    version = names.VERSIONS[options.version]
    if installed_version("ocpp") != PACKAGE:
        sys.exit(f"PyPI ocpp {PACKAGE} is needed, {installed_version('ocpp')} is installed")
    package = find_spec("ocpp")
    folder = Path(package.submodule_search_locations[0]) / version.key / "schemas"
    out = options.out or Path(__file__).resolve().parents[2] / "Sources/OCPPMessages/Generated" / version.namespace
    shutil.rmtree(out, ignore_errors=True)

    answers = sorted(p.stem.removesuffix("Response") for p in folder.glob("*Response.json"))
    requests = {a: version.request_file(a) for a in answers}
    if odd := {p.name for p in folder.glob("*.json")} - set(requests.values()) - {f"{a}Response.json" for a in answers}:
        sys.exit(f"schemas without a pair: {sorted(odd)}")
    if odd := set(answers) ^ (version.from_station | version.from_central):
        sys.exit(f"actions whose sender is not known, or that have no schema: {sorted(odd)}")

    reader, writer = Reader(version, folder), Writer(version, out)
    for action in answers:
        request = reader.message(requests[action], f"{action}Request")
        response = reader.message(f"{action}Response.json", f"{action}Response")
        lines = writer.structure(request, f"{action}, {version.sender(action)}.") + [""]
        lines += writer.structure(response, f"The answer to {action}.")
        writer.file(f"Messages/{action}.swift", lines, any(f.kind == "instant" for f in request.fields + response.fields))
    for name, made in sorted(reader.structures.items()):
        writer.file(f"Types/{name}.swift", writer.structure(made, version.object_doc(name)), any(f.kind == "instant" for f in made.fields))
    for name, values in sorted(reader.words.items()):
        writer.file(f"Words/{name}.swift", writer.words(name, values))
    writer.file("Request.swift", writer.envelope(answers, False))
    writer.file("Response.swift", writer.envelope(answers, True))
    writer.file("Action.swift", writer.actions(answers))
    print(f"{version.namespace}: {len(answers)} actions, {len(reader.structures)} types, {len(reader.words)} word lists")


main()
