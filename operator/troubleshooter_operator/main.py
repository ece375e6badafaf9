"""The operator's process: read the arguments, connect, start the parts, wait for a signal, stop them."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kubernetes.config import ConfigException
from prometheus_client import CollectorRegistry

from troubleshooter_operator import kinds, log, scrape
from troubleshooter_operator.admission import Admission
from troubleshooter_operator.cluster import ApiServer, Cluster
from troubleshooter_operator.controller import WORKERS, Controller
from troubleshooter_operator.graveyard import Graveyard
from troubleshooter_operator.handlers import Handlers
from troubleshooter_operator.health import Health, serve
from troubleshooter_operator.informer import Informer, Pace
from troubleshooter_operator.inquiry import Inquiry
from troubleshooter_operator.metrics import ApiRequests, Metrics, Overview
from troubleshooter_operator.observe import Observer
from troubleshooter_operator.partition import own_namespace, parse_namespaces, watched
from troubleshooter_operator.reconcile import Reconciler
from troubleshooter_operator.replay_observe import ReplayObserver
from troubleshooter_operator.replay_reconcile import ReplayReconciler
from troubleshooter_operator.scrape import Reports, Scraper
from troubleshooter_operator.sightings import Sightings
from troubleshooter_operator.store import Key, replay_name
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.sweep import Sweeper
from troubleshooter_operator.workqueue import WorkQueue

WATCHED_WITHIN: Final = (kinds.TROUBLESHOOTER, kinds.REPLAY, kinds.CLASS, kinds.POD, kinds.CLAIM)
WATCHED: Final = (*WATCHED_WITHIN, kinds.VOLUME)  # within some namespaces there is no right on volumes
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Arguments:
    kubeconfig: Path | None
    port: int
    namespaces: tuple[str, ...] = ()


def main() -> None:
    """Exit status 0 after SIGTERM or SIGINT, 1 if the cluster's configuration cannot be read."""
    # Blocked before any thread starts, so that only the main thread takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    arguments = parse(sys.argv[1:])
    log.configure()
    try:
        registry = CollectorRegistry()
        answered = ApiRequests(registry).answered
        cluster = ApiServer.connect(arguments.kubeconfig, _connections(arguments), answered)
    except ConfigException as error:
        sys.exit(f"troubleshooter-operator: no cluster to work for: {error}; name one with --kubeconfig FILE")
    operator = Operator(cluster, namespaces=arguments.namespaces, registry=registry)
    operator.start(arguments.port)
    log.info("operator started", port=arguments.port, namespaces=",".join(arguments.namespaces) or "all")
    received = signal.sigwait(STOP_SIGNALS)
    log.info("operator stops", signal=signal.Signals(received).name)
    operator.stop()
    cluster.close()


def parse(argv: Sequence[str]) -> Arguments:
    parser = argparse.ArgumentParser(
        prog="troubleshooter-operator",
        description="Makes, watches and ends the pods of Troubleshooters.",
        epilog="example: troubleshooter-operator --kubeconfig ~/.kube/config --port 8080",
    )
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="how to reach the cluster (default: as a pod of it, else as kubectl does)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8080,
        help="where /metrics, /healthz and /readyz are (default: %(default)s)",
    )
    parser.add_argument(
        "--watch-namespaces",
        metavar="A,B",
        help="work in these namespaces only, and without any right on volumes (default: in all)",
    )
    found = parser.parse_args(argv)
    try:
        namespaces = parse_namespaces(found.watch_namespaces) if found.watch_namespaces is not None else ()
    except ValueError as error:
        parser.error(f"argument --watch-namespaces: {error}")
    return Arguments(found.kubeconfig, found.port, namespaces)


def _connections(arguments: Arguments) -> int:
    """One for each watch, each worker, and two to spare."""
    return WORKERS + len(watched(WATCHED, arguments.namespaces)) + 2


class Operator:
    """All parts, wired. `start` returns at once, `stop` when all of them have ended."""

    def __init__(
        self,
        cluster: Cluster,
        pace: Pace | None = None,
        namespaces: Sequence[str] = (),
        registry: CollectorRegistry | None = None,
    ) -> None:
        """`namespaces`: to work in these only, where volumes are not ours to see or to change."""
        self._registry = registry or CollectorRegistry()
        metrics = Metrics(self._registry)
        self._stores = stores = Stores.over(namespaces)
        graveyard, reports = Graveyard(), Reports()
        self._queue = WorkQueue[Key]()
        self._scraper = Scraper(reports, self._queue.add, metrics.scraped)
        sightings = Sightings(cluster.now)
        handlers = Handlers(self._queue, stores, graveyard, self._scraper, sightings)
        self._informers = [
            Informer(
                cluster,
                kind,
                stores.store(kind),
                handlers.of(kind),
                pace=pace,
                on_failure=metrics.watch_failed,
            )
            for kind in watched(WATCHED_WITHIN if namespaces else WATCHED, namespaces)
        ]
        self._admission = Admission(cluster, handlers.look_at_all)
        inquiry = Inquiry(cluster) if namespaces else None
        observer = Observer(
            cluster,
            stores,
            reports,
            inquiry,
            own_namespace(),
            vouched=self._admission.vouched,
            sightings=sightings,
        )
        reconciler = Reconciler(cluster, stores, graveyard, observer, metrics)
        replay_observer = ReplayObserver(
            cluster, stores, vouched=self._admission.vouched, sightings=sightings
        )
        replays = ReplayReconciler(cluster, stores, graveyard, replay_observer, metrics)

        def reconcile(key: Key) -> float | None:
            name = replay_name(key)
            return reconciler.reconcile(key) if name is None else replays.reconcile(key, key[0], name)

        self._controller = Controller(self._queue, reconcile, metrics)
        self._registry.register(
            Overview(
                stores.troubleshooters.all,
                stores.replays.all,
                lambda: len(self._queue),
                self._queue.oldest,
                self._silences,
            )
        )
        self._sweeper = None if namespaces else Sweeper(cluster, stores, self._queue.add, self._is_synced)
        self._threads: list[threading.Thread] = []

    def start(self, port: int) -> None:
        for informer in self._informers:
            self._spawn(informer.run, f"watch-{informer.kind.plural}-{informer.kind.within}")
        for number in range(scrape.THREADS):
            self._spawn(self._scraper.run, f"scrape-{number}")
        self._spawn(self._admission.run, "admission")
        self._spawn(self._control, "control")
        if self._sweeper is not None:
            self._spawn(self._sweeper.run, "sweep")
        self._server = serve(port, self._registry, Health(self._informers, tuple(self._threads)))
        self._spawn(self._server.serve_forever, "http")

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._queue.close()
        self._scraper.close()
        self._admission.close()
        if self._sweeper is not None:
            self._sweeper.close()
        for informer in self._informers:
            informer.stop()
        for thread in self._threads:
            thread.join()

    def _control(self) -> None:
        """Nobody decides on a picture that is not complete yet."""
        for known in (self._admission.known, *(informer.synced for informer in self._informers)):
            while not known.wait(1):
                if self._queue.is_closed():
                    return
        self._controller.run()

    def _is_synced(self) -> bool:
        return all(informer.synced.is_set() for informer in self._informers)

    def _silences(self) -> dict[str, float]:
        """The longest of each kind: in the namespaced mode there is an informer a namespace."""
        found: dict[str, float] = {}
        for informer in self._informers:
            name = informer.kind.name
            found[name] = max(found.get(name, 0.0), informer.silence())
        return found

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name)
        self._threads.append(thread)
        thread.start()
