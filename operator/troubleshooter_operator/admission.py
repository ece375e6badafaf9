"""Asks which names the cluster's admission policies see to, every half minute; `main` runs it.

It keeps what it heard for `observe`. Where the component deploy/policies is not installed the operator has no
right to ask: that is an answer too.
"""

import threading
from collections.abc import Callable
from typing import Final

from troubleshooter_operator import kinds, log
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.errors import ForbiddenError, NotFoundError, OperatorError
from troubleshooter_operator.identity import REQUESTER_POLICY, SHELL_POLICY, Vouched, in_force_from, vouched

EVERY_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 1.0


class Admission:
    """One thread; `run` returns after `close`. `known` is set once there was a first answer."""

    def __init__(self, cluster: Cluster, on_change: Callable[[], None], every: float = EVERY_SECONDS) -> None:
        """`on_change`: what was decided on other names is to be looked at again."""
        self._cluster = cluster
        self._on_change = on_change
        self._every = every
        self._closing = threading.Event()
        self._vouched = Vouched()
        self._due: float | None = None  # when a policy that is there will be in force
        self.known = threading.Event()

    def vouched(self) -> Vouched:
        """As it was heard last."""
        return self._vouched

    def run(self) -> None:
        while True:
            self.refresh()
            if self._closing.wait(self.pause()):
                return

    def pause(self) -> float:
        """Seconds until it asks again: at once when a new policy holds, since toolboxes may wait for that."""
        if not self.known.is_set():
            return RETRY_SECONDS
        return self._every if self._due is None else min(self._every, self._due - self._cluster.now())

    def close(self) -> None:
        self._closing.set()

    def refresh(self) -> None:
        """Never raises: without an answer, the one before counts."""
        try:
            found = self._ask()
        except OperatorError as error:
            log.warning("policies not known", error=error)
            return
        before, self._vouched = self._vouched, found
        self.known.set()
        if found != before:
            log.info("policies", requesters=found.requesters_since is not None, execs=found.execs)
            self._on_change()

    def _ask(self) -> Vouched:
        requesters = self._from(REQUESTER_POLICY)
        shells = self._from(SHELL_POLICY) if requesters is not None else None
        now = self._cluster.now()
        self._due = min((due for due in (requesters, shells) if due is not None and due > now), default=None)
        return vouched(requesters, shells, now)

    def _from(self, name: str) -> float | None:
        try:
            policy = self._cluster.get(kinds.POLICY, None, name)
            binding = self._cluster.get(kinds.POLICY_BINDING, None, name)
        except (ForbiddenError, NotFoundError):
            return None
        return in_force_from(policy, binding)
