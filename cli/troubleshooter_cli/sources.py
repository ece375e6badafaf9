"""Where recordings can be read now: through a running toolbox, else through a Replay, made if there is none.

The commands ask for a shelf or for a recording and get `Readings`; they need not know which it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from troubleshooter_cli import replays, talk
from troubleshooter_cli.errors import ForbiddenError, NotFoundError, TroubleshootError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import CLAIM, REPLAY, TROUBLESHOOTER, VOLUME, Json, Kind
from troubleshooter_cli.readings import Readings
from troubleshooter_cli.recordings import Recording
from troubleshooter_cli.shelves import Shelf, World, marks, pod_of
from troubleshooter_cli.wanted import Wanted, choose, not_found, parse

if TYPE_CHECKING:  # what loads the Kubernetes client waits until it is needed
    from troubleshooter_cli.api import Api

AHEAD: Final = 3  # pods that are asked for while another shelf is read
_LABELS: Final = "troubleshooter.sh/recordings=true"


@dataclass(frozen=True)
class Scope:
    """Where to look: all namespaces, one claim or one volume; else the namespace in force."""

    everywhere: bool = False
    claim: str = ""
    volume: str = ""


@dataclass
class Sources:
    invocation: Invocation
    scope: Scope
    failed: TroubleshootError | None = None  # the last of several shelves that could not be opened
    _made: set[str] = field(default_factory=set)  # names of the replays that we made, and may take away

    @cached_property
    def world(self) -> World:
        """What there is where the command looks."""
        return World(*(self._items(kind) for kind in (TROUBLESHOOTER, REPLAY, CLAIM)))

    @property
    def place(self) -> str:
        """Where that is, for a sentence."""
        if self.scope.volume:
            return f"on volume {self.scope.volume}"
        if self.scope.claim:
            return f"on claim {self._namespace}/{self.scope.claim}"
        return "in any namespace" if self.scope.everywhere else f"in namespace {self._namespace}"

    def shelves(self, name: str = "") -> list[Shelf]:
        """Those in the scope, the latest first; with a name, those with that toolbox's recordings."""
        if self.scope.volume:
            return [self._of_volume(self._volume(self.scope.volume))]
        found = self.world.of_name(name) if name else self.world.shelves
        if self.scope.claim:
            found = [each for each in self.world.shelves if each.key == (self._namespace, self.scope.claim)]
            return found or [self._of_claim(self.scope.claim)]
        return found or [self._of_volume(volume) for volume in self._left_of(name)]

    def find(self, text: str, *, running: bool = False) -> tuple[Shelf, Recording]:
        """The recording that is meant by `text`, and where it is; `running`: only of those that run now.

        A status is asked before a volume: it takes no pod. NotFoundError if it is nowhere.
        """
        wanted = parse(text, self.world.names)
        found = self._running(wanted) if running else self._in_status(wanted) or self._on_volumes(wanted)
        if found is None:
            raise not_found(wanted, f"that runs {self.place}" if running else self.place)
        return found

    def asked(self, text: str) -> tuple[Sequence[Shelf], Wanted]:
        """The shelves that a NAME, a recording or nothing (all) means, and which recordings of them."""
        wanted = parse(text, self.world.names)
        if not wanted.is_one:
            return self.shelves(wanted.name), wanted
        shelf, found = self.find(text)
        return [shelf], Wanted(found.name, found.id, is_one=True)

    def open(self, shelf: Shelf) -> Readings:
        """What reads a shelf; NotReadyError with the reason if that cannot be had."""
        pod = self.world.reader(shelf)
        if pod is None:
            shelf = self._bound(shelf)
            pod = pod_of(self._replay(shelf))
        return Readings(self.invocation.kubectl, self.invocation.user, pod)

    def open_each(self, shelves: Sequence[Shelf]) -> Iterator[tuple[Shelf, Readings]]:
        """What reads each of several; where one cannot be opened, that is said and the others still come.

        The pods for the next ones are asked for meanwhile. Of a single one the error is raised.
        """
        for number, shelf in enumerate(shelves):
            for ahead in shelves[number + 1 : number + 1 + AHEAD]:
                self._prepare(ahead)
            try:
                yield shelf, self.open(shelf)
            except TroubleshootError as error:
                if len(shelves) == 1:
                    raise
                talk.complain(error.sentence, error.remedy)
                self.failed = error

    def status(self, status: int) -> int:
        """The exit status of a command that ends with `status` where nothing has failed."""
        return self.failed.exit_status if self.failed else status

    def renew(self, shelf: Shelf) -> Readings:
        """The same once more, from what there is now: a replay may have ended meanwhile."""
        self.__dict__.pop("world", None)
        return self.open(shelf)

    def _running(self, wanted: Wanted) -> tuple[Shelf, Recording] | None:
        """From the toolboxes that run themselves: a status is seconds behind, both ways."""
        told, refused = list[tuple[Shelf, Recording]](), None
        for shelf in [each for each in self.shelves(wanted.name) if self.world.reader(each)]:
            try:
                told += [(shelf, one) for one in self.open(shelf).recordings() if one.is_running]
            except ForbiddenError as error:  # another's may still be open to this person
                refused = error
        if refused and not told:
            raise refused
        return _chosen(wanted, told)

    def _in_status(self, wanted: Wanted) -> tuple[Shelf, Recording] | None:
        if self.scope.volume:
            return None
        told = list(self.world.recordings())
        if self.scope.claim:
            told = [(shelf, one) for shelf, one in told if shelf.key == (self._namespace, self.scope.claim)]
        return _chosen(wanted, told)

    def _on_volumes(self, wanted: Wanted) -> tuple[Shelf, Recording] | None:
        for shelf, readings in self.open_each(self.shelves(wanted.name)):
            chosen = choose(wanted, readings.recordings())
            if chosen is not None:
                return shelf, chosen
        return None

    def _replay(self, shelf: Shelf) -> Json:
        made = self.world.coming(shelf) or self._asked(shelf)
        try:
            ready = replays.wait(self._api, made, shelf)
        except TroubleshootError:
            if made["metadata"]["name"] in self._made:
                replays.discard(self._api, made)
            raise
        self._know(ready)
        return ready

    def _asked(self, shelf: Shelf) -> Json:
        made = replays.make(self._api, shelf)
        self._made.add(made["metadata"]["name"])
        self._know(made)
        return made

    def _prepare(self, shelf: Shelf) -> None:
        """Ask for what it will take to read a shelf, if it takes anything; what fails is told in its turn."""
        if shelf.is_there and not self.world.reader(shelf) and not self.world.coming(shelf):
            with suppress(TroubleshootError):
                self._asked(shelf)

    def _know(self, replay: Json) -> None:
        """Take it into the world, in the place of what was known of it."""
        uid = replay["metadata"]["uid"]
        others = [each for each in self.world.replays if each["metadata"]["uid"] != uid]
        self.__dict__["world"] = replace(self.world, replays=[*others, replay])

    def _bound(self, shelf: Shelf) -> Shelf:
        """The shelf under a claim that is there, if need be a new one for its volume."""
        if shelf.is_there or not shelf.volume or self._is_claim_there(shelf):
            return shelf
        return self._bound_again(shelf, self._volume(shelf.volume))

    def _is_claim_there(self, shelf: Shelf) -> bool:
        try:
            return self._api.find(CLAIM, shelf.namespace, shelf.claim) is not None
        except ForbiddenError:
            # In a temporary namespace, which goes with its toolbox, people have no rights once it is gone.
            return shelf.namespace in {namespace for namespace, _ in shelf.owners}

    def _of_volume(self, volume: Json) -> Shelf:
        """Where a volume's recordings are, or were, while it was bound."""
        from troubleshooter_cli.binding import claim_of  # noqa: PLC0415 - see above

        told = marks(volume)
        owners = ((told.get("namespace", ""), told["name"]),) if told.get("name") else ()
        namespace, claim = claim_of(volume)
        shelf = Shelf(
            namespace,
            claim,
            owners,
            volume["metadata"]["name"],
            told.get("started-at", ""),
            told.get("chain", ""),
        )
        if volume["status"]["phase"] == "Bound":
            return shelf
        return self._bound_again(shelf, volume)

    def _bound_again(self, shelf: Shelf, volume: Json) -> Shelf:
        from troubleshooter_cli.binding import bind_again  # noqa: PLC0415 - see above

        claim = bind_again(self._api, volume, self._namespace)
        return replace(shelf, namespace=self._namespace, claim=claim, is_there=True)

    def _of_claim(self, name: str) -> Shelf:
        if self._api.find(CLAIM, self._namespace, name) is None:
            raise NotFoundError(
                f"there is no claim {self._namespace}/{name}",
                "kubectl troubleshoot volumes shows what is kept",
            )
        raise NotFoundError(
            f"claim {self._namespace}/{name} is not labelled {_LABELS}",
            "it holds no recordings; name another",
        )

    def _left_of(self, name: str) -> Sequence[Json]:
        """Volumes of a toolbox of that name, where everything else of it is gone and the person may look."""
        if not name:
            return []
        try:
            volumes = self._api.items(VOLUME, None, labels=_LABELS)
        except ForbiddenError:
            return []
        return [volume for volume in volumes if self._is_of(marks(volume), name)]

    def _is_of(self, told: Mapping[str, str], name: str) -> bool:
        is_here = self.scope.everywhere or told.get("namespace") == self._namespace
        return is_here and told.get("name") == name

    def _volume(self, name: str) -> Json:
        from troubleshooter_cli.binding import volume_named  # noqa: PLC0415 - see above

        return volume_named(self._api, name, self._namespace)

    def _items(self, kind: Kind) -> Sequence[Json]:
        namespace = None if self.scope.everywhere else self._namespace
        try:
            return self._api.items(kind, namespace, labels=_LABELS if kind is CLAIM else "")
        except ForbiddenError:
            if kind is TROUBLESHOOTER:
                raise
            return []  # who may see toolboxes alone still reads through those that run
        except NotFoundError:
            if kind is not REPLAY:
                raise
            return []  # the operator is older than this kind

    @property
    def _api(self) -> "Api":
        return self.invocation.api

    @property
    def _namespace(self) -> str:
        return self.invocation.namespace


def _chosen(wanted: Wanted, told: Sequence[tuple[Shelf, Recording]]) -> tuple[Shelf, Recording] | None:
    chosen = choose(wanted, [one for _, one in told])
    return next(((shelf, one) for shelf, one in told if one == chosen), None)
