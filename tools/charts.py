"""Writes the templates of both Helm charts from deploy and crd, for `make charts`; a test compares.

The charts are text with a few values in it: what an installation chooses is replaced, each component is put
under its value, all else is as in the source, comments too. It never talks to a cluster.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent, indent

import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
CHARTS = DEPLOY / "charts"
TEMPLATES = Path("troubleshooter/templates")
DASHBOARD = Path("troubleshooter/files/troubleshooter.json")
WRITTEN = "# Written by `make charts`"
NOTE = WRITTEN + " from {}; change it there.\n"
CHOSEN = {
    "troubleshooter-system": "{{ .Release.Namespace }}",
    "image: localhost/troubleshooter/operator": "image: {{ .Values.images.operator | quote }}",
    "default: localhost/troubleshooter/toolbox:dev": "default: {{ .Values.images.toolbox | quote }}",
    'allowed: ["localhost/troubleshooter/toolbox:*"]': "allowed: {{ .Values.images.allowed | toJson }}",
    "{fsGroup: 10001}": "{ {{- if not .Values.components.openshift }}fsGroup: 10001{{ end -}} }",
}
KEPT = {"\nmetadata:\n": '\nmetadata:\n  annotations:\n    helm.sh/resource-policy: "keep"\n'}
# Of which version mutating policies are is the cluster's affair, as in the folders v1 and v1beta1.
VERSIONED = re.compile(r"^apiVersion: admissionregistration\.k8s\.io/v1(?=\nkind: Mutating)", re.MULTILINE)
VERSION = 'apiVersion: admissionregistration.k8s.io/{{ include "troubleshooter.mutating" . }}'
MUTATING = 'ne (include "troubleshooter.mutating" .) "none"'
NAMESPACED = ".Values.watchNamespaces"
# helm has --create-namespace, and the CRDs are the other chart.
NOT_TEMPLATES = ("namespace.yaml", "troubleshooters.yaml", "troubleshooterclasses.yaml", "replays.yaml")


def templates() -> dict[Path, str]:
    """Every file that is written, by its path below deploy/charts."""
    crds = {
        Path("troubleshooter-crds/templates") / source.name: template(source, KEPT)
        for source in sources(ROOT / "crd")
    }
    return crds | {TEMPLATES / name: text for name, text in (*base(), *components(), *namespaced())}


def base() -> Iterator[tuple[str, str]]:
    """deploy/base, with what deploy/openshift and deploy/namespaced change of it."""
    edits = {"deployment.yaml": _deployment, "rbac.yaml": _rbac}
    for source in sources(DEPLOY / "base"):
        if source.name in NOT_TEMPLATES:
            continue
        text = template(source, CHOSEN)
        if source.name == "volume-policy.yaml":
            text = under(f"not {NAMESPACED}", text)
        yield source.name, edits[source.name](text) if source.name in edits else text


def components() -> Iterator[tuple[str, str]]:
    """The folders beside the base, each under its value."""
    plain = {"temporary-namespace": "temporaryNamespace", "monitoring": "monitoring"}
    for folder, value in plain.items():
        for source in sources(DEPLOY / folder):
            text = template(source, CHOSEN, shown=folder == "monitoring")
            yield f"{folder}-{source.name}", under(f".Values.components.{value}", text)
    for source in sources(DEPLOY / "retain" / "v1"):
        yield f"retain-{source.name}", under(".Values.components.retain", template(source, CHOSEN))
    yield from policies()


def policies() -> Iterator[tuple[str, str]]:
    """deploy/policies: what both kinds of clusters get, and what only one of them does."""
    validating, mutating = (list(sources(DEPLOY / "policies" / name)) for name in ("validating", "v1"))
    for source in dict.fromkeys([*validating, *mutating]):
        condition = ".Values.components.policies"
        if source not in validating:
            condition = f"and {condition} ({MUTATING})"
        elif source not in mutating:
            condition = f"and {condition} (not ({MUTATING}))"
        yield f"policies-{source.name}", under(condition, template(source, CHOSEN))


def namespaced() -> Iterator[tuple[str, str]]:
    """The rights in each namespace where the operator works, if that is not all of them."""
    rights = DEPLOY / "namespaced" / "rights"
    yield "namespaced-role.yaml", under(NAMESPACED, template(rights / "role.yaml", CHOSEN))
    binding = template(rights / "binding.yaml", CHOSEN).replace(".Release", "$.Release")
    binding = binding.replace("\nmetadata:\n", "\nmetadata:\n  namespace: {{ . }}\n")
    yield "namespaced-binding.yaml", f"{{{{- range {NAMESPACED} }}}}\n---\n{binding}{{{{- end }}}}\n"


def sources(folder: Path) -> Iterator[Path]:
    """The files that a kustomization lists, and those of the kustomizations that it lists."""
    for name in yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]:
        found = (folder / name).resolve()
        if found.is_dir():
            yield from sources(found)
        else:
            yield found


def template(source: Path, values: Mapping[str, str], *, shown: bool = False) -> str:
    """The source as a template. `shown`: it holds {{ }} of its own, for others to read.

    ValueError where it holds, unannounced, what Helm would take for its own.
    """
    text = source.read_text()
    if shown:
        text = text.replace("{{", '{{ "{{" }}')
    elif "{{" in text:
        raise ValueError(f"{source} holds {{{{, which Helm would take for a template")
    for literal, value in values.items():
        text = text.replace(literal, value)
    return NOTE.format(source.relative_to(ROOT)) + VERSIONED.sub(VERSION, text)


def under(condition: str, text: str) -> str:
    return f"{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n"


def _deployment(text: str) -> str:
    """Without user and group where the cluster chooses them, and told where to work."""
    chosen = "        runAsUser: 10001\n        runAsGroup: 10001\n"
    pull = "          imagePullPolicy: IfNotPresent\n"
    where = (
        f"{{{{- with {NAMESPACED} }}}}\n"
        '          args: ["--watch-namespaces={{ join "," . }}"]\n'
        "{{- end }}\n"
    )
    text = _replaced(text, chosen, under("not .Values.components.openshift", chosen))
    return _replaced(text, pull, pull + where)


def _rbac(text: str) -> str:
    """The rules of deploy/namespaced in place of its own, where the operator works in some namespaces."""
    patch = (DEPLOY / "namespaced" / "classes.yaml").read_text()
    rules = indent(dedent(patch.partition("  value:\n")[2]), "  ")
    binding = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n"
    text = _replaced(text, "\nrules:\n", f"\nrules:\n{{{{- if {NAMESPACED} }}}}\n{rules}{{{{- else }}}}\n")
    return _replaced(text, binding, f"{{{{- end }}}}\n{binding}")


def _replaced(text: str, literal: str, value: str) -> str:
    if text.count(literal) != 1:
        raise ValueError(f"{literal!r} is to be in this once:\n{text}")
    return text.replace(literal, value)


def main() -> None:
    for folder in CHARTS.glob("*/templates"):
        for old in folder.glob("*.yaml"):
            if WRITTEN in old.read_text():
                old.unlink()
    for path, text in templates().items():
        (CHARTS / path).parent.mkdir(parents=True, exist_ok=True)
        (CHARTS / path).write_text(text)
    (CHARTS / DASHBOARD).parent.mkdir(parents=True, exist_ok=True)
    (CHARTS / DASHBOARD).write_text((DEPLOY / "monitoring" / "troubleshooter.json").read_text())


if __name__ == "__main__":
    main()
