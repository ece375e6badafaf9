"""Does what a plan asks for, one action at a time, and puts the API server's answers into the caches.

What is done already counts as done. What is refused raises: `RefusedError` where we refuse, `ForbiddenError`
where the API server does.
"""

import hashlib
from typing import Final

from troubleshooter_agent.contract import (
    ANNOTATION_RUN,
    GROUP,
    LABEL_MANAGED_BY,
    LABEL_RECORDINGS,
    MANAGED_BY,
    VERSION,
    EndReason,
)
from troubleshooter_operator import kinds, log
from troubleshooter_operator.actions import (
    Action,
    Announce,
    BindPeople,
    CreateClaim,
    CreatePod,
    DeletePod,
    DeleteReplay,
    DeleteTroubleshooter,
    PatchClaim,
    PatchPod,
    PatchVolume,
    PrepareNamespace,
    RemoveNamespace,
)
from troubleshooter_operator.cluster import FIELD_MANAGER, Cluster
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from troubleshooter_operator.kinds import (
    Json,
    annotations,
    is_deleting,
    labels,
    metadata,
    name_of,
    owner_uid,
    uid_of,
)
from troubleshooter_operator.lodging import Lodging
from troubleshooter_operator.provision import pod_name_taken
from troubleshooter_operator.reservation import Reservations
from troubleshooter_operator.stores import Stores

_NORMAL: Final = frozenset({EndReason.IDLE_TIMEOUT, EndReason.TIME_TO_LIVE_REACHED, EndReason.STOPPED})


