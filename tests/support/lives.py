"""One life of a Troubleshooter, from its creation to its end, through a proxy that tests tell to misbehave.

`outcome` is all of it that must be the same whatever happened on the way.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api_client import ApiClient, Json, RefusedError, credentials
from control_plane import ControlPlane
from kubectl import condition, wait_until
from pretend_node import PretendNode, own_address
from resource_objects import FAREWELL

LIFE_SECONDS = 90.0
API = "troubleshooter.sh/v1alpha1"
PREFIX = "troubleshooter.sh/"
DIFFERENT_EACH_TIME = {f"{PREFIX}uid", f"{PREFIX}namespace"}
EACH_ITS_OWN = {"conditions", "observedRunningAt"}


@dataclass(frozen=True)
class Life:
    """That of `web` in a namespace of its own; `node` plays everything but the operator."""

    api: ApiClient
    node: PretendNode

    def ask(self) -> None:
        whole = {"apiVersion": API, "kind": "Troubleshooter", "metadata": {"name": "web"}, "spec": {}}
        self.api.create(self._path(f"/apis/{API}", "troubleshooters"), whole)

    def wait_available(self) -> None:
        """A shell can be opened, and the operator has seen the session that there is."""
        wait_until(self._available, timeout=LIFE_SECONDS, what="an available shell with one session")

    def end(self) -> None:
        self.node.end(FAREWELL)

    def lose_pod(self) -> None:
        """By force, and without a last word."""
        self.api.delete(self._path("/api/v1", "pods") + "/web", grace=0)

    def wait_container_ended(self) -> None:
        """By the kubelet's word, whatever the operator knows of it."""
        place = self._path("/api/v1", "pods") + "/web"
        wait_until(
            lambda: self.api.call("GET", place)["status"]["phase"] == "Succeeded",
            timeout=LIFE_SECONDS,
            what="a container that has ended",
        )

    def wait_ended(self) -> None:
        wait_until(self._over, timeout=LIFE_SECONDS, what="an ended Troubleshooter without a pod")

    def stop(self) -> None:
        self._change({"state": "Stopped"})

    def run_again(self) -> None:
        self._change({"state": "Running", "run": 2})

    def wait_run(self, number: int) -> None:
        """That run's shell is available."""
        wait_until(
            lambda: self._status().get("run") == number and self._available(),
            timeout=LIFE_SECONDS,
            what=f"an available shell of run {number}",
        )

    def delete(self) -> None:
        self.api.delete(self._place())

    def wait_no_pod(self) -> None:
        """Whatever the operator knows of it."""
        wait_until(lambda: not self._pods(), timeout=LIFE_SECONDS, what="a pod that is gone")

    def wait_gone(self) -> None:
        """Nothing but what was recorded, which tells its end."""
        wait_until(self._rests, timeout=LIFE_SECONDS, what="a claim and a volume that tell the end, no pod")

    def live(self) -> Json:
        """To the end by the agent's word, undisturbed but for what the proxy does."""
        self.ask()
        self.wait_available()
        self.end()
        self.wait_ended()
        return self.outcome()

    def live_twice(self) -> Json:
        """Stopped in its first run, deleted in its second."""
        self.ask()
        self.wait_run(1)
        self.stop()
        self.wait_ended()
        self.run_again()
        self.wait_run(2)
        self.delete()
        self.wait_gone()
        return self.outcome()

    def outcome(self) -> Json:
        """What must be the same; `status` is empty once the Troubleshooter is gone."""
        found = self.api.get(self._place()) or {}
        status = found.get("status") or {}
        claims = self.api.items(self._path("/api/v1", "persistentvolumeclaims"))
        volumes = self._volumes(claims)
        events = self.api.items(self._path("/api/v1", "events"))
        return self._anonymous(
            {
                "status": {name: value for name, value in status.items() if name not in EACH_ITS_OWN},
                "conditions": {
                    each["type"]: [each["status"], each["reason"], each["message"]]
                    for each in status.get("conditions", [])
                },
                "claims": [_marks(claim) for claim in claims],
                "volumes": [_marks(volume) for volume in volumes],
                "policies": [volume["spec"]["persistentVolumeReclaimPolicy"] for volume in volumes],
                "ends told": sorted(each["message"] for each in events if " ended: " in each["message"]),
                "pods left": len(self._pods()),
                "pods made": len(self.node.pods_seen),
            }
        )

    def _anonymous(self, told: Json) -> Json:
        """Without the names that are other ones in each life."""
        text = json.dumps(told)
        for uid in self._uids():
            text = text.replace(uid, "UID")
        found: Json = json.loads(text.replace(self.node.namespace, "NAMESPACE"))
        return found

    def _uids(self) -> set[str]:
        claims = self.api.items(self._path("/api/v1", "persistentvolumeclaims"))
        return self.node.pods_seen | {_uid(claim) for claim in claims}

    def _change(self, spec: Json) -> None:
        self.api.patch(self._place(), {"spec": spec})

    def _available(self) -> bool:
        found = self._troubleshooter()
        reason = condition(found, "Ready").get("reason")
        return reason == "ShellAvailable" and found["status"].get("sessionCount") == 1

    def _over(self) -> bool:
        return condition(self._troubleshooter(), "Ended").get("status") == "True" and self._rests()

    def _rests(self) -> bool:
        return not self._pods() and self._volumes_marked()

    def _pods(self) -> list[Json]:
        return self.api.items(self._path("/api/v1", "pods"))

    def _volumes_marked(self) -> bool:
        """The last thing that the operator does."""
        claims = self.api.items(self._path("/api/v1", "persistentvolumeclaims"))
        return all(f"{PREFIX}ended-at" in _marks(thing) for thing in (*claims, *self._volumes(claims)))

    def _volumes(self, claims: list[Json]) -> list[Json]:
        return [self.api.call("GET", f"/api/v1/persistentvolumes/pv-{_uid(claim)}") for claim in claims]

    def _status(self) -> Json:
        found: Json = self._troubleshooter().get("status") or {}
        return found

    def _troubleshooter(self) -> Json:
        return self.api.call("GET", self._place())

    def _place(self) -> str:
        return self._path(f"/apis/{API}", "troubleshooters") + "/web"

    def _path(self, api: str, plural: str) -> str:
        return f"{api}/namespaces/{self.node.namespace}/{plural}"


def _uid(thing: Json) -> str:
    return str(thing["metadata"]["uid"])


def _marks(thing: Json) -> Json:
    found = thing["metadata"].get("annotations") or {}
    return {
        name: value
        for name, value in sorted(found.items())
        if name.startswith(PREFIX) and name not in DIFFERENT_EACH_TIME
    }


@contextmanager
def a_life(plane: ControlPlane) -> Iterator[Life]:
    """Its namespace, made now, and its node for the length of the block. One at a time in a process."""
    api, namespace = _client(plane), f"life-{secrets.token_hex(4)}"
    api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
    node = PretendNode(_client(plane), namespace, own_address())
    node.start()
    try:
        yield Life(api, node)
    finally:
        node.stop()
        _clear(api, namespace)
        api.close()


def _clear(api: ApiClient, namespace: str) -> None:
    """The next life's requests shall not hold those of this one."""
    place = f"/api/v1/namespaces/{namespace}"
    for path in (f"/apis/{API}/namespaces/{namespace}/troubleshooters/web", f"{place}/pods/web"):
        try:
            api.delete(path, grace=0)
        except RefusedError as refused:
            assert refused.status == 404, refused  # noqa: PT017 - it had gone already


def _client(plane: ControlPlane) -> ApiClient:
    return ApiClient(plane.url, credentials(plane.state.pki, "admin"))
