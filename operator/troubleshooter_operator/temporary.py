"""The temporary namespace of a Troubleshooter: what it is made of, and when it may go; pure.

Pod and claim live in it. It holds nothing of its Troubleshooter's namespace: no secret, no service account,
no owner reference. Those who may open a shell there have a RoleBinding; nobody else gets in but the cluster's
administrators.
"""

from typing import Any, Final

from troubleshooter_agent import contract
from troubleshooter_operator.actions import (
    Action,
    BindPeople,
    PatchVolume,
    PrepareNamespace,
    RemoveNamespace,
)
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import Json, annotations, name_of
from troubleshooter_operator.resources import Troubleshooter, TroubleshooterClass
from troubleshooter_operator.run import Run
from troubleshooter_operator.volume import is_retained, retain_patch
from troubleshooter_operator.world import World

NAME: Final = "troubleshooter"  # of everything that it is furnished with


def prepare_namespace(asked: Troubleshooter, offer: TroubleshooterClass, world: World) -> tuple[Action, ...]:
    """What makes it, where one is asked for; RefusedError with NotAllowed where there cannot be one."""
    if not asked.temporary_namespace:
        return ()
    if world.confined:
        raise RefusedError(
            Ready.NOT_ALLOWED,
            "This operator works in some namespaces only and makes none; leave temporaryNamespace out",
        )
    if asked.service_account or asked.ssh_secret:
        raise RefusedError(
            Ready.NOT_ALLOWED,
            f"serviceAccountName and ssh name things of namespace {asked.namespace}, which a temporary "
            "namespace does not have; leave them out, or temporaryNamespace",
        )
    furnishings = (
        _account(),
        _limits(offer),
        _traffic(world.operator_namespace),
        _binding(asked, world.requested_by),
        _quota(),
    )
    placed = tuple(_placed(each, asked) for each in furnishings)
    return (PrepareNamespace(_namespace(asked, world.requested_by), asked.namespace, placed),)


def bind_people(asked: Troubleshooter, requested_by: str) -> tuple[Action, ...]:
    """The right to open a shell, after `access` was changed."""
    if not asked.temporary_namespace:
        return ()
    return (BindPeople(_placed(_binding(asked, requested_by), asked)),)


def may_go(asked: Troubleshooter, run: Run) -> bool:
    """Whether an ended run needs its namespace no more: its recordings are kept, or there are none."""
    if not asked.temporary_namespace or run.ended is None:
        return False
    if run.started_at is None or (run.resolved is not None and not run.resolved.save_to_disk):
        return True
    return run.volume_name is not None and run.retained is not None and run.retained.status


def departure(uid: str, pods: list[Json], claims: list[Json], volumes: list[Json]) -> list[Action]:
    """What is left to do in the namespace of a Troubleshooter that is gone, with what is still in it.

    `volumes`: those that its claims are bound to. Nothing while a pod is there, or a claim that tells no end.
    """
    if pods or any(contract.ANNOTATION_ENDED_AT not in annotations(claim) for claim in claims):
        return []
    loose = [volume for volume in volumes if not is_retained(volume)]
    if not loose:
        return [RemoveNamespace(uid)]
    return [PatchVolume(name_of(volume), patch) for volume in loose if (patch := retain_patch(volume, {}))]


def _namespace(asked: Troubleshooter, requested_by: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": asked.pod_namespace,
            "labels": {
                contract.LABEL_APP: contract.APP,
                contract.LABEL_COMPONENT: contract.COMPONENT_NAMESPACE,
                contract.LABEL_MANAGED_BY: contract.MANAGED_BY,
            },
            "annotations": {
                contract.ANNOTATION_NAMESPACE: asked.namespace,
                contract.ANNOTATION_NAME: asked.name,
                contract.ANNOTATION_UID: asked.uid,
                contract.ANNOTATION_REQUESTED_BY: requested_by,
            },
        },
    }


def _placed(furnishing: Json, asked: Troubleshooter) -> Json:
    labels = {contract.LABEL_MANAGED_BY: contract.MANAGED_BY}
    metadata: Json = {"name": NAME, "namespace": asked.pod_namespace, "labels": labels}
    return furnishing | {"metadata": metadata | furnishing.get("metadata", {})}


def _account() -> Json:
    """The one that pods get which name none, so that the pod need not wait for a controller to make it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default"},
        "automountServiceAccountToken": False,
    }


def _quota() -> Json:
    """One toolbox and its claim; a second pod, since one that is gone is counted a little longer."""
    hard = {"pods": "2", "persistentvolumeclaims": "1", "services": "0"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": hard}}


def _limits(offer: TroubleshooterClass) -> Json:
    container = {"type": "Container", "default": offer.limits, "defaultRequest": offer.requests}
    volume = {"type": "PersistentVolumeClaim", "max": {"storage": offer.size.max}}
    return {"apiVersion": "v1", "kind": "LimitRange", "spec": {"limits": [container, volume]}}


def _traffic(operator_namespace: str) -> Json:
    """Nobody comes in but the operator, and whoever reads metrics from a namespace that is labelled so."""
    operator: dict[str, Any] = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": operator_namespace}},
        "podSelector": {"matchLabels": {contract.LABEL_APP: contract.MANAGED_BY}},
    }
    monitoring = {"namespaceSelector": {"matchLabels": {contract.LABEL_MONITORING: "true"}}}
    port = {"protocol": "TCP", "port": contract.METRICS_PORT}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [operator, monitoring], "ports": [port]}],
        },
    }


def _binding(asked: Troubleshooter, requested_by: str) -> Json:
    """For the requester, if that is known, and for `access`; who else may edit the namespace is not known."""
    requester = [] if requested_by == contract.UNVERIFIED else [requested_by]
    users = dict.fromkeys([*requester, *asked.access.users])
    people = [("User", name) for name in users] + [("Group", name) for name in asked.access.groups]
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": contract.SHELL_ROLE},
        "subjects": [{"apiGroup": group, "kind": kind, "name": name} for kind, name in people],
    }
