"""Ends the session that takes the most when memory or a folder's limit runs out; called by PID 1.

It reads and measures for `scarcity`, which decides. Folders are measured in a process of their own, since
neither a large tree nor a stuck disk may hold up PID 1 (docs/decisions/004). It never raises.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from socket import socket
from typing import Any, Final

from troubleshooter_agent import cgroup, channel, children, folders, footprint, process, scarcity
from troubleshooter_agent.children import Child
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.footprint import Written
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.scarcity import FolderRule, MemoryRule, Writer

MEASURE_SECONDS: Final = 5.0  # what is found until then counts
STUCK_SECONDS: Final = 10.0  # then the disk is stuck, or the machine is
_NEVER: Final = float("inf")

End = Callable[[str, str], None]  # a session's id, and why


class Guard:
    """`sessions` gives the recorder's PID by the session's id, `end` ends one; times are of `clock`."""

    def __init__(
        self,
        loop: Loop,
        log: Log,
        *,
        memory: Path,
        limits: Mapping[Path, int],
        sessions: Callable[[], Mapping[str, int]],
        end: End,
        clock: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._end = end
        self._ended: set[str] = set()
        self._nobody_until = 0.0
        self._memory = MemoryWatch(log, memory, self._candidates, self._end_one)
        self._disk = DiskWatch(loop, log, limits, sessions=self._candidates, end=self._end_one, clock=clock)

    @property
    def pids(self) -> frozenset[int]:
        """Of children that are ours to reap."""
        return self._disk.pids

    def look(self, now: float) -> None:
        """Do what is due; nothing while there is no session to end."""
        if now < self.next_look():
            return
        sessions = self._sessions()
        self._ended.intersection_update(sessions)
        if sessions:
            self._memory.look(now)
            self._disk.look(now)
        self._nobody_until = 0.0 if sessions else now + scarcity.SELDOM_SECONDS

    def next_look(self) -> float:
        """When something is due again."""
        return max(self._nobody_until, min(self._memory.next_at, self._disk.next_at))

    def _candidates(self) -> Mapping[str, int]:
        return {session: pid for session, pid in self._sessions().items() if session not in self._ended}

    def _end_one(self, session: str, why: str) -> None:
        self._ended.add(session)
        self._end(session, why)


class MemoryWatch:
    """Reads the memory of the container, told by a cgroup's folder."""

    def __init__(self, log: Log, folder: Path, sessions: Callable[[], Mapping[str, int]], end: End) -> None:
        self._log = log
        self._folder = folder
        self._sessions = sessions
        self._end = end
        self._rule = MemoryRule()
        self.next_at = 0.0

    def look(self, now: float) -> None:
        if now < self.next_at:
            return
        memory = cgroup.read_usage(self._folder)
        if memory is not None and memory.share >= scarcity.NEAR_SHARE:
            memory = cgroup.read_memory(self._folder)
        share = 0.0 if memory is None else memory.share
        self.next_at = now + scarcity.memory_pause(share)
        if memory is not None and self._rule.wants_end(share, now):
            self._end_largest(memory, now)

    def _end_largest(self, memory: cgroup.Memory, now: float) -> None:
        sizes = {
            session: footprint.resident_bytes(footprint.members(pid))
            for session, pid in self._sessions().items()
        }
        session = scarcity.largest(sizes)
        self._rule.ended(now)
        self._log.event("memory-short", used=memory.used, limit=memory.limit, session=session or "")
        if session is not None:
            self._end(session, scarcity.memory_sentence(sizes[session], memory.share, memory.limit))


