"""From `kubectl troubleshoot start` to the prompt, part by part, beside a bare pod and claim by kubectl.

Both run in turn, on the same node, with the same image and the same storage. The bare pod sleeps, and has
neither probes nor an agent: what it takes, kubelet and volume take.
"""

import json
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from figures import OURS, Row, at_most
from kubectl import Kubectl
from seen import Moments, is_ready, is_running
from window import Window

from troubleshooter_cli.kinds import POD, TROUBLESHOOTER

PROMPT: Final = b"$ "
ADDED: Final = at_most(1.5)
GONE_SECONDS: Final = 90.0
BARE: Final = "bare pod and claim by kubectl"
OUR_PARTS: Final = (
    "command to Troubleshooter",
    "Troubleshooter to pod",
    "pod to running container",
    "running container to Ready",
    "Ready to prompt",
)
BARE_PARTS: Final = ("command to pod", "pod to running container", "running container to prompt")


@dataclass(frozen=True)
class Place:
    """Where is measured: the person, with a plugin on the PATH, and what is seen of the namespace."""

    person: Kubectl
    environment: Mapping[str, str]
    moments: Moments
    class_name: str
    image: str

    def kubectl(self, *words: str) -> list[str]:
        """Called by its name, so that it finds the plugin."""
        return [
            "kubectl",
            f"--kubeconfig={self.person.kubeconfig}",
            f"--namespace={self.person.namespace}",
            *words,
        ]

    def plugin(self, *words: str) -> list[str]:
        where = (f"--kubeconfig={self.person.kubeconfig}", f"--namespace={self.person.namespace}")
        return ["kubectl", "troubleshoot", *words, *where]


def measure(
    place: Place, *, rounds: int, when: str, before: Callable[[], object] = lambda: None
) -> list[Row]:
    """Ours and the bare pod in turn; `before` is done before each, and is not measured."""
    ours: list[Sequence[float]] = []
    bare: list[Sequence[float]] = []
    for number in range(rounds):
        before()
        bare.append(_bare(place, f"bare-{when}-{number}"))
        before()
        ours.append(_ours(place, f"ours-{when}-{number}"))
    totals, bare_totals = _totals(ours), _totals(bare)
    added = tuple(mine - theirs for mine, theirs in zip(totals, bare_totals, strict=True))
    title = f"command to prompt, image {when}"
    return [
        *_rows(title, BARE, BARE_PARTS, bare),
        *_rows(title, OURS, OUR_PARTS, ours),
        Row(f"{title}, added", OURS, "s", added, ADDED),
    ]


def _ours(place: Place, name: str) -> Sequence[float]:
    words = place.plugin("start", name, f"--class={place.class_name}")
    window = Window(words, place.environment)
    window.read_until(PROMPT)
    prompt = time.monotonic()
    window.end_with(b"exit\r")
    seen = place.moments
    moments = (
        window.began,
        seen.first(TROUBLESHOOTER, name),
        seen.first(POD, name),
        seen.first(POD, name, is_running),
        seen.first(TROUBLESHOOTER, name, is_ready),
        prompt,
    )
    place.person.run("delete", "troubleshooter", name, "--wait=false")
    place.person.wait_gone("pod", name, timeout=GONE_SECONDS)
    return moments


def _bare(place: Place, name: str) -> Sequence[float]:
    manifest = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [_claim(name), _pod(name, place.image)]}
    )
    lines = (
        f"{shlex.join(place.kubectl('apply', '--filename=-'))} <<<{shlex.quote(manifest)}",
        shlex.join(place.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s")),
        f"exec {shlex.join(place.kubectl('exec', '-it', name, '--', 'bash', '--norc'))}",
    )
    window = Window(["bash", "-c", " && ".join(lines)], place.environment)
    window.read_until(PROMPT)
    prompt = time.monotonic()
    window.end_with(b"exit\r")
    seen = place.moments
    moments = (window.began, seen.first(POD, name), seen.first(POD, name, is_running), prompt)
    place.person.run("delete", "pod", name, "--grace-period=1")
    place.person.wait_gone("pod", name, timeout=GONE_SECONDS)
    return moments


def _rows(title: str, who: str, parts: Sequence[str], rounds: Sequence[Sequence[float]]) -> list[Row]:
    """The whole, then its parts."""
    steps = [[later - earlier for earlier, later in pairwise(moments)] for moments in rounds]
    columns = zip(*steps, strict=True)
    detail = [Row(f"- {part}", who, "s", tuple(found)) for part, found in zip(parts, columns, strict=True)]
    return [Row(title, who, "s", _totals(rounds)), *detail]


def _totals(rounds: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(moments[-1] - moments[0] for moments in rounds)


def _claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def _pod(name: str, image: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "command": ["sleep", "infinity"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [{"name": "volume", "persistentVolumeClaim": {"claimName": name}}],
        },
    }
