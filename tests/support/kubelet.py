"""What kubelet and runtime do for a pod, done for an agent under test: folders, annotations, namespaces."""

import contextlib
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from recorded import BASHRC

AGENT_ROOT = Path(__file__).parents[2] / "agent"
AGENT = (sys.executable, "-m", "troubleshooter_agent")
# Any uid in a pod has to read Python and the agent, wherever a developer keeps them.
AS_TOOLBOX_USER = (
    "setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search", "--",
)  # fmt: skip


def prepare(folder: Path, annotations: dict[str, str]) -> None:
    """The folders of a toolbox, writable for any user, and its annotations."""
    for name in ("", "recordings", "run", "home"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(0o777)
    (folder / "home" / ".bashrc").write_text(BASHRC)
    (folder / "termination-log").touch()
    (folder / "termination-log").chmod(0o666)
    values = {
        "namespace": "shop",
        "name": "box",
        "pod": "box",
        "pod_uid": "uid-1",
        "recordings_retained": "yes",
    }
    project(folder / "annotations", {**values, **annotations})


def in_namespace(folder: Path, volume: str = "") -> list[str]:
    """The command that makes what follows PID 1, where `volume` is wanted with a volume of that size.

    A `volume` that is the path of an image of a file system is mounted as a disk is.
    """
    namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    kind = '-o loop "$1"' if "/" in volume else '-t tmpfs -o "size=$1,mode=777" recordings'
    mount = f'mount {kind} "$2" && shift 2 && exec "$@"'
    return [*namespace, "sh", "-c", mount, "sh", volume, str(folder / "recordings")] if volume else namespace


def run_command(
    folder: Path,
    environment: dict[str, str],
    port: int,
    program: Sequence[str] = AGENT,
    options: Sequence[str] = (),
) -> list[str]:
    """PID 1's command line; `program` is that up to the arguments, where it is to be another agent."""
    places = ("recordings", "annotations", "run-folder", "termination-log")
    return [
        *(*program, "run", "--host", "127.0.0.1", "--port", str(port)),
        *(f"--{place}={folder / place.removesuffix('-folder')}" for place in places),
        *("--socket", environment["TROUBLESHOOTER_SOCKET"]),
        *(f"--cgroup={folder / 'cgroup'}", f"--limit={folder / 'run'}=16Mi"),
        *options,
    ]


def project(folder: Path, values: dict[str, str]) -> None:
    """Write annotations into `folder` as the kubelet projects them."""
    current = folder / "..data"
    texts = {path.name: path.read_text() for path in current.iterdir()} if current.exists() else {}
    texts |= {name.replace("_", "-"): value for name, value in values.items()}
    version = folder / f"..{time.monotonic_ns()}"
    version.mkdir(parents=True)
    for name, value in texts.items():
        (version / name).write_text(value)
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(Path("..data") / name)
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(current)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
