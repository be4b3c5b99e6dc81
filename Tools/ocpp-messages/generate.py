#!/usr/bin/env python3
"""Writes the Swift message types of OCPP from its JSON schemas.

    generate.py NAMESPACE [--out FOLDER]          NAMESPACE: V16, or V2 for 2.0.1 and 2.1 together

The schemas are read from the installed PyPI package `ocpp` (2.1.0); they are facts about the wire and are not copied: what is
written here is types and tables of our own. Names that the schemas lack (1.6 objects and words are anonymous) come from
names.py; what both files say is checked against each other, so a schema that changes stops the generator instead of
changing a type silently.

Versions of one namespace share their types: a field is optional in Swift unless every version that has the class requires
it, and what else differs (presence, lengths, bounds, words) stands in a table a version that the reader goes by."""

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
KEYWORDS = {"var", "let", "default", "operator", "protocol", "switch", "case", "in", "is", "as", "self", "repeat", "where", "public",
            "import", "extension"}
KINDS = {"string": "readString", "integer": "readInteger", "number": "readDecimal", "boolean": "readBoolean", "instant": "readInstant",
         "word": "readWord", "raw": "readRaw", "object": "readObject", "objects": "readObjects", "strings": "readStrings",
         "integers": "readIntegers", "words": "readWords"}


@dataclass(frozen=True)
class Rule:
    """What one version asks of a field."""
    required: bool
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    decimals: int | None = None
    fewest: int = 0
    largest: int | None = None

    def swift(self, wire: str, is_required: bool) -> str:
        presence = "optional" if not self.required else "required" if is_required else "expected"
        parts = [f'"{wire}"'] + [f"{k}: {v}" for k, v in self.bounds().items()]
        return f".{presence}({', '.join(parts)})"

    def bounds(self) -> dict[str, int]:
        found = {k: getattr(self, k) for k in ("longest", "least", "most", "decimals", "fewest", "largest")}
        return {k: v for k, v in found.items() if v is not None and (k, v) != ("fewest", 0)}

    def words(self) -> str:
        said = []
        if self.longest is not None:
            said.append(f"at most {self.longest} characters")
        if self.least is not None and self.most is not None:
            said.append(f"{self.least} to {self.most}")
        elif self.least is not None:
            said.append(f"{self.least} or more")
        elif self.most is not None:
            said.append(f"{self.most} or less")
        if self.decimals is not None:
            said.append("in steps of 0.1" if self.decimals else "whole")
        if self.largest is not None:
            said.append(f"{self.fewest} to {self.largest} elements")
        return ", ".join(said)


@dataclass
class Field:
    wire: str
    kind: str                                             # a key of KINDS
    type: str                                             # Swift type
    rules: dict[str, Rule] = field(default_factory=dict)  # by version; a version that is not here has no such field
    default: str | None = None                            # what it means when it is left out, as JSON

    @property
    def swift(self) -> str:
        return f"`{self.wire}`" if self.wire in KEYWORDS else self.wire

    @property
    def element(self) -> str:
        return self.type.strip("[]")


@dataclass
class Structure:
    name: str
    fields: list[Field]
    versions: list[str]

    def is_required(self, f: Field) -> bool:
        return all(v in f.rules and f.rules[v].required for v in self.versions)

    def doc(self, f: Field, keys: dict[str, str]) -> str:
        parts = {v: f.rules[v].words() for v in self.versions if v in f.rules}
        only = [v for v in self.versions if v in f.rules] if len(parts) < len(self.versions) else []
        said = set(parts.values())
        if said == {""}:
            text = ""
        elif len(said) == 1:
            text = said.pop()
        else:
            text = "; ".join(f"in {keys[v]}: {w or 'any'}" for v, w in parts.items())
        if required := [v for v in parts if f.rules[v].required and not self.is_required(f)]:
            if not only:
                text = "; ".join(filter(None, [text, f"required in {keys[required[0]]}"]))
        if only:
            text = "; ".join(filter(None, [f"{keys[only[0]]} only", text]))
        if f.default is not None:
            text = "; ".join(filter(None, [text, f"left out, it means `{f.default}`"]))
        return text[:1].upper() + text[1:] + "." if text else ""


