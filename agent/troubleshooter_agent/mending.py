"""`repair`: mends torn recordings by hand, with what PID 1 and the next agent on a volume do by themselves.

A recording whose recorder lives is left alone. So is one that has its summary: it was whole when that was
written, so what is torn now was changed afterwards, and mending it would hide that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from troubleshooter_agent.listing import printable
from troubleshooter_agent.recovery import AGENT_LOST, mend
from troubleshooter_agent.volume import Found, ReadingError, is_running, select


def repair(root: Path, wanted: str, out: TextIO) -> int:
    """Mend one recording, or all on the volume if `wanted` is empty; 1 if one could not be mended."""
    is_good = True
    for name, told, is_done in _repaired(root, wanted):
        out.write(f"{printable(name)}: {told}\n")
        is_good = is_good and is_done
    return 0 if is_good else 1


def _repaired(root: Path, wanted: str) -> Iterator[tuple[str, str, bool]]:
    """Of each recording its name, what was done, and whether that is well."""
    is_idle = True
    for found in select(root, wanted):
        reason = _why_not(found)
        if reason and not wanted:
            continue
        is_idle = False
        told, is_done = (reason, True) if reason else _mend(root, found)
        yield str(found.file), told, is_done
    if is_idle:
        yield str(root), "there is nothing to mend", True


def _why_not(found: Found) -> str:
    """Why a recording is left alone, empty if it is not."""
    if found.beside(f"{found.file.stem}.json", 1):
        return "it has its summary, so it is left as it is; `verify` tells whether it is whole"
    try:
        with found.open() as cast:
            return "it is being recorded, so it is left alone" if is_running(cast) else ""
    except ReadingError as error:
        return str(error)


def _mend(root: Path, found: Found) -> tuple[str, bool]:
    path = (root / found.file).absolute()
    volume = root.absolute() if path.is_relative_to(root.absolute()) else path.parents[2]
    try:
        before = path.stat().st_size
        summary = mend(volume, path, AGENT_LOST)
    except OSError as error:
        return f"it cannot be mended: {error.strerror}", False
    if summary is None:
        return "it is in use, so it is left alone", True
    if summary.failure:
        return f"it is whole, but {summary.failure}", False
    change = f"from {before} to {summary.bytes} bytes" if before != summary.bytes else "it was whole"
    return f"mended ({change}), and its summary is written", True
