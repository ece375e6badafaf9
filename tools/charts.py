"""Writes the templates of both Helm charts from deploy/base and crd, for `make charts`; a test compares.

The charts are text with a few values in it: what an installation chooses is replaced, all else is as in the
source, comments too. It never talks to a cluster.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
CHARTS = ROOT / "deploy" / "charts"
NOTE = "# Written by `make charts` from {}; change it there.\n"
# helm has --create-namespace, and kustomize's CRDs are the other chart.
NOT_TEMPLATES = ("../../crd", "namespace.yaml")
CHOSEN = {
    "namespace: troubleshooter-system": "namespace: {{ .Release.Namespace }}",
    "serviceaccount:troubleshooter-system:": "serviceaccount:{{ .Release.Namespace }}:",
    "image: localhost/troubleshooter/operator": "image: {{ .Values.images.operator | quote }}",
    "default: localhost/troubleshooter/toolbox:dev": "default: {{ .Values.images.toolbox | quote }}",
    'allowed: ["localhost/troubleshooter/toolbox:*"]': "allowed: {{ .Values.images.allowed | toJson }}",
}
KEPT = {"\nmetadata:\n": '\nmetadata:\n  annotations:\n    helm.sh/resource-policy: "keep"\n'}


def templates() -> dict[Path, str]:
    """Every template by its path below deploy/charts."""
    base = {
        Path("troubleshooter/templates") / name: template(ROOT / "deploy" / "base" / name, CHOSEN)
        for name in resources(ROOT / "deploy" / "base")
        if name not in NOT_TEMPLATES
    }
    crds = {
        Path("troubleshooter-crds/templates") / name: template(ROOT / "crd" / name, KEPT)
        for name in resources(ROOT / "crd")
    }
    return base | crds


def resources(folder: Path) -> list[str]:
    """What a kustomization lists."""
    found: list[str] = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    return found


def template(source: Path, values: Mapping[str, str]) -> str:
    """The source as a template; ValueError where it holds what Helm would take for its own."""
    text = source.read_text()
    if "{{" in text:
        raise ValueError(f"{source} holds {{{{, which Helm would take for a template")
    for literal, value in values.items():
        text = text.replace(literal, value)
    return NOTE.format(source.relative_to(ROOT)) + text


def main() -> None:
    for folder in CHARTS.glob("*/templates"):
        for old in folder.glob("*.yaml"):
            old.unlink()
    for path, text in templates().items():
        (CHARTS / path).parent.mkdir(parents=True, exist_ok=True)
        (CHARTS / path).write_text(text)


if __name__ == "__main__":
    main()
