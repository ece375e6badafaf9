"""What the pod's metadata says, from the folder where the kubelet projects it.

PID 1 reads once at its start; after that the reporter process watches, and sends PID 1 the texts, which
it understands with `project`. A value that cannot be read never takes effect: the last good one stays in
force, and one sentence says so. watchdog costs 11 MB, so it is imported only by the one who watches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from troubleshooter_agent import contract
from troubleshooter_agent.contract import DurationError, Retained, parse_duration, projected_file

if TYPE_CHECKING:
    import threading

FILES: Final = (
    *contract.PROJECTED_FIELDS,
    *(projected_file(annotation) for annotation in contract.PROJECTED_ANNOTATIONS),
)
FILE_BYTES: Final = 1024  # of each: room for the longest purpose, and all files fit into one packet
READ_SECONDS: Final = 2.0

_T = TypeVar("_T")
StartObserver = Callable[[Path, Callable[[], None]], Callable[[], None]]


@dataclass(frozen=True)
class Projected:
    """The pod's metadata, understood; durations in seconds. The defaults are those of the default class."""

    namespace: str = ""
    name: str = ""
    pod: str = ""
    pod_uid: str = ""
    owner_uid: str = ""
    requested_by: str = ""
    purpose: str = ""
    image: str = ""
    run: int = 1
    time_to_live: float = 3600.0
    idle_timeout: float = 900.0
    retained: Retained | None = None  # None: not yet known
    exec_identity: str = ""
    end: str = ""  # the reason that the operator has decided on
    save_to_disk: bool = True
    log_to_stdout: bool = False
    notice: str = ""  # what the first line of each shell says besides
    extension: str = ""  # why a wanted life time is refused, behind that life time
    replay: bool = False  # the volume is there to be read, and no shell opens


def read(folder: Path) -> dict[str, str]:
    """The texts of the files that are there and not empty, by name; an unreadable one is not there."""
    texts = {name: _read(folder / name) for name in FILES}
    return {name: text for name, text in texts.items() if text}


def project(files: Mapping[str, str], last: Projected | None) -> tuple[Projected, tuple[str, ...]]:
    """What the texts say, and a sentence for each that cannot be read; `last` is what was in force."""
    last = last or Projected()
    texts = _Texts(files)
    projected = Projected(
        namespace=files.get("namespace", ""),
        name=files.get("name", ""),
        pod=files.get("pod", ""),
        pod_uid=files.get("pod-uid", ""),
        owner_uid=texts.text(contract.ANNOTATION_OWNER_UID),
        requested_by=texts.text(contract.ANNOTATION_REQUESTED_BY),
        purpose=texts.text(contract.ANNOTATION_PURPOSE),
        image=texts.text(contract.ANNOTATION_IMAGE),
        run=texts.parsed(contract.ANNOTATION_RUN, _run, last.run, absent=last.run),
        time_to_live=texts.duration(contract.ANNOTATION_TIME_TO_LIVE, last.time_to_live),
        idle_timeout=texts.duration(contract.ANNOTATION_IDLE_TIMEOUT, last.idle_timeout),
        retained=texts.parsed(contract.ANNOTATION_RETAINED, _retained, last.retained, absent=None),
        exec_identity=texts.text(contract.ANNOTATION_EXEC_IDENTITY),
        end=texts.text(contract.ANNOTATION_END),
        save_to_disk=texts.flag(contract.ANNOTATION_SAVE_TO_DISK, last.save_to_disk, absent=True),
        log_to_stdout=texts.flag(contract.ANNOTATION_LOG_TO_STDOUT, last.log_to_stdout, absent=False),
        notice=texts.text(contract.ANNOTATION_NOTICE),
        extension=texts.text(contract.ANNOTATION_EXTENSION),
        replay=texts.flag(contract.ANNOTATION_REPLAY, last.replay, absent=last.replay),
    )
    return projected, tuple(texts.faults)


def watch(
    folder: Path,
    changed: Callable[[dict[str, str]], None],
    stopped: "threading.Event",
    *,
    seconds: float = READ_SECONDS,
    start_observer: StartObserver | None = None,
) -> None:
    """Give the texts to `changed` at once and whenever they differ, until `stopped` is set.

    The kubelet changes all files in one step, by renaming a link in the folder; an observer tells of it.
    The folder is also read every `seconds`, because the node may have no inotify instance left for us.
    """
    import threading  # noqa: PLC0415 - only in the reporter: see `syncer`

    wake = threading.Event()
    stop_observer = _try(start_observer or observe, folder, wake.set)
    last: dict[str, str] | None = None
    while not stopped.is_set():
        wake.clear()
        files = read(folder)
        if files != last:
            changed(files)
        last = files
        wake.wait(seconds)
    stop_observer()


def observe(folder: Path, changed: Callable[[], None]) -> Callable[[], None]:
    """Call `changed` for each change in the folder itself; returns how to stop. OSError without inotify."""
    from watchdog import events, observers  # noqa: PLC0415 - 11 MB that PID 1 and recorders do without

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, _: events.FileSystemEvent) -> None:
            changed()

    folder.stat()  # a folder that is not there would leave a thread of watchdog's behind
    observer = observers.Observer()
    # Only these: reading the folder makes events too, which would wake us for ever.
    kinds: list[type[events.FileSystemEvent]] = [
        events.FileCreatedEvent,
        events.FileDeletedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.DirCreatedEvent,
        events.DirDeletedEvent,
        events.DirMovedEvent,
    ]
    observer.schedule(Handler(), str(folder), event_filter=kinds)
    observer.start()
    return observer.stop


def _try(start: StartObserver, folder: Path, changed: Callable[[], None]) -> Callable[[], None]:
    try:
        return start(folder, changed)
    except OSError:  # reading every few seconds has to do
        return lambda: None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES).decode(errors="replace").strip()
    except OSError:
        return ""


class _Texts:
    """The texts of annotations by name, and what could not be read of them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self.faults: list[str] = []

    def text(self, annotation: str) -> str:
        return self._files.get(projected_file(annotation), "")

    def duration(self, annotation: str, last: float) -> float:
        """Seconds; what is in force outlives its annotation, since a toolbox without an end is none."""
        return self.parsed(annotation, _duration, last, absent=last)

    def flag(self, annotation: str, last: bool, *, absent: bool) -> bool:  # noqa: FBT001 - like its neighbours
        return self.parsed(annotation, _flag, last, absent=absent)

    def parsed(self, annotation: str, parse: Callable[[str], _T], last: _T, *, absent: _T) -> _T:
        """The value of an annotation; `last` when it cannot be read."""
        text = self.text(annotation)
        try:
            return parse(text) if text else absent
        except ValueError as error:
            self.faults.append(f"annotation {annotation}: {error}; {_in_force(last)} stays in force")
            return last


def _in_force(last: object) -> str:
    if isinstance(last, bool):
        return str(last).lower()
    return contract.format_duration(last) if isinstance(last, float) else str(last or "nothing")


def _duration(text: str) -> float:
    seconds = parse_duration(text)
    if seconds == 0:
        raise DurationError(text)
    return float(seconds)


def _run(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise ValueError(f"{text!r} is no number of a run: write it like 1")
    return int(text)


def _retained(text: str) -> Retained:
    try:
        return Retained(text)
    except ValueError:
        raise ValueError(f"{text!r} is no answer: write yes, not-permitted or not-requested") from None


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is no answer: write true or false")
    return text == "true"
