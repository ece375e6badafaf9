"""The pod's metadata, projected into a folder the way the kubelet does it, and changed under our eyes."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kubelet import project as kubelet_projects

from troubleshooter_agent.annotations import FILES, Projected, StartObserver, observe, project, read, watch
from troubleshooter_agent.contract import Retained

PATIENCE = 10.0
NEVER = 3600.0
ALL = {
    "namespace": "shop",
    "pod": "box-pod",
    "pod-uid": "0a1b",
    "name": "box",
    "time-to-live": "1h30m",
    "idle-timeout": "90s",
    "recordings-retained": "yes",
    "requested-by": "alice@example.org",
    "owner-uid": "2c3d",
    "end": "Stopped",
    "exec-identity": "enforced",
    "run": "3",
    "purpose": "why is checkout slow?",
    "image": "toolbox:1",
    "save-to-disk": "false",
    "log-to-stdout": "true",
    "notice": "Recordings are read by the security team.",
    "extension": "3h: timeToLive 3h is above the 2h that class default allows; ask for less",
    "replay": "true",
}


def test_all_files_are_understood() -> None:
    """Each file of the folder has its place."""
    projected, faults = project(ALL, None)
    assert faults == ()
    assert projected == Projected(
        namespace="shop",
        name="box",
        pod="box-pod",
        pod_uid="0a1b",
        owner_uid="2c3d",
        requested_by="alice@example.org",
        purpose="why is checkout slow?",
        image="toolbox:1",
        run=3,
        time_to_live=5400.0,
        idle_timeout=90.0,
        retained=Retained.YES,
        exec_identity="enforced",
        end="Stopped",
        save_to_disk=False,
        log_to_stdout=True,
        notice="Recordings are read by the security team.",
        extension="3h: timeToLive 3h is above the 2h that class default allows; ask for less",
        replay=True,
    )


def test_the_files_are_those_of_the_contract() -> None:
    """What the operator projects is what the agent reads."""
    assert set(FILES) == set(ALL)


def test_nothing_projected_means_the_defaults() -> None:
    """One hour, fifteen minutes, first run, and no shell before the volume is known to be kept."""
    projected, faults = project({}, None)
    assert faults == ()
    assert (projected.time_to_live, projected.idle_timeout, projected.run) == (3600.0, 900.0, 1)
    assert projected.retained is None
    assert (projected.save_to_disk, projected.log_to_stdout) == (True, False)


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        pytest.param(
            "time-to-live",
            "abc",
            "annotation troubleshooter.sh/time-to-live: 'abc' is no duration: "
            "write it like 90s, 45m or 1h30m; 1h30m stays in force",
            id="no duration",
        ),
        pytest.param(
            "idle-timeout",
            "0s",
            "annotation troubleshooter.sh/idle-timeout: '0s' is no duration: "
            "write it like 90s, 45m or 1h30m; 1m30s stays in force",
            id="no time at all",
        ),
        pytest.param(
            "run",
            "-1",
            "annotation troubleshooter.sh/run: '-1' is no number of a run: write it like 1; 3 stays in force",
            id="no run",
        ),
        pytest.param(
            "run",
            "٣",
            "annotation troubleshooter.sh/run: '٣' is no number of a run: write it like 1; 3 stays in force",
            id="digits of another script",
        ),
        pytest.param(
            "recordings-retained",
            "no",
            "annotation troubleshooter.sh/recordings-retained: 'no' is no answer: "
            "write yes, not-permitted or not-requested; yes stays in force",
            id="no answer",
        ),
        pytest.param(
            "log-to-stdout",
            "yes",
            "annotation troubleshooter.sh/log-to-stdout: 'yes' is no answer: "
            "write true or false; true stays in force",
            id="neither true nor false",
        ),
    ],
)
def test_value_that_cannot_be_read_is_told_and_the_last_good_one_stays(
    file: str, text: str, fault: str
) -> None:
    """One sentence with the value, the accepted form, and what holds now."""
    good, _ = project(ALL, None)
    projected, faults = project({**ALL, file: text}, good)
    assert projected == good
    assert faults == (fault,)


def test_duration_stays_when_its_annotation_is_taken_away() -> None:
    """A toolbox without an end is none; the others are as if they had never been."""
    good, _ = project(ALL, None)
    projected, faults = project({}, good)
    assert faults == ()
    assert (projected.time_to_live, projected.idle_timeout, projected.run) == (5400.0, 90.0, 3)
    assert (projected.retained, projected.end, projected.exec_identity) == (None, "", "")


def test_folder_is_read_through_the_links_of_the_kubelet(tmp_path: Path) -> None:
    """Empty files and strangers' files are not there."""
    kubelet_projects(tmp_path, {"run": "2\n", "end": "", "stranger": "x"})
    assert read(tmp_path) == {"run": "2"}


