"""Whether the recordings of a run lead to a chain hash; pure. Called by `verify`.

The index and PID 1 may have seen two ends within a second in another order, and a recording that was
mended after its run is in no chain of PID 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.summary import next_chain

_MOST_STEPS: Final = 20_000
_TOGETHER: Final = 1.0  # seconds


@dataclass(frozen=True)
class Link:
    """One recording of a run; `ended` in seconds since the epoch, `is_repaired` if it was mended."""

    id: str
    sha256: str
    ended: float
    is_repaired: bool


def chain_of(links: Sequence[Link]) -> str:
    """The chain hash over these, in their order."""
    chain = ""
    for link in links:
        chain = next_chain(chain, link.sha256)
    return chain


def not_in(links: Sequence[Link], chain: str) -> tuple[Link, ...] | None:
    """Which of a run's recordings a chain hash leaves out: mended ones, the last; None if it is another's.

    The index's order is tried first, then others in which recordings that ended together change places.
    Of very many that ended together not all orders are tried.
    """
    for left, _ in zip(_orders(links, chain), range(_MOST_STEPS), strict=False):
        if left is not None:
            return left
    return None


def _orders(links: Sequence[Link], wanted: str) -> Iterator[tuple[Link, ...] | None]:
    """What is left out where the chain is found, and None for each step in vain; depth first."""
    stack: list[tuple[str, tuple[Link, ...], tuple[Link, ...]]] = [("", tuple(links), ())]
    while stack:
        chain, rest, skipped = stack.pop()
        yield skipped + rest if chain == wanted else None
        latest = min((link.ended for link in rest), default=0.0) + _TOGETHER
        for number, link in reversed(list(enumerate(rest))):
            if link.is_repaired or link.ended <= latest:
                others = rest[:number] + rest[number + 1 :]
                if link.is_repaired:
                    stack.append((chain, others, (*skipped, link)))
                if link.ended <= latest:
                    stack.append((next_chain(chain, link.sha256), others, skipped))
