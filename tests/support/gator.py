"""Gatekeeper's rules over objects, as gator knows them: built when the first test asks.

A rule is a file NAME.rego of a folder; all of them see the folder's pods.rego as data.lib.pods.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import binaries
import lifecycle
import places

RUN_SECONDS = 60.0
SHARED = "pods.rego"
DENIED = 1  # gator's status where a rule is broken


@dataclass(frozen=True)
class Gator:
    """The program; `rules` is the folder, `folder` where its input is put."""

    program: Path
    rules: Path
    folder: Path

    def violations(
        self, things: Iterable[Mapping[str, Any]], constraints: Iterable[Mapping[str, Any]]
    ) -> list[str]:
        """What the rules have against the objects: `constraint: kind name: message`, sorted."""
        everything = {"templates": self._templates(), "constraints": constraints, "things": things}
        for name, found in everything.items():
            text = "\n---\n".join(json.dumps(each) for each in found)
            (self.folder / f"{name}.yaml").write_text(text)
        done = subprocess.run(
            [str(self.program), "test", f"--filename={self.folder}", "--output=json"],
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode in {0, DENIED}, done.stderr
        return sorted(_sentence(each) for each in json.loads(done.stdout or "[]") or [])

    def _templates(self) -> list[dict[str, Any]]:
        shared = (self.rules / SHARED).read_text()
        files = [file for file in sorted(self.rules.glob("*.rego")) if file.name != SHARED]
        return [_template(file.stem, file.read_text(), shared) for file in files]


def constraint(rule: str, name: str, kinds: Iterable[tuple[str, str]], **parameters: Any) -> dict[str, Any]:
    """A rule with what it is asked for, and the groups and kinds of which it is asked."""
    matched = [{"apiGroups": [group], "kinds": [kind]} for group, kind in kinds]
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": rule,
        "metadata": {"name": name},
        "spec": {"match": {"kinds": matched}, "parameters": parameters},
    }


def gator(rules: Path, folder: Path) -> Gator:
    """The program, built if it is not in the cache."""
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        program = binaries.optional_program(cache, "gator")
    return Gator(program, rules, folder)


def _template(rule: str, rego: str, shared: str) -> dict[str, Any]:
    parameters = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    source = {"version": "v1", "rego": rego, "libs": [shared]}
    target = {
        "target": "admission.k8s.gatekeeper.sh",
        "code": [{"engine": "Rego", "source": source}],
    }
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": rule.lower()},
        "spec": {
            "crd": {
                "spec": {"names": {"kind": rule}, "validation": {"openAPIV3Schema": parameters}},
            },
            "targets": [target],
        },
    }


def _sentence(violation: Mapping[str, Any]) -> str:
    thing = violation["violatingObject"]
    name = violation["constraint"]["metadata"]["name"]
    return f"{name}: {thing['kind']} {thing['metadata']['name']}: {violation['msg']}"
