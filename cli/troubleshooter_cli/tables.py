"""Data on stdout: a table as kubectl prints it, or JSON, YAML and names for programs.

Every cell is somebody else's text and is made printable; JSON and YAML escape it by themselves.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

from troubleshooter_cli.talk import printable

GAP: Final = "   "


class Columns:
    """As wide as these rows need; what comes later keeps to them."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._widths = [max(map(len, column)) for column in zip(*map(_shown, rows), strict=True)]

    def write(self, rows: Sequence[Sequence[str]], out: TextIO | None = None) -> None:
        """An empty cell is shown as `-`; each line is there at once."""
        lines = (
            GAP.join(
                cell.ljust(width) for cell, width in zip(_shown(row), self._widths, strict=True)
            ).rstrip()
            for row in rows
        )
        out = out or sys.stdout
        out.write("".join(f"{line}\n" for line in lines))
        out.flush()


def write_table(titles: Sequence[str], rows: Sequence[Sequence[str]], out: TextIO | None = None) -> None:
    """The rows under their titles; an empty cell is shown as `-`."""
    whole = [titles, *rows]
    Columns(whole).write(whole, out)


def _shown(row: Sequence[str]) -> list[str]:
    return [printable(cell) or "-" for cell in row]


def write_json(value: Any, out: TextIO | None = None) -> None:
    """Indented, as kubectl has it."""
    (out or sys.stdout).write(json.dumps(value, indent=4, ensure_ascii=True) + "\n")


def write_yaml(value: Any, out: TextIO | None = None) -> None:
    import yaml  # noqa: PLC0415 - a twentieth of a second that no other command needs

    (out or sys.stdout).write(yaml.safe_dump(value, sort_keys=False, allow_unicode=False))


def write_objects(objects: Sequence[dict[str, Any]], output: str, out: TextIO | None = None) -> None:
    """Objects of the API as `-o json|yaml|name`; several as a List, as kubectl has it."""
    if output == "name":
        lines = (f"{_kind(thing)}/{thing['metadata']['name']}\n" for thing in objects)
        (out or sys.stdout).write("".join(lines))
        return
    whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    write = write_json if output == "json" else write_yaml
    write(objects[0] if len(objects) == 1 else whole, out)


def _kind(thing: dict[str, Any]) -> str:
    group = str(thing["apiVersion"]).rpartition("/")[0]
    kind = str(thing["kind"]).lower()
    return f"{kind}.{group}" if group else kind
