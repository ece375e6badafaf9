"""How fast `cat` gets through a real `kubectl exec -it`, recorded or not, and how long a shell takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import harness
from figures import OURS, Row, at_least, ratios
from handwritten import start_by_hand
from kubectl import Kubectl
from peers import SCRIPT
from stage import new_namespace
from starting import PROMPT_LIMITS, to_prompt
from throughput import write_text
from toolbox import Toolbox
from window import Window

FIGURE: Final = "`cat` through `kubectl exec -it`"
PROMPT: Final = "start to prompt through `kubectl exec -it`"
LIMITS: Final = (at_least(0.9), at_least(0.98))
TEXT: Final = "/tmp/text"  # noqa: S108 - the pod's /tmp
PLAIN: Final = "without recorder"
COMMANDS: Final = {
    PLAIN: ("cat", TEXT),
    SCRIPT: ("script", "-q", "-c", f"cat {TEXT}", "/recordings/typescript"),
    OURS: ("shell", "--user=bench", "--", "cat", TEXT),
}


def measure(folder: Path, environment: dict[str, str], *, size: int, rounds: int, starts: int) -> list[Row]:
    """The cluster is brought up if it is not, and left as it was found."""
    text = folder / "text"
    shown = write_text(text, size)
    with harness.running_cluster() as cluster:
        admin = Kubectl(cluster.kubectl, cluster.kubeconfig)
        with new_namespace(admin) as namespace:
            box = start_by_hand(admin.in_namespace(namespace), "bench")
            _put(box, text)
            return [*_throughput(box, environment, shown, rounds), *_prompt(box, environment, starts)]


def missing(why: str) -> list[Row]:
    """The rows where no cluster can be had."""
    return [
        Row(FIGURE, f"{OURS} / {PLAIN}", "times", (), *LIMITS, why),
        Row(f"{PROMPT}, added", OURS, "ms", (), *PROMPT_LIMITS, why),
    ]


def _put(box: Toolbox, text: Path) -> None:
    done = box.run("sh", "-c", f"cat > {TEXT}", stdin=text.read_bytes())
    assert done.returncode == 0, done.stderr


def _throughput(box: Toolbox, environment: dict[str, str], shown: int, rounds: int) -> list[Row]:
    samples: dict[str, list[float]] = {who: [] for who in COMMANDS}
    for _ in range(rounds):
        for who, command in COMMANDS.items():
            samples[who].append(_cat(box, environment, shown, command))
    speeds = [Row(FIGURE, who, "MB/s", tuple(found)) for who, found in samples.items()]
    plain = samples[PLAIN]
    return [
        *speeds,
        Row(FIGURE, f"{SCRIPT} / {PLAIN}", "times", ratios(samples[SCRIPT], plain)),
        Row(FIGURE, f"{OURS} / {PLAIN}", "times", ratios(samples[OURS], plain), *LIMITS),
    ]


def _cat(box: Toolbox, environment: dict[str, str], shown: int, command: Sequence[str]) -> float:
    window = Window(_exec(box, *command), environment)
    drained = window.drain()
    window.wait()
    assert drained.content_bytes == shown, f"{drained.content_bytes} of {shown} bytes came through"
    return drained.megabytes_a_second


def _prompt(box: Toolbox, environment: dict[str, str], starts: int) -> list[Row]:
    """`--norc`, since the start-up files of the toolbox would make a `shell` of it."""
    plain, recorded = [], []
    for _ in range(starts):
        plain.append(to_prompt(_exec(box, "bash", "--norc"), environment))
        recorded.append(to_prompt(_exec(box, "shell", "--user=bench"), environment))
    added = tuple(shell - bash for shell, bash in zip(recorded, plain, strict=True))
    return [
        Row(PROMPT, "bash", "ms", tuple(plain)),
        Row(f"{PROMPT}, added", OURS, "ms", added, *PROMPT_LIMITS),
    ]


def _exec(box: Toolbox, *words: str) -> list[str]:
    return box.user.command("exec", "-it", box.name, "--", *words)
