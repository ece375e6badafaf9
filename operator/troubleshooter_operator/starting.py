"""Why a toolbox that is being made cannot be used yet, from pod and claim; pure."""

import re
from typing import Final

from troubleshooter_agent.contract import AGENT_COMMAND
from troubleshooter_operator.conditions import Condition, Ready, ready
from troubleshooter_operator.kinds import Json, annotations, name_of
from troubleshooter_operator.toolbox import NEVER_RAN, Toolbox

_PULL: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_NOT_RUN: Final = NEVER_RAN | {"RunContainerError", "CreateContainerConfigError"}
_NO_SUCH_FILE: Final = re.compile(
    r"no such file or directory|executable file not found|not found in \$PATH", re.IGNORECASE
)
_NON_ROOT: Final = re.compile(r"runAsNonRoot|non-numeric user", re.IGNORECASE)
_ABOUT_VOLUMES: Final = re.compile(r"persistentvolume|storageclass|volume", re.IGNORECASE)
_SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
_PROVISIONER: Final = "volume.kubernetes.io/storage-provisioner"


def why_not_started(box: Toolbox, claim: Json | None) -> Condition:
    """The condition Ready of a pod whose container has not run yet."""
    waiting, message = box.waiting.get("reason", ""), one_line(box.waiting.get("message", ""))
    if waiting in _PULL:
        return ready(
            Ready.IMAGE_PULL_FAILED,
            f"Image {box.image} cannot be pulled: {message or waiting}; mend the image, its registry or the "
            "class's imagePullSecrets",
        )
    refused = box.finished or box.waiting
    if refused.get("reason") in _NOT_RUN:
        return _not_run(box, one_line(refused.get("message", "")))
    if not box.has_node:
        return _without_node(one_line(box.unscheduled.get("message", "")), claim)
    if box.pod_reason:
        return ready(Ready.PROVISIONING, f"The pod is {box.pod_reason}: {one_line(box.pod_message)}")
    return ready(
        Ready.PROVISIONING, "The pod has a node; its volume is being mounted and its container started"
    )


def _not_run(box: Toolbox, message: str) -> Condition:
    if _NO_SUCH_FILE.search(message) and AGENT_COMMAND[0] in message:
        return ready(
            Ready.IMAGE_WITHOUT_AGENT,
            f"Image {box.image} has no agent at {AGENT_COMMAND[0]}, so nothing could be recorded in it; ask "
            "for an image that contains the agent",
        )
    if _NON_ROOT.search(message):
        return ready(
            Ready.PROVISIONING,
            f"Image {box.image} cannot run without root: {message}; ask for an image with a numeric user, or "
            "set runAsUser",
        )
    return ready(Ready.PROVISIONING, f"The container of image {box.image} cannot be started: {message}")


def _without_node(message: str, claim: Json | None) -> Condition:
    phase = ((claim or {}).get("status") or {}).get("phase")
    if claim is not None and phase == "Lost":
        return _volume_pending(
            f"Claim {name_of(claim)} has lost its volume; name another in saveToDisk.claimName"
        )
    if claim is not None and phase != "Bound" and _ABOUT_VOLUMES.search(message):
        wanted = claim["spec"].get("storageClassName") or "the default one"
        return _volume_pending(
            f"Claim {name_of(claim)} is not bound: {message}; mend its StorageClass ({wanted})"
        )
    if claim is not None and phase != "Bound" and _SELECTED_NODE in annotations(claim):
        provisioner = annotations(claim).get(_PROVISIONER, "its provisioner")
        return _volume_pending(f"Claim {name_of(claim)} waits for {provisioner} to make its volume")
    if message:
        return ready(
            Ready.UNSCHEDULABLE,
            f"No node can take the pod: {message}; it comes by itself once there is room: free some, or ask "
            "for less (resources of the class, nodeSelector)",
        )
    return ready(Ready.PROVISIONING, "The pod waits for a node")


def _volume_pending(message: str) -> Condition:
    return ready(Ready.VOLUME_PENDING, message)


def one_line(text: str) -> str:
    """A message of the API server or kubelet on one line, without a closing full stop."""
    return " ".join(text.split()).rstrip(".")
