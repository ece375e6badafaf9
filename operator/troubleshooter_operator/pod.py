"""The manifest of a toolbox's pod; pure. What it shares with that of a Replay is in `podspec`."""

from typing import Any

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
from troubleshooter_operator.resources import Troubleshooter, TroubleshooterClass
from troubleshooter_operator.run import Resolved


def pod_manifest(asked: Troubleshooter, resolved: Resolved, offer: TroubleshooterClass, run: int) -> Json:
    """The pod of one run."""
    spec = pod_spec(resolved, offer, _container(resolved, offer), _volumes(asked, resolved))
    return manifest(_metadata(asked, resolved, offer, run), spec)


def pod_labels(asked: Troubleshooter) -> dict[str, str]:
    return common_labels(asked, contract.COMPONENT, asked.name)


def access_annotations(asked: Troubleshooter) -> dict[str, str]:
    """Who may open a shell besides, where admission reads it; absent where nobody may."""
    found = {
        contract.ANNOTATION_ACCESS_USERS: "\n".join(asked.access.users),
        contract.ANNOTATION_ACCESS_GROUPS: "\n".join(asked.access.groups),
    }
    return {name: names for name, names in found.items() if names}


def _word(holds: bool) -> str:  # noqa: FBT001 - its only argument
    return "true" if holds else "false"


def _metadata(
    asked: Troubleshooter, resolved: Resolved, offer: TroubleshooterClass, run: int
) -> dict[str, Any]:
    ours = common_annotations(asked, resolved) | {
        contract.ANNOTATION_RUN: str(run),
        contract.ANNOTATION_PURPOSE: asked.purpose,
        contract.ANNOTATION_SAVE_TO_DISK: _word(resolved.save_to_disk),
        contract.ANNOTATION_LOG_TO_STDOUT: _word(resolved.log_to_stdout),
        contract.ANNOTATION_NOTICE: offer.notice,
    }
    if asked.temporary_namespace:
        ours[contract.ANNOTATION_NAMESPACE] = asked.namespace
    owners = {} if asked.temporary_namespace else {"ownerReferences": [owner("Troubleshooter", asked)]}
    return {
        "name": asked.pod_name,
        "namespace": asked.pod_namespace,
        "labels": offer.labels | resolved.pod_labels | pod_labels(asked),
        "annotations": offer.annotations | STAY | ours | access_annotations(asked),
    } | owners


def _container(resolved: Resolved, offer: TroubleshooterClass) -> Json:
    mounts: list[Json] = [{"name": "recordings", "mountPath": contract.RECORDINGS_DIR}, ANNOTATIONS_MOUNT]
    if resolved.ssh_secret:
        mounts.append({"name": "ssh", "mountPath": contract.SSH_DIR, "readOnly": True})
    sizes = (f"--session-size={offer.max_recording}",) if offer.max_recording else ()
    return container(resolved, offer, mounts, sizes)


def _volumes(asked: Troubleshooter, resolved: Resolved) -> list[Json]:
    volumes = [
        {"name": "recordings"} | _recordings(resolved),
        annotations_volume(elsewhere=asked.temporary_namespace),
    ]
    if resolved.ssh_secret:
        # Readable by the pod's group; ssh refuses only keys of its own user that others may read.
        volumes.append({"name": "ssh", "secret": {"secretName": resolved.ssh_secret, "defaultMode": 0o440}})
    return volumes


def _recordings(resolved: Resolved) -> Json:
    """The claim; or, where nothing is saved, room for what running sessions need."""
    if resolved.claim_name is None:
        return {"emptyDir": {"sizeLimit": contract.UNSAVED_SIZE}}
    return {"persistentVolumeClaim": {"claimName": resolved.claim_name}}