def test_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """As in a local run."""
    assert read(tmp_path / "missing") == {}


def test_long_and_broken_text_is_cut_and_replaced(tmp_path: Path) -> None:
    """All the files together must fit into one packet to PID 1."""
    (tmp_path / "purpose").write_bytes(b"\xff" + b"a" * 100_000)
    assert read(tmp_path) == {"purpose": "\ufffd" + "a" * 1023}


@contextmanager
def watched(
    folder: Path, start_observer: StartObserver, seconds: float
) -> "Iterator[queue.Queue[dict[str, str]]]":
    """What a watch tells, one after the other."""
    told: queue.Queue[dict[str, str]] = queue.Queue()
    stopped = threading.Event()
    told_to_stop: list[Callable[[], None]] = []

    def start(path: Path, changed: Callable[[], None]) -> Callable[[], None]:
        told_to_stop.append(changed)
        return start_observer(path, changed)

    thread = threading.Thread(
        target=watch,
        args=(folder, told.put, stopped),
        kwargs={"seconds": seconds, "start_observer": start},
    )
    thread.start()
    try:
        yield told
    finally:
        stopped.set()
        for wake in told_to_stop:
            wake()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_change_of_the_kubelet_is_seen_at_once(tmp_path: Path) -> None:
    """inotify tells of the renamed link; here the folder is never read again without it."""
    kubelet_projects(tmp_path, {"end": "", "run": "1"})
    with watched(tmp_path, observe, NEVER) as told:
        assert told.get(timeout=PATIENCE) == {"run": "1"}
        kubelet_projects(tmp_path, {"end": "Stopped"})
        assert told.get(timeout=PATIENCE) == {"run": "1", "end": "Stopped"}
        kubelet_projects(tmp_path, {"run": "2"})
        assert told.get(timeout=PATIENCE) == {"run": "2", "end": "Stopped"}


def without_inotify(folder: Path, changed: Callable[[], None]) -> Callable[[], None]:
    """A node on which others have taken all inotify instances."""
    raise OSError(24, "inotify instance limit reached")


def test_change_is_seen_without_inotify(tmp_path: Path) -> None:
    """A node may have no instance left for us: then reading again has to do."""
    kubelet_projects(tmp_path, {"run": "1"})
    with watched(tmp_path, without_inotify, 0.05) as told:
        assert told.get(timeout=PATIENCE) == {"run": "1"}
        kubelet_projects(tmp_path, {"run": "2"})
        assert told.get(timeout=PATIENCE) == {"run": "2"}


def test_folder_that_comes_later_is_seen(tmp_path: Path) -> None:
    """inotify cannot watch what is not there; reading again finds it."""
    folder = tmp_path / "later"
    with watched(folder, observe, 0.05) as told:
        assert told.get(timeout=PATIENCE) == {}
        kubelet_projects(folder, {"run": "1"})
        assert told.get(timeout=PATIENCE) == {"run": "1"}


def test_what_does_not_differ_is_not_told_again(tmp_path: Path) -> None:
    """The kubelet renames its link on its own rounds too."""
    kubelet_projects(tmp_path, {"run": "1"})
    with watched(tmp_path, observe, 0.05) as told:
        assert told.get(timeout=PATIENCE) == {"run": "1"}
        kubelet_projects(tmp_path, {"run": "1"})
        kubelet_projects(tmp_path, {"run": "2"})
        assert told.get(timeout=PATIENCE) == {"run": "2"}


def test_plain_folder_does_not_wake_the_watch_by_being_read(tmp_path: Path) -> None:
    """Opening a file makes an event as well; it must not make us read, and so open, again."""
    (tmp_path / "run").write_text("1")
    seen = threading.Event()
    calls: list[None] = []

    def changed() -> None:
        calls.append(None)
        if (tmp_path / "end").exists():
            seen.set()

    stop = observe(tmp_path, changed)
    for _ in range(100):
        assert read(tmp_path) == {"run": "1"}
    (tmp_path / "end").touch()  # this one is seen, so the others would have been before it
    assert seen.wait(PATIENCE)
    stop()
    assert len(calls) < 10
