"""An agent whose volume does as it is told: PID 1 and recorders are the real ones, the system calls fail.

Run by its path in place of the agent. The file `fault` beside the folder of recordings holds the order,
which may change at any time; nothing there means a volume like any other.

    write ERRNO AFTER [once]   the write that goes beyond AFTER more bytes is short, the next one fails
    short                      a write takes 7 bytes at most
    slow SECONDS               each write takes so long
    block                      a write never returns
    sync ERRNO                 fdatasync fails
    volatile                   what is not synced is not on the disk either, as after a lost node
"""

import functools
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "agent"))

from troubleshooter_agent import cli, init
from troubleshooter_agent.commands import Run
from troubleshooter_agent.log import Log
from troubleshooter_agent.recording import Disk, Recording

SHORT = 7
FOREVER = 1000.0


@dataclass
class FaultyDisk:
    """The three system calls of a `Disk`, under orders."""

    orders: Path
    taken: int = 0  # bytes since the order came that is in force
    _order: str = ""
    _volatile: bytearray = field(default_factory=bytearray)

    def calls(self) -> Disk:
        return Disk(self.write, self.sync, self.truncate)

    def write(self, fd: int, content: memoryview) -> int:
        match self._told():
            case ["write", errno, after, *once]:
                return self._write_up_to(fd, content, int(errno), int(after), once=bool(once))
            case ["short"]:
                return os.write(fd, content[:SHORT])
            case ["slow", seconds]:
                time.sleep(float(seconds))
            case ["block"]:
                time.sleep(FOREVER)
            case ["volatile"]:
                self._volatile += content
                return len(content)
        return os.write(fd, content)

    def sync(self, fd: int) -> None:
        match self._told():
            case ["sync", errno]:
                raise OSError(int(errno), os.strerror(int(errno)))
        self._settle(fd)
        os.fdatasync(fd)

    def truncate(self, fd: int, length: int) -> None:
        self._settle(fd)
        os.ftruncate(fd, length)

    def _write_up_to(self, fd: int, content: memoryview, errno: int, after: int, *, once: bool) -> int:
        room = after - self.taken
        if room <= 0:
            if once:
                self.orders.write_text("")
            raise OSError(errno, os.strerror(errno))
        taken = os.write(fd, content[:room])
        self.taken += taken
        return taken

    def _settle(self, fd: int) -> None:
        content, self._volatile = self._volatile, bytearray()
        os.write(fd, content)

    def _told(self) -> list[str]:
        order = self.orders.read_text() if self.orders.exists() else ""
        if order != self._order:
            self._order, self.taken = order, 0
        return order.split()


def main() -> int:
    command = cli.parse(sys.argv[1:])
    assert isinstance(command, Run)
    settings = init.Settings(
        recordings=command.recordings,
        annotations=command.annotations,
        run_folder=command.run_folder,
        termination_log=command.termination_log,
        address=command.socket,
        listen=(command.host, command.port),
        home=os.environ.get("HOME", "/"),
    )
    disk = FaultyDisk(command.recordings.parent / "fault")
    return init.run(settings, Log(), functools.partial(Recording.create, disk=disk.calls()))


if __name__ == "__main__":
    sys.exit(main())
