"""The way of a program's output: recorded first, and only then offered to the person; called by `relay`."""

from collections.abc import Callable
from dataclasses import dataclass

from troubleshooter_agent.outlet import Outlet
from troubleshooter_agent.writer import CastWriter


@dataclass
class Passage:
    """`broken` is called when an outlet turns out to be; `clock` gives seconds."""

    writer: CastWriter
    clock: Callable[[], float]
    broken: Callable[[Outlet], None]
    _held_for: Outlet | None = None  # whose output ended in half a character

    def record(self, outlet: Outlet, content: bytes, *, always: bool = False) -> None:
        """Pass on what is recorded; with `always` also where a limit would leave it out."""
        if self._held_for is not outlet:
            self.flush()  # or half a character of stdout would go on in stderr
        self.offer(outlet, self.writer.output(content, always=always))
        self._held_for = outlet if self.writer.held_since is not None else None

    def flush(self) -> None:
        """Pass on half a character whose other half did not come."""
        if self._held_for is not None:
            self.offer(self._held_for, self.writer.flush_held())
            self._held_for = None

    def offer(self, outlet: Outlet, content: bytes) -> None:
        """Pass on without a record."""
        outlet.offer(content, self.clock())
        self._check(outlet)

    def pump(self, outlet: Outlet) -> None:
        """Write on; its other side takes something again."""
        outlet.pump(self.clock())
        self._check(outlet)

    def replace(self, former: Outlet, outlet: Outlet) -> None:
        """Another person has come, who gets what was held for the former one."""
        if self._held_for is former:
            self._held_for = outlet

    def look(self) -> None:
        """Do what only time brings."""
        if self.writer.is_held_too_long():
            self.flush()
        self.writer.look()

    def _check(self, outlet: Outlet) -> None:
        if outlet.is_broken:
            self.broken(outlet)