class Reader:
    """Collects the structures and word lists of one version."""

    def __init__(self, space: names.Namespace, version: str, folder: Path) -> None:
        self.space, self.version, self.folder = space, version, folder
        self.structures: dict[str, Structure] = {}
        self.words: dict[str, list[str]] = {}

    def message(self, file: str, name: str) -> None:
        root = json.loads((self.folder / file).read_text(encoding="utf-8-sig"))
        self.structures[name] = Structure(name, self.fields(root, root, name, ""), [self.version])

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
        if not set(node) - {"description"}:
            return Field(key, "raw", "RawJSON", {self.version: Rule(required)})
        node, definition = self.resolve(node, root)
        default = node.get("default")
        kind, type_, bounds = self.kind(node, definition, root, message, path)
        if kind == "array":
            item, item_definition = self.resolve(node["items"], root)
            kind, type_, bounds = self.kind(item, item_definition, root, message, path + "[]")
            kind, type_ = kind + "s", f"[{type_}]"
            bounds |= dict(fewest=node.get("minItems", 0), largest=node.get("maxItems"))
        if kind not in KINDS:
            sys.exit(f"{message}{path}: {kind} is not foreseen")
        words = None if required or default is None else default if isinstance(default, str) else json.dumps(default)
        return Field(key, kind, type_, {self.version: Rule(required, **bounds)}, words)

    def kind(self, node: dict[str, Any], definition: str | None, root: dict[str, Any], message: str,
             path: str) -> tuple[str, str, dict[str, Any]]:
        known = {"type", "format", "enum", "maxLength", "items", "minItems", "maxItems", "properties", "required", "additionalProperties",
                 "additionalItems", "multipleOf", "description", "javaType", "minimum", "maximum", "default"}
        if unknown := set(node) - known:
            sys.exit(f"{message}{path}: the generator does not know {unknown}")
        kind = node.get("type")
        if "enum" in node:
            return "word", self.word(node["enum"], definition, message, path), {}
        if kind == "string" and node.get("format") == "date-time":
            return "instant", "Instant", {}
        if kind == "string":
            return "string", "String", dict(longest=node.get("maxLength"))
        bounds = {k: self.whole(node[schema], message + path) for k, schema in (("least", "minimum"), ("most", "maximum")) if schema in node}
        if kind == "integer":
            return "integer", "Int", bounds
        if kind == "boolean":
            return "boolean", "Bool", {}
        if kind == "number":
            step = node.get("multipleOf")
            if step not in (None, 0.1):
                sys.exit(f"{message}{path}: multipleOf {step} is not foreseen")
            return "number", "JSONDecimal", bounds | dict(decimals=None if step is None else 1)
        if kind == "object" and definition == "CustomDataType":
            return "object", "CustomData", {}             # written by hand: the one class that is open
        if kind == "object":
            return "object", self.object(node, definition, root, message, path), {}
        return str(kind), "", {}

    def whole(self, bound: float, where: str) -> int:
        if bound != int(bound):
            sys.exit(f"{where}: a bound of {bound} is not foreseen")
        return int(bound)

    def word(self, values: list[str], definition: str | None, message: str, path: str) -> str:
        name = self.space.word_name(values, definition, message, path)
        have = self.words.setdefault(name, [])
        if have and set(have) != set(values) and name not in self.space.merged_words:
            sys.exit(f"{message}{path}: {name} has two lists of words")
        have += [v for v in values if v not in have]
        return name

    def object(self, node: dict[str, Any], definition: str | None, root: dict[str, Any], message: str, path: str) -> str:
        name = self.space.object_name(definition, message, path)
        made = Structure(name, self.fields(node, root, message, path), [self.version])
        have = self.structures.setdefault(name, made)
        shape = lambda s: sorted((f.wire, f.type, [(r.required, r.longest, r.decimals) for r in f.rules.values()]) for f in s.fields)
        if shape(have) != shape(made):
            sys.exit(f"{message}{path}: {name} has two shapes")
        return name


