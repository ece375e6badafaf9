"""Keeps two workers from giving one claim to two toolboxes in the same moment.

`apply` holds the pod's claims from its last look at the caches until the new pod is in them. The plan has
looked before, on its own picture: this is for what happened since.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import Json, metadata
from troubleshooter_operator.occupancy import in_use, occupants, written_claims
from troubleshooter_operator.store import Key
from troubleshooter_operator.stores import Stores, mount_key


class Reservations:
    """Safe to use from several threads."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._held: set[Key] = set()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, manifest: Json, owner: str) -> Iterator[None]:
        """RefusedError with VolumePending if another toolbox has, or is just getting, one of the claims."""
        namespace = str(metadata(manifest)["namespace"])
        wanted = {(namespace, name) for name in written_claims(manifest)}
        with self._lock:
            self._check(wanted, owner)
            self._held |= wanted
        try:
            yield
        finally:
            with self._lock:
                self._held -= wanted

    def _check(self, wanted: set[Key], owner: str) -> None:
        for key in wanted:
            claim = self._stores.claims.get(*key)
            if key in self._held:
                raise RefusedError(
                    Ready.VOLUME_PENDING, f"Claim {key[1]} is just being given to another toolbox"
                )
            pods = self._stores.pods.group(mount_key(*key))
            for pod in occupants(claim, pods, owner) if claim is not None else ():
                raise in_use(key[1], pod)
