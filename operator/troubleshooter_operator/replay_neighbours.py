"""What a Replay owes to the toolboxes on its claim: they go first; pure.

A volume that is not ReadWriteMany is on one node at a time, and a pod on another would wait for it without a
word. So a Replay is made beside a toolbox that has it, and makes way for one that is to start elsewhere.
"""

from collections.abc import Iterable

from troubleshooter_operator.kinds import Json
from troubleshooter_operator.occupancy import (
    in_use_by_one_pod,
    is_for_one_pod,
    is_shared,
    mounted_claims,
    written_claims,
)
from troubleshooter_operator.toolbox import toolbox


def refuse_second_pod(claim: Json, holders: Iterable[Json]) -> None:
    """RefusedError with VolumePending where only one pod may have the claim."""
    name = claim["metadata"]["name"]
    for pod in holders:
        if is_for_one_pod(claim) and name in mounted_claims(pod) and not toolbox(pod).over:
            raise in_use_by_one_pod(name, pod)


def placement(claim: Json, holders: Iterable[Json]) -> Json:
    """Of the spec of a new pod: the node where a toolbox has the volume; nothing if it is nowhere."""
    nodes = [node_of(pod) for pod in _writers(claim, holders)]
    if not nodes:
        return {}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": nodes[:1]}]}
    required = {"nodeSelectorTerms": [term]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def must_make_way(claim: Json, pod: Json, holders: Iterable[Json]) -> bool:
    """Whether a toolbox is to start on another node, which the volume cannot reach while this pod has it."""
    elsewhere = [each for each in _writers(claim, holders) if node_of(each) != node_of(pod)]
    return bool(node_of(pod)) and any(toolbox(each).started_at is None for each in elsewhere)


def node_of(pod: Json) -> str:
    return str(pod["spec"].get("nodeName") or "")


def _writers(claim: Json, holders: Iterable[Json]) -> list[Json]:
    """The toolboxes that have a node and this claim."""
    if is_shared(claim):
        return []
    name = claim["metadata"]["name"]
    return [pod for pod in holders if name in written_claims(pod) and node_of(pod) and not toolbox(pod).over]
