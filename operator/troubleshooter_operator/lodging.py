"""Makes and removes temporary namespaces; `apply` calls it, and the sweep.

It asks before it touches: a namespace that the operator did not make is never used, and never removed. The
policy of deploy/temporary-namespace holds the same, should this be wrong.
"""

from collections.abc import Iterable
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_UID, LABEL_MANAGED_BY, MANAGED_BY, TEMPORARY_PREFIX
from troubleshooter_operator.actions import BindPeople, PrepareNamespace, RemoveNamespace
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    TemporaryError,
)
from troubleshooter_operator.kinds import (
    BINDING,
    FURNISHING,
    NAMESPACE,
    QUOTA,
    Json,
    annotations,
    is_deleting,
    labels,
    metadata,
    name_of,
    uid_of,
)
from troubleshooter_operator.starting import one_line

POD_SECURITY: Final = "pod-security.kubernetes.io/"
UNCOUNTED_SECONDS: Final = 0.5  # until a new quota has been counted, it lets no pod in


class Lodging:
    """Safe to use from several threads."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def apply(self, action: PrepareNamespace | BindPeople | RemoveNamespace) -> str | None:
        """One line of what was done; None if there was nothing left to do."""
        match action:
            case PrepareNamespace(manifest, home, furnishings):
                return self.prepare(manifest, home, furnishings)
            case BindPeople(binding):
                return self.bind(binding)
            case RemoveNamespace(owner):
                return self.remove(owner)

    def prepare(self, manifest: Json, home: str, furnishings: Iterable[Json]) -> str | None:
        """RefusedError with the remedy where it cannot be; TemporaryError until its quota is counted."""
        try:
            done = self._make(manifest, home)
            for each in furnishings:
                self._furnish(each)
        except ForbiddenError as refused:
            raise RefusedError(
                Ready.FORBIDDEN,
                f"No temporary namespace can be made: {one_line(str(refused))}; an administrator can install "
                "deploy/temporary-namespace, or leave temporaryNamespace out",
            ) from refused
        return done

    def bind(self, binding: Json) -> str:
        patch = {"subjects": binding["subjects"]}
        namespace = str(metadata(binding)["namespace"])
        try:
            self._cluster.patch(BINDING, namespace, name_of(binding), patch)
        except NotFoundError as missing:
            raise ConflictError(f"the RoleBinding of {namespace} is not there") from missing
        return "people of a temporary namespace changed"

    def remove(self, owner: str) -> str | None:
        """None if it is gone, or going."""
        try:
            there = self._cluster.get(NAMESPACE, None, TEMPORARY_PREFIX + owner)
            if is_deleting(there) or not is_ours(there):
                return None
            self._cluster.delete(NAMESPACE, "", name_of(there), {"uid": uid_of(there)})
        except NotFoundError:
            return None
        return "temporary namespace removed"

    def _make(self, manifest: Json, home: str) -> str | None:
        try:
            there = self._cluster.get(NAMESPACE, None, name_of(manifest))
        except NotFoundError:
            self._cluster.create(NAMESPACE, "", self._secured(manifest, home))
            return "temporary namespace made"
        if is_deleting(there):
            raise RefusedError(
                Ready.PROVISIONING, f"Namespace {name_of(there)} of before is going; then it is made anew"
            )
        if not is_ours(there):
            raise RefusedError(
                Ready.NOT_ALLOWED,
                f"Namespace {name_of(there)} was not made by the operator, so it is left alone; leave "
                "temporaryNamespace out, or delete that namespace",
            )
        return None

    def _secured(self, manifest: Json, home: str) -> Json:
        """No weaker than where it was asked from; `restricted` where that enforces nothing."""
        asked_from = labels(self._cluster.get(NAMESPACE, None, home))
        found = {key: value for key, value in asked_from.items() if key.startswith(POD_SECURITY)}
        wanted = {f"{POD_SECURITY}enforce": "restricted"} | found | labels(manifest)
        return manifest | {"metadata": metadata(manifest) | {"labels": wanted}}

    def _furnish(self, manifest: Json) -> None:
        kind, namespace = FURNISHING[manifest["kind"]], str(metadata(manifest)["namespace"])
        try:
            there = self._cluster.create(kind, namespace, manifest)
        except AlreadyExistsError:
            there = self._cluster.get(kind, namespace, name_of(manifest))
        if kind == BINDING and there.get("subjects", []) != manifest["subjects"]:
            self.bind(manifest)
        if kind == QUOTA and "hard" not in (there.get("status") or {}):
            raise TemporaryError(f"the quota of {namespace} is not counted yet", UNCOUNTED_SECONDS)


def is_ours(namespace: Json) -> bool:
    """Made by the operator, for the Troubleshooter whose uid is in its name."""
    uid = annotations(namespace).get(ANNOTATION_UID)
    named = bool(uid) and name_of(namespace) == f"{TEMPORARY_PREFIX}{uid}"
    return named and labels(namespace).get(LABEL_MANAGED_BY) == MANAGED_BY
