"""The commands as values: what a command line asks for, and how that is done.

`cli` makes them. What only one command needs is imported when it runs: the client of a toolbox is
started for every shell, and is to be quick.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from troubleshooter_agent import client
from troubleshooter_agent.client import Offer, Wish
from troubleshooter_agent.pace import AS_RECORDED, Pace
from troubleshooter_agent.request import shell_argv

if TYPE_CHECKING:
    from troubleshooter_agent.limits import Limits

PROGRAM: Final = "troubleshooter-agent"
SOCKET: Final = "@troubleshooter-agent"


class Command(Protocol):
    """What a command line asks for."""

    def run(self) -> int:
        """Do it; the exit status."""


@dataclass(frozen=True)
class Shell:
    """Open a recorded session in the toolbox."""

    wish: Wish
    command: str | None
    socket: str

    def run(self) -> int:
        wish = self.wish
        if self.command is not None:
            wish = Wish(shell_argv(os.environ, self.command), wish.user)
        return client.open_shell(replace(wish, may_ask=not wish.argv), self.socket, self._offered)

    def _offered(self, offers: Sequence[Offer]) -> int | None:
        from troubleshooter_agent import attaching  # noqa: PLC0415 - keeps the client's start short

        chosen = attaching.choose(offers)
        return None if chosen is None else attaching.attach(chosen, self.wish.user, self.socket)


@dataclass(frozen=True)
class AttachTo:
    """Take over an open session, or look on; an empty `id` means the only one that the user has."""

    id: str
    user: str
    view: bool
    socket: str

    def run(self) -> int:
        from troubleshooter_agent import attaching  # noqa: PLC0415 - as above

        return attaching.attach(self.id, self.user, self.socket, view=self.view)


@dataclass(frozen=True)
class ExtendBy:
    """Ask for a longer life of the toolbox, by `seconds`."""

    seconds: int
    user: str
    socket: str

    def run(self) -> int:
        from troubleshooter_agent import extending  # noqa: PLC0415 - as above

        return extending.extend(self.seconds, self.user, self.socket)


@dataclass(frozen=True)
class Record:
    """Record a session of this machine."""

    output: Path | None
    argv: tuple[str, ...]

    def run(self) -> int:
        from troubleshooter_agent import local  # noqa: PLC0415 - a client of a toolbox starts faster without

        return local.record(self.output, self.argv)


@dataclass(frozen=True)
class Reading:
    """Read recordings; never recorded."""

    verb: str
    id: str
    root: Path
    raw: bool = False
    chain: str = ""
    as_json: bool = False
    pace: Pace = AS_RECORDED

    def run(self) -> int:
        match self.verb:
            case "play":
                from troubleshooter_agent import replay  # noqa: PLC0415 - each reading loads its own

                return replay.play(self.root, self.id, self.pace)
            case "verify":
                from troubleshooter_agent import verify  # noqa: PLC0415 - as above

                return verify.verify(self.root, self.id, sys.stdout, chain=self.chain, as_json=self.as_json)
            case "follow":
                from troubleshooter_agent import follow  # noqa: PLC0415 - as above

                return follow.follow(self.root, self.id)
        from troubleshooter_agent import catalogue, library  # noqa: PLC0415 - as above

        if self.verb == "list" and self.as_json:
            return catalogue.list_as_json(self.root, sys.stdout)
        if self.verb == "list":
            return library.list_recordings(self.root, sys.stdout)
        return library.cat(self.root, self.id, sys.stdout.buffer, raw=self.raw)


@dataclass(frozen=True)
class Search:
    """Look for a text in all recordings, or in some."""

    text: str
    ids: tuple[str, ...]
    root: Path
    ignore_case: bool
    as_json: bool

    def run(self) -> int:
        from troubleshooter_agent.search import search  # noqa: PLC0415 - keeps the client's start short

        how = {"ignore_case": self.ignore_case, "as_json": self.as_json}
        return search(self.root, self.text, self.ids, sys.stdout, **how)


@dataclass(frozen=True)
class ExportManifest:
    """Say which files there are to copy."""

    ids: tuple[str, ...]
    root: Path

    def run(self) -> int:
        from troubleshooter_agent import export  # noqa: PLC0415 - as above

        return export.manifest(self.root, self.ids, sys.stdout)


@dataclass(frozen=True)
class ExportFile:
    """The bytes of one of those files, from `start` on."""

    file: str
    start: int
    root: Path

    def run(self) -> int:
        from troubleshooter_agent import export  # noqa: PLC0415 - as above

        return export.export_file(self.root, self.file, self.start, sys.stdout.buffer)


@dataclass(frozen=True)
class Export:
    """One recording in another form."""

    id: str
    form: str
    root: Path

    def run(self) -> int:
        from troubleshooter_agent import export  # noqa: PLC0415 - as above

        return export.export(self.root, self.id, self.form, sys.stdout.buffer)


@dataclass(frozen=True)
class Repair:
    """Mend recordings by hand."""

    id: str
    root: Path

    def run(self) -> int:
        from troubleshooter_agent import mending  # noqa: PLC0415 - keeps the client's start short

        return mending.repair(self.root, self.id, sys.stdout)


@dataclass(frozen=True)
class NotedReading:
    """A reading through `shell`: let through without a recording, with one line that says who asked."""

    wish: Wish
    reading: "Command"
    socket: str = SOCKET

    def run(self) -> int:
        from troubleshooter_agent import reading  # noqa: PLC0415 - keeps the client's start short

        return reading.read(self.reading.run, self.wish.argv, self.wish.user, self.socket)


@dataclass(frozen=True)
class Run:
    """Be PID 1."""

    recordings: Path
    annotations: Path
    run_folder: Path
    termination_log: Path
    socket: str
    host: str
    port: int
    limits: "Limits"
    cgroup: Path
    folders: Mapping[Path, int]

    def run(self) -> int:
        from troubleshooter_agent import init  # noqa: PLC0415 - PID 1 alone needs it
        from troubleshooter_agent.log import Log  # noqa: PLC0415 - as above

        settings = init.Settings(
            recordings=self.recordings,
            annotations=self.annotations,
            run_folder=self.run_folder,
            termination_log=self.termination_log,
            address=self.socket,
            listen=(self.host, self.port),
            home=os.environ.get("HOME", "/"),
            limits=self.limits,
            cgroup=self.cgroup,
            folders=self.folders,
        )
        return init.run(settings, Log())