class Applier:
    """Safe to use from several threads, for different keys."""

    def __init__(self, cluster: Cluster, stores: Stores) -> None:
        self._cluster = cluster
        self._stores = stores
        self._reservations = Reservations(stores)
        self._lodging = Lodging(cluster)

    def apply(self, action: Action) -> str | None:
        """One line of what was done; None if there was nothing left to do."""
        match action:
            case CreateClaim(manifest):
                done = self._create_claim(manifest)
            case CreatePod():
                done = self._create_pod(action)
            case PatchPod() | PatchClaim() | PatchVolume():
                done = self._patch_as(action)
            case DeletePod():
                done = self._delete_pod(action)
            case DeleteTroubleshooter():
                done = self._delete_resource(kinds.TROUBLESHOOTER, action)
            case DeleteReplay():
                done = self._delete_resource(kinds.REPLAY, action)
            case PrepareNamespace() | BindPeople() | RemoveNamespace():
                done = self._lodging.apply(action)
            case Announce():
                done = self._announce(action)
        return done

    def write_status(self, kind: kinds.Kind, found: Json, status: Json) -> None:
        """ConflictError if the resource has changed since it was looked at."""
        namespace = str(metadata(found)["namespace"])
        whole = found | {"status": status}  # the API server leaves all else, and the managers, as they are
        written = self._cluster.replace_status(kind, namespace, name_of(found), whole)
        self._stores.of(kind).remember(written)

    def _create_claim(self, manifest: Json) -> str | None:
        namespace, name = metadata(manifest)["namespace"], name_of(manifest)
        try:
            made = self._cluster.create(kinds.CLAIM, namespace, manifest)
        except AlreadyExistsError:
            there = self._cluster.get(kinds.CLAIM, namespace, name)
            if labels(there).get(LABEL_RECORDINGS) != "true":
                raise _claim_not_ours(name) from None
            self._stores.claims.remember(there)
            return None
        self._stores.claims.remember(made)
        return "claim created"

    def _create_pod(self, action: CreatePod) -> str | None:
        namespace, name = metadata(action.manifest)["namespace"], name_of(action.manifest)
        self._check_still_wanted(action, action.owner_namespace or namespace)
        with self._reservations.of(action.manifest, action.owner_uid):
            return self._create_reserved(action, namespace, name)

    def _create_reserved(self, action: CreatePod, namespace: str, name: str) -> str | None:
        try:
            made = self._cluster.create(kinds.POD, namespace, action.manifest)
        except AlreadyExistsError:
            there = self._cluster.get(kinds.POD, namespace, name)
            if owner_uid(there) != action.owner_uid:
                raise pod_name_taken(there, action.owner_kind) from None
            if is_deleting(there):
                raise RefusedError(
                    Ready.PROVISIONING, f"Pod {name} of before is going; then it is made anew"
                ) from None
            self._stores.pods.remember(there)
            if annotations(there).get(ANNOTATION_RUN) != annotations(action.manifest).get(ANNOTATION_RUN):
                raise ConflictError(f"Pod {name} is that of an earlier run") from None
            if labels(there).get(LABEL_MANAGED_BY) != MANAGED_BY:  # then no watch tells of it
                raise ConflictError(f"Pod {name} has lost its labels") from None
            return None
        except ConflictError as conflict:  # "object is being deleted"
            raise RefusedError(Ready.PROVISIONING, str(conflict)) from conflict
        self._stores.pods.remember(made)
        return "pod created"

    def _check_still_wanted(self, action: CreatePod, namespace: str) -> None:
        """A cache may lag, and what is made on an old picture may be a second pod for an ended run."""
        try:
            now = self._cluster.get(action.owner_kind, namespace, action.owner_name)
        except NotFoundError as missing:
            raise ConflictError(f"the {action.owner_kind.name} is gone since it was looked at") from missing
        if uid_of(now) != action.owner_uid or metadata(now)["resourceVersion"] != action.owner_version:
            raise ConflictError(f"the {action.owner_kind.name} has changed since it was looked at")

    def _patch_as(self, action: PatchPod | PatchClaim | PatchVolume) -> str | None:
        match action:
            case PatchPod(namespace, name, uid, annotations, marks):
                patch = {"uid": uid, "annotations": annotations, "labels": marks}
                return self._patch(kinds.POD, namespace, name, {"metadata": patch})
            case PatchClaim(namespace, name, uid, annotations):
                patch = {"uid": uid, "annotations": annotations}
                return self._patch(kinds.CLAIM, namespace, name, {"metadata": patch})
            case PatchVolume(name, whole):
                return self._patch(kinds.VOLUME, None, name, whole)

    def _patch(self, kind: kinds.Kind, namespace: str | None, name: str, patch: Json) -> str | None:
        """A uid in the patch makes it a ConflictError with another object of that name.

        What is not there is one too: the patch was wanted, so our picture is old, or the answer was wrong.
        """
        try:
            patched = self._cluster.patch(kind, namespace, name, patch)
        except NotFoundError as missing:
            raise ConflictError(f"{kind.name} {name} is to be patched and is not there") from missing
        store = self._stores.of(kind)
        known = store.get(namespace or "", name)
        store.remember(patched)
        if known is not None and metadata(known)["resourceVersion"] == metadata(patched)["resourceVersion"]:
            return None  # it had that already, or admission keeps it as it is
        return f"{kind.name} patched"

    def _delete_pod(self, action: DeletePod) -> str | None:
        preconditions = {"uid": action.uid} | ({"resourceVersion": action.version} if action.version else {})
        try:
            answer = self._cluster.delete(kinds.POD, action.namespace, action.name, preconditions)
        except NotFoundError as missing:
            if self._stores.pods.get(action.namespace, action.name) is None:
                return None
            raise ConflictError(f"Pod {action.name} is not there to be deleted, says one answer") from missing
        if is_deleting(answer):  # else the next look deletes it once more
            self._stores.pods.remember(answer)
        return "pod deleted"

    def _delete_resource(self, kind: kinds.Kind, action: DeleteTroubleshooter | DeleteReplay) -> str | None:
        preconditions = {"uid": action.uid, "resourceVersion": action.version}
        try:
            self._cluster.delete(kind, action.namespace, action.name, preconditions)
        except NotFoundError:
            return None
        return f"{kind.name.lower()} deleted: it ended long ago"

    def _announce(self, action: Announce) -> str | None:
        try:
            self._cluster.create(kinds.EVENT, action.namespace, _event(action))
        except AlreadyExistsError:
            return None
        except ForbiddenError as refused:  # an Event is a courtesy; the condition tells the same
            log.warning("event refused", namespace=action.namespace, name=action.name, error=refused)
            return None
        return f"{'run' if action.kind == kinds.TROUBLESHOOTER else 'replay'} ended: {action.reason}"


def _claim_not_ours(name: str) -> RefusedError:
    return RefusedError(
        Ready.CLAIM_NOT_OURS,
        f"Claim {name} exists without the label {LABEL_RECORDINGS}=true, so it is left alone; name another "
        "in saveToDisk.claimName, or label it if it may hold recordings",
    )


def _event(action: Announce) -> Json:
    once = hashlib.sha256(f"{action.uid}/{action.run}".encode()).hexdigest()[:16]
    what = f"Run {action.run}" if action.kind == kinds.TROUBLESHOOTER else action.kind.name
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{action.name}.{once}", "namespace": action.namespace},
        "involvedObject": {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": action.kind.name,
            "namespace": action.namespace,
            "name": action.name,
            "uid": action.uid,
        },
        "reason": str(action.reason),
        "message": f"{what} ended: {action.message}"[:1024],
        "type": "Normal" if action.reason in _NORMAL else "Warning",
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": action.at,
        "lastTimestamp": action.at,
        "count": 1,
    }
