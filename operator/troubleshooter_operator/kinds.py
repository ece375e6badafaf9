"""The kinds of objects that the operator deals with: where the API server has them."""

from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent.contract import (
    ANNOTATION_OWNER_UID,
    COMPONENT_NAMESPACE,
    COMPONENT_REPLAY,
    GROUP,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_RECORDINGS,
    MANAGED_BY,
    TEMPORARY_PREFIX,
    VERSION,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """`selector` limits what is listed and watched; what lacks the label is looked up by name when needed.

    `within` is the namespace of all paths that name none: where not the whole cluster is to be watched.
    """

    name: str
    base: str
    plural: str
    namespaced: bool = True
    selector: str = ""
    within: str = ""

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        parts = [self.base]
        if self.namespaced and (place := namespace or self.within):
            parts += ["namespaces", place]
        parts.append(self.plural)
        if name:
            parts.append(name)
        return "/".join(parts)


_OURS: Final = f"/apis/{GROUP}/{VERSION}"
TROUBLESHOOTER: Final = Kind("Troubleshooter", _OURS, "troubleshooters")
REPLAY: Final = Kind("Replay", _OURS, "replays")
CLASS: Final = Kind("TroubleshooterClass", _OURS, "troubleshooterclasses", namespaced=False)
POD: Final = Kind("Pod", "/api/v1", "pods", selector=f"{LABEL_MANAGED_BY}={MANAGED_BY}")
CLAIM: Final = Kind(
    "PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", selector=f"{LABEL_RECORDINGS}=true"
)
VOLUME: Final = Kind(
    "PersistentVolume", "/api/v1", "persistentvolumes", namespaced=False, selector=f"{LABEL_RECORDINGS}=true"
)
STORAGE_CLASS: Final = Kind("StorageClass", "/apis/storage.k8s.io/v1", "storageclasses", namespaced=False)
POLICY: Final = Kind(
    "ValidatingAdmissionPolicy",
    "/apis/admissionregistration.k8s.io/v1",
    "validatingadmissionpolicies",
    namespaced=False,
)
POLICY_BINDING: Final = Kind(
    "ValidatingAdmissionPolicyBinding",
    "/apis/admissionregistration.k8s.io/v1",
    "validatingadmissionpolicybindings",
    namespaced=False,
)
EVENT: Final = Kind("Event", "/api/v1", "events")
NAMESPACE: Final = Kind(
    "Namespace",
    "/api/v1",
    "namespaces",
    namespaced=False,
    selector=f"{LABEL_MANAGED_BY}={MANAGED_BY},{LABEL_COMPONENT}={COMPONENT_NAMESPACE}",
)
# What a temporary namespace is furnished with.
QUOTA: Final = Kind("ResourceQuota", "/api/v1", "resourcequotas")
LIMITS: Final = Kind("LimitRange", "/api/v1", "limitranges")
ACCOUNT: Final = Kind("ServiceAccount", "/api/v1", "serviceaccounts")
TRAFFIC: Final = Kind("NetworkPolicy", "/apis/networking.k8s.io/v1", "networkpolicies")
BINDING: Final = Kind("RoleBinding", "/apis/rbac.authorization.k8s.io/v1", "rolebindings")
FURNISHING: Final = {kind.name: kind for kind in (ACCOUNT, QUOTA, LIMITS, TRAFFIC, BINDING)}


def metadata(thing: Json) -> Json:
    found: Json = thing.get("metadata") or {}
    return found


def annotations(thing: Json) -> dict[str, str]:
    return metadata(thing).get("annotations") or {}


def labels(thing: Json) -> dict[str, str]:
    return metadata(thing).get("labels") or {}


def name_of(thing: Json) -> str:
    return str(metadata(thing)["name"])


def uid_of(thing: Json) -> str:
    return str(metadata(thing)["uid"])


def is_deleting(thing: Json) -> bool:
    return "deletionTimestamp" in metadata(thing)


def is_replay_pod(pod: Json) -> bool:
    return labels(pod).get(LABEL_COMPONENT) == COMPONENT_REPLAY


def owner_uid(thing: Json) -> str:
    """Uid of the controller in the owner references, or whose temporary namespace it is in; else empty.

    An owner reference into another namespace would have the garbage collector delete the object.
    """
    owners = metadata(thing).get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "") or lodger_uid(thing)


def lodger_uid(thing: Json) -> str:
    """Whose temporary namespace an object is in; the annotation is believed in the one of that uid alone."""
    uid = annotations(thing).get(ANNOTATION_OWNER_UID, "")
    return uid if uid and metadata(thing).get("namespace") == TEMPORARY_PREFIX + uid else ""
