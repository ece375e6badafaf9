"""docs/reference/resources.md: every field of every kind, from the schemas of the CRDs."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from markup import code, sections, table

Schema = dict[str, Any]
INTRODUCTION: Final = (
    "# Every field\n\n"
    "Written by `make reference` from `crd/`; `kubectl explain troubleshooter.spec` prints the same.\n"
    "What fields do together is told in [The API](../api.md). In italics: what the API server insists on."
)
LITERAL: Final = re.compile(r"'((?:[^'\\]|\\.)*)'")
STANDARD: Final = ("apiVersion", "kind", "metadata")


def page(crds: Sequence[Path]) -> str:
    return sections(INTRODUCTION, *(_kind(yaml.safe_load(path.read_text())["spec"]) for path in crds))


def _kind(crd: Schema) -> str:
    names, version = crd["names"], crd["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    short = f"short name {code(names['shortNames'][0])}, " if names.get("shortNames") else ""
    scope = "namespaced" if crd["scope"] == "Namespaced" else "cluster-scoped"
    parts = [
        f"## {names['kind']}",
        f"{schema['description']} ({code(names['plural'])}, {short}{scope}.)",
        _sentences(schema),
    ]
    for name, part in schema["properties"].items():
        if name not in STANDARD:
            rows = [_field(*each) for each in fields(name, part)]
            parts += [f"### {names['kind']} {name}", part.get("description", ""), _sentences(part)]
            parts.append(table(("field", "type", "left out", "meaning"), rows))
    return sections(*parts, _columns(version))


def fields(path: str, schema: Schema) -> Iterator[tuple[str, Schema, bool]]:
    """Each field below a schema: its path, its own schema, and whether it must be there."""
    required = schema.get("required", [])
    for name, below in schema.get("properties", {}).items():
        below_path = f"{path}.{name}"
        yield below_path, below, name in required
        yield from fields(below_path, below)
        if "items" in below:
            yield from fields(f"{below_path}[]", below["items"])


def _field(path: str, schema: Schema, required: bool) -> tuple[str, str, str, str]:  # noqa: FBT001 - a row
    default = "must be there" if required else code(_plain(schema.get("default", "")))
    meaning = " ".join(part for part in (schema.get("description", ""), _accepted(schema)) if part)
    return code(path.partition(".")[2]), kind(schema), default, meaning


def kind(schema: Schema) -> str:
    """The type as a person writes it."""
    if schema.get("x-kubernetes-int-or-string"):
        return "quantity"
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}s"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {kind(schema['additionalProperties'])}s"
    return str(schema.get("format") if schema.get("format") == "date-time" else schema.get("type", ""))


def _accepted(schema: Schema) -> str:
    """What the API server's rules say, where the description does not."""
    told = [_sentence(rule) for rule in schema.get("x-kubernetes-validations", [])]
    enum = [f"One of {', '.join(map(code, schema['enum']))}."] if "enum" in schema else []
    return " ".join([*enum, *(f"*{each}.*" for each in told if each)])


def _sentences(schema: Schema) -> str:
    """The rules of a whole object, one a line."""
    told = [_sentence(rule) for rule in schema.get("x-kubernetes-validations", [])]
    return "\n".join(f"- *{each}.*" for each in told if each)


def _sentence(rule: Schema) -> str:
    """What a rule says, without the value that it would show."""
    if "message" in rule:
        return str(rule["message"])
    said = "".join(LITERAL.findall(rule.get("messageExpression", "")))
    return " ".join(said.partition("; got")[0].partition(", got")[0].split())


def _columns(version: Schema) -> str:
    rows = [
        (code(column["name"]), column.get("description", ""), "yes" if column.get("priority") else "")
        for column in version.get("additionalPrinterColumns", [])
    ]
    shown = table(("column", "meaning", "with `-o wide` alone"), rows)
    return sections("`kubectl get` shows:", shown) if shown else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_plain(each)}" for name, each in value.items()) + "}"
    return str(value)
