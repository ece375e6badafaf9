"""The manifest of a Replay's pod: a toolbox's, but that the volume is there to be read; pure."""

from typing import Final

from troubleshooter_agent import contract
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.podspec import (
    ANNOTATIONS_MOUNT,
    STAY,
    annotations_volume,
    common_annotations,
    common_labels,
    container,
    manifest,
    owner,
    pod_spec,
)
from troubleshooter_operator.replay import RUN, Replay
from troubleshooter_operator.replay_source import Source
from troubleshooter_operator.resources import TroubleshooterClass
from troubleshooter_operator.run import Resolved

_MOUNT: Final = {"name": "recordings", "mountPath": contract.RECORDINGS_DIR, "readOnly": True}


def replay_manifest(asked: Replay, source: Source, resolved: Resolved, offer: TroubleshooterClass) -> Json:
    """Its label and annotation tell whose recordings these are: admission asks for the right to those."""
    ours = common_annotations(asked, resolved) | {
        contract.ANNOTATION_REPLAY: "true",
        contract.ANNOTATION_RETAINED: contract.Retained.YES,  # nothing of this pod is there to be kept
        contract.ANNOTATION_RUN: str(RUN),
        contract.ANNOTATION_NAMESPACE: source.namespace,
    }
    metadata = {
        "name": asked.pod_name,
        "namespace": asked.namespace,
        "labels": offer.labels | replay_labels(asked, source.name),
        "annotations": offer.annotations | STAY | ours,
        "ownerReferences": [owner("Replay", asked)],
    }
    claim = {"claimName": source.claim_name, "readOnly": True}
    volumes: list[Json] = [
        {"name": "recordings", "persistentVolumeClaim": claim},
        annotations_volume(elsewhere=True),
    ]
    return manifest(
        metadata, pod_spec(resolved, offer, container(resolved, offer, [_MOUNT, ANNOTATIONS_MOUNT]), volumes)
    )


def replay_labels(asked: Replay, whose: str) -> dict[str, str]:
    return common_labels(asked, contract.COMPONENT_REPLAY, whose)
