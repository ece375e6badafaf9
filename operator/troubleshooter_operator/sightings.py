"""When each toolbox was first seen to run. The watch sees it at once, a worker only when its turn comes.

The life time that the operator counts begins there, so with many toolboxes at once it must not wait for a
worker. Nothing is kept over a restart: what was told in the status by then holds.
"""

from collections.abc import Callable

from troubleshooter_operator.kinds import uid_of
from troubleshooter_operator.store import Change
from troubleshooter_operator.toolbox import toolbox


class Sightings:
    """Safe to use from several threads: one writes, and each pod is written once."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: seconds since the epoch, by the API server's clock."""
        self._now = now
        self._seen: dict[str, float] = {}  # by uid of the pod

    def follow(self, change: Change) -> None:
        """A handler of the pods' informer."""
        pod = change.new
        if pod is not None and toolbox(pod).running:
            self._seen.setdefault(uid_of(pod), self._now())
        elif (gone := pod or change.old) is not None:
            self._seen.pop(uid_of(gone), None)

    def of(self, uid: str) -> float | None:
        """None if its container was not seen to run, or runs no more."""
        return self._seen.get(uid)
