"""Troubleshooters as the API server has them, for tests of what the plugin makes of them."""

from typing import Any

from troubleshooter_cli.toolboxes import Toolbox, toolbox


def shown(
    name: str = "web",
    *,
    ready: tuple[str, str] | None = ("ShellAvailable", "Open a shell"),
    ended: tuple[str, str] | None = None,
    spec: dict[str, Any] | None = None,
    seen: int = 1,
    **status: Any,
) -> Toolbox:
    """One in its first run; `ready` and `ended` are reason and message, `seen` the generation looked at."""
    conditions = []
    if ready:
        conditions.append(_condition("Ready", ready, is_true=ready[0] == "ShellAvailable"))
    if ended:
        conditions.append(_condition("Ended", ended, is_true=True))
    return toolbox(
        {
            "apiVersion": "troubleshooter.sh/v1alpha1",
            "kind": "Troubleshooter",
            "metadata": {
                "name": name,
                "namespace": "shop",
                "uid": f"uid-of-{name}",
                "generation": 1,
                "resourceVersion": "7",
                "creationTimestamp": "2026-11-25T11:00:00Z",
            },
            "spec": {"state": "Running", "run": 1} | (spec or {}),
            "status": {"conditions": conditions, "observedGeneration": seen, "run": 1, "requestedBy": "alice"}
            | status,
        }
    )


def _condition(kind: str, told: tuple[str, str], *, is_true: bool) -> dict[str, Any]:
    return {"type": kind, "status": "True" if is_true else "False", "reason": told[0], "message": told[1]}
