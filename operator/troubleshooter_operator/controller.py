"""Takes keys from the queue and has them reconciled, a few at a time; what fails comes back later."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final

from troubleshooter_operator import log
from troubleshooter_operator.errors import OperatorError, TemporaryError
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.store import Key
from troubleshooter_operator.workqueue import WorkQueue

WORKERS: Final = 4
Reconcile = Callable[[Key], float | None]  # seconds until the next look, None where a watch will tell


class Controller:
    """`run` returns after the queue was closed and all that had begun is finished."""

    def __init__(
        self, queue: WorkQueue[Key], reconcile: Reconcile, metrics: Metrics, *, workers: int = WORKERS
    ) -> None:
        self._queue = queue
        self._reconcile = reconcile
        self._metrics = metrics
        self._free = threading.Semaphore(workers)
        self._workers = workers

    def run(self) -> None:
        with ThreadPoolExecutor(self._workers, thread_name_prefix="reconcile") as pool:
            while True:
                self._free.acquire()
                key = self._queue.get()
                if key is None:
                    return
                pool.submit(self._timed, key).add_done_callback(partial(self._finish, key))

    def _timed(self, key: Key) -> float | None:
        begun = time.monotonic()
        try:
            return self._reconcile(key)
        finally:
            self._metrics.took(time.monotonic() - begun)

    def _finish(self, key: Key, done: "Future[float | None]") -> None:
        # A future holds any error, so a fault in one resource's way stays that resource's.
        error = done.exception()
        if error is None:
            self._succeeded(key, done.result())
        else:
            self._failed(key, error)
        self._queue.done(key)
        self._free.release()

    def _succeeded(self, key: Key, look_again: float | None) -> None:
        self._metrics.reconciled("success")
        self._queue.succeeded(key)
        if look_again is not None:
            self._queue.add_after(key, max(0.0, look_again), first=look_again > 0)

    def _failed(self, key: Key, error: BaseException) -> None:
        self._metrics.reconciled("retry" if isinstance(error, TemporaryError) else "error")
        delay = error.delay if isinstance(error, TemporaryError) else None
        seconds = self._queue.failed(key, delay)
        where = {"namespace": key[0], "name": key[1], "retry_seconds": seconds}
        if isinstance(error, OperatorError):
            log.warning("reconcile failed", **where, error=error)
        else:
            log.bug("reconcile failed", error, **where)