class DiskWatch:
    """Measures folders in a child, at intervals that follow what it finds."""

    def __init__(
        self,
        loop: Loop,
        log: Log,
        limits: Mapping[Path, int],
        *,
        sessions: Callable[[], Mapping[str, int]],
        end: End,
        clock: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._log = log
        self._rules = [FolderRule(str(path), limit) for path, limit in limits.items()]
        self._sessions = sessions
        self._end = end
        self._clock = clock
        self._child: Child | None = None
        self._began = 0.0
        self._measured = 0.0
        self._written: dict[str, Written] = {}
        self._due = 0.0
        self._earliest = 0.0
        self.next_at = 0.0 if limits else _NEVER

    @property
    def pids(self) -> frozenset[int]:
        return frozenset() if self._child is None else frozenset((self._child.pid,))

    def look(self, now: float) -> None:
        if now < self.next_at:
            return
        self.next_at = now + scarcity.SELDOM_SECONDS
        if self._child is not None:
            if now - self._began >= STUCK_SECONDS:
                signal.pidfd_send_signal(self._child.pidfd, signal.SIGKILL)
        elif now >= self._due or (now >= self._earliest and self._is_written_to()):
            self._measure(now)

    def _is_written_to(self) -> bool:
        told = [rule.is_news(_free_bytes(rule.path)) for rule in self._rules]  # each takes note of it
        return any(told)

    def _measure(self, now: float) -> None:
        paths = [Path(rule.path) for rule in self._rules]
        self._began = now
        for rule in self._rules:
            rule.most_free = _free_bytes(rule.path)
        try:
            child = children.fork(lambda control: _count(paths, control), self._loop.descriptors())
        except OSError:  # no room for a process now
            return
        self._child = child
        self._loop.watch(child.pidfd, lambda: self._told(child))

    def _told(self, child: Child) -> None:
        """The measurement is over, with or without a result."""
        used: list[int] = []
        with contextlib.suppress(BlockingIOError, channel.ChannelClosedError):
            used = channel.receive(child.channel).message["used"]
        self._loop.forget(child.pidfd)
        with contextlib.suppress(ChildProcessError):
            children.exit_code(child)
        child.close()
        self._child = None
        self._take(used, self._clock())

    def _take(self, used: list[int], now: float) -> None:
        for rule, size in zip(self._rules, used, strict=False):
            rule.measured(size)
        since_last, self._measured = now - self._measured, now
        written = self._read_written()
        for rule in self._rules:
            if rule.wants_end:
                self._blame(rule, written)
        self._written = written
        self._earliest = now + scarcity.least_pause(took=now - self._began)
        self._due = max(self._earliest, now + min(rule.pause(since_last) for rule in self._rules))
        self.next_at = min(self._due, now + scarcity.SELDOM_SECONDS)

    def _read_written(self) -> dict[str, Written]:
        """Only when somebody may have to be blamed soon: until then all that a session ever wrote counts."""
        if all(rule.share < scarcity.HALF_SHARE for rule in self._rules):
            return {}
        return {
            session: footprint.written_by(footprint.members(pid)) for session, pid in self._sessions().items()
        }

    def _blame(self, rule: FolderRule, written: Mapping[str, Written]) -> None:
        writers = {
            session: self._writer(session, pid, written.get(session, footprint.NOTHING), rule)
            for session, pid in self._sessions().items()
        }
        session = scarcity.largest_writer(writers, rule.grown)
        rule.answered()
        self._log.event(
            "folder-full", folder=rule.path, used=rule.used, limit=rule.limit, session=session or ""
        )
        if session is not None:
            self._end(session, scarcity.folder_sentence(rule))

    def _writer(self, session: str, recorder: int, now: Written, rule: FolderRule) -> Writer:
        before = self._written.get(session, footprint.NOTHING)
        return Writer(
            now.stored - before.stored,
            now.called - before.called,
            footprint.has_open(footprint.members(recorder), Path(rule.path)),
        )


def _count(paths: list[Path], control: socket) -> int:
    process.rename("tshoot-measure")
    os.nice(10)  # the sessions come first
    result: dict[str, Any] = {"used": folders.disk_usage(paths, seconds=MEASURE_SECONDS)}
    channel.send(control, result)
    return ExitCode.OK


def _free_bytes(path: str) -> int:
    try:
        found = os.statvfs(path)
    except OSError:
        return 0
    return found.f_bfree * found.f_frsize
