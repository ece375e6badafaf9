"""The node from outside: started in namespaces of its own, joined if it lives, ended, cleaned up after."""

import fcntl
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import binaries
import cgroups
import debian
import hostlock
import images
import node
import places
import veth
from hostlock import Record
from leftovers import keep_latest, remove_tree
from places import State
from progress import POLL_SECONDS, HarnessError, say, step, tail, wait_until

MADE_FROM = (
    *("modules", "manifests", "node.py", "components.py", "settings.py", "pki.py"),
    *("binaries.py", "cgroups.py", "veth.py"),
)
LOGS_KEPT = 5
START_DEADLINE = 180.0
END_DEADLINE = 30.0


def content() -> str:
    """What the running cluster is made from; another content needs another cluster."""
    return places.content_of([places.HERE / name for name in MADE_FROM], places.HERE)


def prepare(cache: Path) -> None:
    """All that a start needs, made once and found in the cache later."""
    need_root("The test cluster makes namespaces and mounts")
    debian.install(debian.CLUSTER, cache / "logs" / "apt.log")
    with cache_lock(cache):
        binaries.build(cache)
        images.build_base(cache)


def need_root(why: str) -> None:
    """HarnessError for anybody else."""
    if os.geteuid() != 0:
        raise HarnessError(f"{why}, which needs root: run this as root.")


@contextmanager
def cache_lock(cache: Path) -> Iterator[None]:
    """One builder at a time per cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("waiting for another build in the same cache"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def up(cache: Path) -> State:
    """A running node of this content, with the base images in it: a new one, or the one that is up."""
    if hostlock.is_held(places.LOCK):
        _join()  # before minutes of building, for its refusal
    prepare(cache)
    deadline = time.monotonic() + START_DEADLINE
    while (lock := hostlock.acquire(places.LOCK)) is None:
        if state := _join():
            say("A cluster of the same content is up on this host: using it.")
            images.load(images.base_images(cache))
            return state
        if time.monotonic() > deadline:
            raise HarnessError(f"Another start on this host does not end; {places.LOCK} says whose it is.")
        time.sleep(POLL_SECONDS)
    try:
        return _start(cache, lock)
    finally:
        os.close(lock)  # the node has it too, and so keeps the lock


def _join() -> State | None:
    """The node of an earlier start, once it is ready; HarnessError if it is made from other files."""
    record = hostlock.read(places.LOCK)
    if record is None:
        return None
    if record.content != content():
        raise HarnessError(hostlock.refusal(record))
    if not record.state.ready.exists():
        return None
    return record.state


def _start(cache: Path, lock: int) -> State:
    now = datetime.now(UTC)
    clean_up(hostlock.read(places.LOCK))
    state = _make_folders(cache, now)
    with step("starting the cluster", state.logs / "node.log"):
        process = _launch(state, cache, lock)
        hostlock.write(lock, _record(process.pid, state, now))
        try:
            veth.connect(process.pid)
            _wait(process, places.CONTAINERD_SOCKET.is_socket, state)
            images.load(images.base_images(cache))  # while the API server starts
            _wait(process, state.ready.exists, state)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return state


def _record(pid: int, state: State, now: datetime) -> Record:
    return Record(
        pid=pid,
        user=os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name,
        checkout=str(places.CHECKOUT),
        content=content(),
        root=str(state.root),
        logs=str(state.logs),
        since=f"{now:%Y-%m-%d %H:%M:%S} UTC",
    )


def _make_folders(cache: Path, now: datetime) -> State:
    """The folders of a new cluster; the logs of the last few are kept."""
    state = State(
        cache / f"cluster{places.SUFFIX}", cache / "logs" / f"cluster{places.SUFFIX}-{now:%Y-%m-%dT%H-%M-%SZ}"
    )
    remove_tree(state.root)
    state.root.mkdir(mode=0o700)
    state.logs.mkdir(parents=True)
    keep_latest(state.logs.parent.glob(f"cluster{places.SUFFIX}-2*"), LOGS_KEPT)
    for folder in node.PRIVATE:
        Path(folder).mkdir(parents=True, exist_ok=True)
    cgroups.make()
    return state


def _launch(state: State, cache: Path, lock: int) -> subprocess.Popen[bytes]:
    """The node in a network, a mount and a pid namespace of its own, with our lock in its hands.

    No `ip netns exec`: that mounts a new /sys, and the kubelet would find no cgroups. No named network
    namespace: an unnamed one goes with its last process, and the veth with it.
    """
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-B"]
    with (state.logs / "node.log").open("wb") as log:
        return subprocess.Popen(
            [*command, places.HERE / "node.py", state.root, state.logs, cache],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            pass_fds=(lock,),
        )


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], state: State) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            log = tail(state.logs / "node.log")
            raise HarnessError(f"{log}\nThe cluster did not start. The logs of all its parts: {state.logs}")
        time.sleep(POLL_SECONDS)


def down() -> None:
    """End the node, whoever started it, and take away what it left; no error if there is none."""
    record = hostlock.read(places.LOCK)
    lock = hostlock.acquire(places.LOCK)
    if lock is None:
        lock = _end(record)
    else:
        say("No cluster is up on this host.")
    try:
        clean_up(record)
    finally:
        os.close(lock)


def _end(record: Record | None) -> int:
    """Kill the node; its lock, which is ours then."""
    if record is None:
        raise HarnessError(
            f"{places.LOCK} is locked and does not say by whom; `fuser -v {places.LOCK}` does."
        )
    with step(f"ending the cluster {hostlock.description(record)}"):
        _kill(record)
        taken: list[int] = []

        def free() -> bool:
            lock = hostlock.acquire(places.LOCK)
            taken.extend([] if lock is None else [lock])
            return bool(taken)

        wait_until(free, "the end of the cluster", END_DEADLINE)
    return taken[0]


def _kill(record: Record) -> None:
    """Kill the node and nothing else, even if its process id was given away since."""
    with suppress(FileNotFoundError, ProcessLookupError):
        words = Path(f"/proc/{record.pid}/cmdline").read_bytes().split(b"\0")
        if not any(word.endswith(b"/node.py") for word in words):
            raise HarnessError(f"Process {record.pid} is no node; who holds {places.LOCK}, `fuser -v` tells.")
        os.kill(record.pid, signal.SIGKILL)


def clean_up(record: Record | None) -> None:
    """Take away what a node that is gone left: veth, control groups, state. The caller holds the lock."""
    if record:
        record.state.ready.unlink(missing_ok=True)  # first: nobody must join a node that is gone
    veth.remove()
    cgroups.remove()
    for socket in places.RUN.glob(f"{places.CONTAINERD_SOCKET.name}*"):
        socket.unlink()
    images.forget_loaded()
    if record:
        remove_tree(record.state.root)
    if not _others_live():  # removing a folder takes away what another node has mounted on it
        for folder in node.PRIVATE:
            with suppress(OSError):  # not empty: not ours
                Path(folder).rmdir()


def _others_live() -> bool:
    locks = places.RUNS.glob("troubleshooter-cluster*/lock")
    return any(hostlock.is_held(lock) for lock in locks if lock != places.LOCK)
