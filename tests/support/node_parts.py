"""What scheduler, kubelet and provisioner write into an API server, step by step; there is no node.

`played_node` does the steps when a test says so, `pretend_node` all of them by itself.
"""

from api_client import ApiClient, Json
from resource_objects import STARTED, finished

IMAGE_ID = "sha256:aa"


def place_of(thing: Json, plural: str) -> str:
    meta = thing["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/{plural}/{meta['name']}"


def bind(api: ApiClient, claim: Json, *, storage_class: str = "", policy: str = "Delete") -> str:
    """The volume made for the claim, as a provisioner does it, and its name. It may be there already."""
    place = place_of(claim, "persistentvolumeclaims")
    volume = _volume(claim, storage_class, policy)
    name = str(volume["metadata"]["name"])
    if api.get(f"/api/v1/persistentvolumes/{name}") is None:
        api.create("/api/v1/persistentvolumes", volume)
    marks = {"volume.kubernetes.io/storage-provisioner": "example.org/provisioner"}
    api.patch(place, {"metadata": {"annotations": marks}, "spec": {"volumeName": name}})
    api.patch(f"{place}/status", {"status": {"phase": "Bound"}})
    return name


def schedule(api: ApiClient, pod: Json, node: str = "pretend") -> None:
    """Its node, without which a deletion would take the pod at once."""
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    api.create(
        f"{place_of(pod, 'pods')}/binding", {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
    )


def accept(api: ApiClient, pod: Json, at: str) -> None:
    """The kubelet has taken the pod, and its container does not start."""
    container = {"name": "toolbox", "image": "toolbox", "imageID": "", "restartCount": 0, "ready": False}
    state = {"waiting": {"reason": "ContainerCreating"}}
    status = {"phase": "Pending", "startTime": at, "containerStatuses": [container | {"state": state}]}
    _report(api, pod, status)


def run(api: ApiClient, pod: Json, address: str = "", at: str = STARTED) -> None:
    """The container runs and is ready; its agent answers at the address, if there is one."""
    state = {"running": {"startedAt": at}}
    container = {"name": "toolbox", "image": "toolbox", "imageID": IMAGE_ID, "restartCount": 0, "ready": True}
    status: Json = {
        "phase": "Running",
        "startTime": at,
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [container | {"state": state}],
    }
    _report(api, pod, status | ({"podIP": address, "podIPs": [{"ip": address}]} if address else {}))


def end(api: ApiClient, pod: Json, message: str = "") -> None:
    """The container ends, with such a last message; the pod stays."""
    _report(api, pod, finished(message=message))


def remove(api: ApiClient, pod: Json) -> None:
    api.delete(place_of(pod, "pods"), pod["metadata"]["uid"], grace=0)


def _report(api: ApiClient, pod: Json, status: Json) -> None:
    """Of this pod, not of another one that has its name by now."""
    whole = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
    api.patch(f"{place_of(pod, 'pods')}/status", whole)


def _volume(claim: Json, storage_class: str, policy: str) -> Json:
    name = f"pv-{claim['metadata']['uid']}"
    reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1"}
    whose = {key: claim["metadata"][key] for key in ("namespace", "name", "uid")}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": policy,
        "hostPath": {"path": f"/nowhere/{name}"},
        "claimRef": reference | whose,
        "storageClassName": storage_class,
    }
    return {"metadata": {"name": name}, "spec": spec}