def merged(newer: Structure, older: Structure | None) -> Structure:
    """One structure for two versions, with the fields in the newer one's order."""
    if older is None:
        return newer
    was = {f.wire: f for f in older.fields}
    if gone := set(was) - {f.wire for f in newer.fields}:
        sys.exit(f"{newer.name}: {gone} are gone in the newer version")
    fields = []
    for f in newer.fields:
        rules = dict(f.rules)
        kind, type_ = f.kind, f.type
        if old := was.get(f.wire):
            rules = old.rules | rules
            if (old.kind, kind) in (("word", "string"), ("words", "strings")):
                # The newer version only proposes the words, and takes any text up to a length.
                kind, type_ = old.kind, old.type
            elif (old.kind, kind) == ("integer", "number"):
                version, rule = next(iter(old.rules.items()))
                rules[version] = Rule(**{**rule.__dict__, "decimals": 0})
            elif (old.kind, old.type) != (kind, type_):
                sys.exit(f"{newer.name}.{f.wire}: {old.type} has become {type_}")
        fields.append(Field(f.wire, kind, type_, rules, f.default))
    return Structure(newer.name, fields, older.versions + newer.versions)


class Writer:
    def __init__(self, space: names.Namespace, out: Path) -> None:
        self.space, self.out = space, out

    def file(self, name: str, lines: list[str], quantities: bool = False) -> None:
        header = [f"// Generated by Tools/ocpp-messages/generate.py {self.space.name} from the {self.space.title} JSON schemas of PyPI ocpp {PACKAGE}.",
                  "// Do not edit: change the generator and run Tools/ocpp-messages/generate.py again.",
                  "// swift-format-ignore-file", ""]
        if quantities:
            header += ["import Quantities", ""]
        path = (self.out / name).with_name(self.space.file_prefix + Path(name).name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(header + lines).rstrip("\n") + "\n", encoding="utf-8")

    def structure(self, s: Structure, doc: str) -> list[str]:
        keys = self.space.versions
        required = [f for f in s.fields if s.is_required(f)]
        optional = [f for f in s.fields if not s.is_required(f)]
        ordered = required + sorted(optional, key=lambda f: f.wire == "customData")
        out = [f"extension {self.space.name} {{", f"    /// {doc}", f"    public struct {s.name}: TabledObject{self.space.conformance} {{"]
        for f in ordered:
            if text := s.doc(f, keys):
                out.append(f"        /// {text}")
            out.append(f"        {self.space.access} {f.swift}: {f.type}{'' if f in required else '?'}")
        arguments = ", ".join(f"{f.swift}: {f.type}{'' if f in required else '? = nil'}" for f in ordered)
        out += [""] if ordered else []
        out.append(f"        public init({arguments}) {{")
        out += [f"            self.{f.swift} = {f.swift}" for f in ordered]
        out += ["        }", ""]
        tables = {v: [f.rules[v].swift(f.wire, f in required) if v in f.rules else f'.absent("{f.wire}")' for f in s.fields] for v in s.versions}
        newest = s.versions[-1]
        out += self.table("fields", tables[newest])
        differs = [v for v in s.versions[:-1] if tables[v] != tables[newest]]
        for v in differs:
            out += self.table(f"fieldsOf{v.removeprefix('v')}", tables[v])
        out.append("        init(blank: Void) {")
        out += [f"            {f.swift} = {self.blank(f)}" for f in required]
        out += ["        }", "", "        static func fields(in version: OCPPVersion) -> [WireField] {"]
        out += [f"            {'if' if i == 0 else '} else if'} version == .{v} {{ return fieldsOf{v.removeprefix('v')} }}" for i, v in enumerate(differs)]
        out += ["            return fields", "        }", "",
                "        @inline(never)", "        mutating func readField(_ i: Int, _ fields: [WireField], _ reader: inout JSONReader, _ faults: inout FieldFaults) -> Bool {"]
        if s.fields:
            out.append("            switch i {")
            out += [f"            case {i}: reader.{KINDS[f.kind]}(&{f.swift}, fields, i, &faults)" for i, f in enumerate(s.fields)]
            out += ["            default: false", "            }"]
        else:
            out.append("            false")
        out += ["        }", "", "        @inline(never)", "        public func write(to writer: inout JSONWriter) {", "            writer.beginObject()"]
        for f in s.fields:
            name = f"{f.swift}{'' if f in required else '?'}.name" if f.kind == "word" else f.swift
            out.append(f"            writer.field(\"{f.wire}\", {name})")
        out += ["            writer.endObject()", "        }", "    }", "}"]
        return out

    def blank(self, f: Field) -> str:
        return {"string": '""', "integer": "0", "number": "JSONDecimal(0)", "boolean": "false", "instant": "Instant(milliseconds: 0)",
                "word": '.unrecognized("")', "object": f"{f.type}(blank: ())"}.get(f.kind, "[]")

    def table(self, name: str, rows: list[str]) -> list[str]:
        if not rows:
            return [f"        static let {name}: [WireField] = []", ""]
        return [f"        static let {name}: [WireField] = ["] + [f"            {row}," for row in rows] + ["        ]", ""]

    def words(self, name: str, values: list[str], older: int | None) -> list[str]:
        """`older`: how many of the words the older version has; None where there is no other version."""
        cases = {v: case_name(v) for v in values}
        if len(set(cases.values())) != len(cases):
            sys.exit(f"{name}: two words have one case name")
        newer = set(values[older:]) if older is not None else set()
        out = [f"extension {self.space.name} {{", f"    public enum {name}: WireEnumeration{self.space.conformance} {{"]
        for v, c in cases.items():
            out += ([f"        /// Since {self.space.newest}."] if v in newer else []) + [f"        case {c}"]
        out += ["        /// A word that the standard does not have, as it came.", "        case unrecognized(String)", "",
                "        /// The standard's words.",
                f"        public static let allCases: [{name}] = [{', '.join('.' + c for c in cases.values())}]",
                "        public static let words: [StaticString] = [" + ", ".join(f'"{v}"' for v in cases) + "]"]
        if newer:
            out.append(f"        public static let wordsOf201 = {older}")
        out += ["", "        public var name: String {", "            switch self {"]
        out += [f"            case .{c}: \"{v}\"" for v, c in cases.items()]
        out += ["            case .unrecognized(let name): name", "            }", "        }", "    }", "}"]
        return out

    def envelope(self, actions: list[str], answer: bool) -> list[str]:
        kind = "Response" if answer else "Request"
        silent = self.space.unanswered if answer else set()
        cases = [a for a in actions if a not in silent]
        doc = "The answer to one action (CALLRESULT payload)." if answer else self.space.request_doc
        out = [f"extension {self.space.name} {{", f"    /// {doc}",
               f"    public {'indirect ' if self.space.is_boxed else ''}enum {kind}: WireMessage{self.space.conformance} {{"]
        out += [f"        case {case_name(a)}({a}{kind})" for a in cases]
        out += ["", "        public var action: Action {", "            switch self {"]
        out += [f"            case .{case_name(a)}: .{case_name(a)}" for a in cases]
        out += ["            }", "        }", "",
                f"        public static func read(_ action: Action, _ reader: inout JSONReader, _ faults: inout FieldFaults) -> {kind}? {{",
                "            switch action {"]
        for a in actions:
            if a in silent:
                out += [f"            case .{case_name(a)}:", "                _ = reader.raw()", f"                faults.refuse(\"{a} is never answered\")", "                return nil"]
            else:
                out.append(f"            case .{case_name(a)}: return {a}{kind}(reading: &reader, &faults).map({kind}.{case_name(a)})")
        out += ["            }", "        }", "",
                "        public func write(to writer: inout JSONWriter) {", "            switch self {"]
        out += [f"            case .{case_name(a)}(let message): message.write(to: &writer)" for a in cases]
        out += ["            }", "        }", "    }", "}"]
        return out

    def actions(self, actions: list[str], older: set[str]) -> list[str]:
        s = self.space
        def flag(name: str, doc: str, members: set[str]) -> list[str]:
            listed = ", ".join("." + case_name(a) for a in actions if a in members)
            return ["", f"        /// {doc}", f"        public var {name}: Bool {{", "            switch self {",
                    f"            case {listed}: true", "            default: false", "            }", "        }"]
        out = [f"extension {s.name} {{", f"    /// The {len(actions)} actions of {s.title}.",
               "    public enum Action: String, WireAction {"]
        out += [f"        case {case_name(a)} = \"{a}\"" for a in actions]
        out += ["", "        public static let words: [StaticString] = [" + ", ".join(f'"{a}"' for a in actions) + "]"]
        out += flag("isFromStation", "The station sends it.", s.from_station)
        out += flag("isFromCentralSystem", "The central system sends it.", s.from_central)
        if older:
            out += flag(f"isSince21", f"{s.newest} only.", set(actions) - older)
        if s.unanswered:
            out += flag("isUnanswered", "Sent with SEND: no answer follows.", s.unanswered)
        return out + ["    }", "}"]


