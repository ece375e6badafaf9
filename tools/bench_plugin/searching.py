"""`kubectl troubleshoot search` over a gigabyte of recordings, in a toolbox that runs."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from figures import OURS, Row, at_most
from kubectl import Kubectl
from opening import Place

LIMIT: Final = at_most(5.0)
NAME: Final = "library"
NEEDLE: Final = "connection refused by 10.0.0.7"
READY_SECONDS: Final = 120.0
EACH: Final = 50_000_000  # bytes of a recording
TOOLBOX_USER: Final = 10001
STARTED: Final = 1795372803  # 2026-11-22T18:40:03Z


def measure(place: Place, admin: Kubectl, *, megabytes: int, rounds: int) -> list[Row]:
    """Each recording has the text once, in its last line."""
    count = max(1, megabytes * 1_000_000 // EACH)
    with_volume(place, admin, count)
    samples = []
    for _ in range(rounds):
        began = time.monotonic()
        words = place.plugin("search", NEEDLE, NAME, "--output=json")
        done = subprocess.run(words, env=place.environment, capture_output=True, check=True)
        samples.append(time.monotonic() - began)
        assert len(json.loads(done.stdout)) == count, done.stdout
    place.person.run("delete", "troubleshooter", NAME, "--wait=false")
    place.person.wait_gone("pod", NAME, timeout=READY_SECONDS)
    return [
        Row(f"`search` of {count * EACH / 1e9:g} GB in {count} recordings", OURS, "s", tuple(samples), LIMIT)
    ]


def with_volume(place: Place, admin: Kubectl, count: int) -> None:
    """A toolbox whose volume has so many recordings; the node's storage is a folder of this machine."""
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "Troubleshooter"}
    place.person.apply(kind | {"metadata": {"name": NAME}, "spec": {}})
    place.person.wait_condition("troubleshooter", NAME, "Ready", timeout=READY_SECONDS)
    claim = admin.json("get", "persistentvolumeclaim", f"{NAME}-recordings")
    volume = admin.json("get", "persistentvolume", claim["spec"]["volumeName"])
    folder = folder_of(volume) / place.person.namespace / NAME
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write(folder / f"2026-11-22T18-40-03Z-bench{number:03}.cast", place.person.namespace)
    for path in (folder.parent, folder, *folder.iterdir()):
        shutil.chown(path, TOOLBOX_USER, TOOLBOX_USER)


def folder_of(volume: dict[str, Any]) -> Path:
    spec = volume["spec"]
    return Path((spec.get("hostPath") or spec["local"])["path"])


def write(cast: Path, namespace: str) -> None:
    """As our recorder writes it: a log as it goes by, coloured, some lines an event."""
    ours = {"namespace": namespace, "name": NAME, "user": "alice", "verified": True}
    header = {"version": 2, "width": 120, "height": 40, "timestamp": STARTED, "troubleshooter": ours}
    with cast.open("w") as file:
        file.write(json.dumps(header, separators=(",", ":")) + "\n")
        file.write('[0.0,"m","recording started"]\n')
        written = 0
        for event in events():
            written += file.write(event)
            if written > EACH - 1000:
                break
        last = json.dumps([100000.0, "o", f"dial tcp: {NEEDLE}\r\n"], separators=(",", ":"))
        file.write(f'{last}\n[100001.0,"m","session ended: exit status 0"]\n')


def events() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        lines = "".join(
            f"\x1b[32m2026-11-22T18:40:{number % 60:02}.{line:03}Z\x1b[0m INFO request={number:08x} "
            f"path=/api/v1/orders/{number * 7 + line} status=200 duration={line + number % 90}ms\r\n"
            for line in range(8)
        )
        yield json.dumps([number / 10, "o", lines], separators=(",", ":")) + "\n"
