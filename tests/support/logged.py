"""Sessions as the container's log has them, put together again as docs/recording-format.md says."""

from typing import Any


def events_of(lines: list[dict[str, Any]]) -> list[tuple[float, str, str]]:
    """The events of one session, of which the first, of kind h, is its header."""
    whole: list[tuple[float, str, str]] = []
    rest = ""
    for line in sorted((line["troubleshooter"] for line in lines), key=lambda told: told["sequence"]):
        rest += line["data"]
        if line["last"]:
            whole.append((line["time"], line["kind"], rest))
            rest = ""
    return whole