def case_name(word: str) -> str:
    """`Energy.Active.Import.Register` → `energyActiveImportRegister`, `EVDisconnected` → `evDisconnected`, `L1-N` → `l1N`."""
    parts = [p for p in re.split(r"[^A-Za-z0-9]+", word) if p]
    first = parts[0]
    head = re.match(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+(?![a-z])|[A-Z]", first)
    if head:
        first = head.group().lower() + first[head.end():]
    text = first + "".join(p[0].upper() + p[1:] for p in parts[1:])
    if text[0].isdigit():
        text = "n" + text
    return f"`{text}`" if text in KEYWORDS else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("namespace", choices=sorted(names.NAMESPACES))
    parser.add_argument("--out", type=Path, help="default: Sources/OCPPMessages/Generated/NAMESPACE of this repository")
    options = parser.parse_args()
    space = names.NAMESPACES[options.namespace]
    if installed_version("ocpp") != PACKAGE:
        sys.exit(f"PyPI ocpp {PACKAGE} is needed, {installed_version('ocpp')} is installed")
    package = Path(find_spec("ocpp").submodule_search_locations[0])
    out = options.out or Path(__file__).resolve().parents[2] / "Sources/OCPPMessages/Generated" / space.name
    shutil.rmtree(out, ignore_errors=True)

    readers, actions_of = {}, {}
    for version in space.versions:
        folder = package / version / "schemas"
        reader = readers[version] = Reader(space, version, folder)
        answered = {p.stem.removesuffix("Response") for p in folder.glob("*Response.json")}
        files = {f"{a}Request": space.request_file(a) for a in answered} | {f"{a}Response": f"{a}Response.json" for a in answered}
        if odd := {p.name for p in folder.glob("*.json")} - set(files.values()) - {f"{a}.json" for a in space.unanswered}:
            sys.exit(f"{version}: schemas without a pair: {sorted(odd)}")
        silent = {a for a in space.unanswered if (folder / f"{a}.json").exists()}
        files |= {f"{a}Request": f"{a}.json" for a in silent}
        for name in sorted(files):
            reader.message(files[name], name)
        actions_of[version] = answered | silent
    *olders, newest = space.versions
    actions = sorted(actions_of[newest])
    if odd := set(actions) ^ (space.from_station | space.from_central):
        sys.exit(f"actions whose sender is not known, or that have no schema: {sorted(odd)}")

    older = readers[olders[0]] if olders else None
    structures = {name: merged(s, older.structures.get(name) if older else None) for name, s in readers[newest].structures.items()}
    words: dict[str, list[str]] = {}
    counts: dict[str, int | None] = {}
    for name in sorted(set(readers[newest].words) | set(older.words if older else [])):
        was, now = (older.words.get(name, []) if older else []), readers[newest].words.get(name, [])
        if now and (gone := set(was) - set(now)):
            sys.exit(f"{name}: {gone} are gone in the newer version")
        words[name] = was + [w for w in now + space.proposed_words.get(name, []) if w not in was]
        counts[name] = len(was) if was else None
    stems = [*words, *actions, *(s for s in structures if s not in {f"{a}{k}" for a in actions for k in ("Request", "Response")})]
    if twice := {s for s in stems if stems.count(s) > 1}:
        sys.exit(f"words, classes or actions of one name (and file): {twice}")

    writer = Writer(space, out)
    uses_time = lambda *made: any(f.kind == "instant" for s in made for f in s.fields)
    for action in actions:
        pair = [structures.pop(f"{action}{kind}") for kind in ("Request", "Response") if f"{action}{kind}" in structures]
        lines = writer.structure(pair[0], space.action_doc(action, len(pair[0].versions) < len(space.versions)))
        for answer in pair[1:]:
            lines += [""] + writer.structure(answer, f"The answer to {action}.")
        writer.file(f"Messages/{action}.swift", lines, uses_time(*pair))
    for name, made in sorted(structures.items()):
        doc = space.object_doc(name, len(made.versions) < len(space.versions))
        writer.file(f"Types/{name}.swift", writer.structure(made, doc), uses_time(made))
    for name, values in words.items():
        writer.file(f"Words/{name}.swift", writer.words(name, values, counts[name]))
    writer.file("Request.swift", writer.envelope(actions, False))
    writer.file("Response.swift", writer.envelope(actions, True))
    writer.file("Action.swift", writer.actions(actions, actions_of[olders[0]] if olders else set()))
    print(f"{space.name}: {len(actions)} actions, {len(structures)} types, {len(words)} word lists")


main()
