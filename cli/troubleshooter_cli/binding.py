"""Binds a kept volume again, once its claim is gone: makes a claim for it, with the person's own rights.

The steps are those of deploy/scripts/bind-recordings.sh, which does without this plugin. `plan_binding` is
pure.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent import contract
from troubleshooter_cli import talk
from troubleshooter_cli.api import JSON_PATCH, Api
from troubleshooter_cli.errors import ForbiddenError, NotFoundError, NotReadyError, UsageError
from troubleshooter_cli.kinds import CLAIM, VOLUME, Json
from troubleshooter_cli.shelves import marks

AVAILABLE_SECONDS: Final = 10.0
BOUND_AGAIN: Final = f"{contract.GROUP}/bound-again"
# Not `uid`'s sake but the operator's: it goes on with what the volume says of the latest run.
_MARKS: Final = (
    "namespace", "name", "uid", "run", "requested-by", "purpose", "started-at", "ended-at", "end", "chain",
)  # fmt: skip


@dataclass(frozen=True)
class Binding:
    """`claim` is what to make in `namespace`; `patch` what to do to the volume before, if anything."""

    namespace: str
    claim: Json
    patch: list[Json]

    @property
    def name(self) -> str:
        return str(self.claim["metadata"]["name"])


def claim_of(volume: Json) -> tuple[str, str]:
    """Namespace and name of the claim that a volume is, was, or is promised to."""
    reference = volume["spec"].get("claimRef") or {}
    return reference.get("namespace", ""), reference.get("name", "")


def plan_binding(volume: Json, namespace: str, name: str = "") -> Binding:
    """How to bind a volume in a namespace, by a claim of that name, or of the one that it had before.

    NotReadyError or UsageError, with what to do, if it is not to be bound again.
    """
    _check(volume, namespace)
    name = name or claim_of(volume)[1]
    phase = volume["status"]["phase"]
    reference = {"apiVersion": "v1", "kind": CLAIM.name, "namespace": namespace, "name": name}
    # Only if it is still the claim that was looked at.
    patch = [
        {"op": "test", "path": "/spec/claimRef/uid", "value": volume["spec"]["claimRef"].get("uid")},
        {"op": "replace", "path": "/spec/claimRef", "value": reference},
    ]
    return Binding(namespace, _claim(volume, namespace, name), patch if phase == "Released" else [])


def bind_again(api: Api, volume: Json, namespace: str) -> str:
    """The name of the claim in `namespace` by which a Released volume can be read from now on.

    ForbiddenError with an administrator's line if the person may not do that.
    """
    binding = plan_binding(volume, namespace)
    name = volume["metadata"]["name"]
    if api.find(CLAIM, namespace, binding.name) is not None:
        # A toolbox of the same name has a claim of its own there by now.
        binding = plan_binding(volume, namespace, name)
    try:
        api.create(CLAIM, namespace, binding.claim, dry_run=True)  # before anything is changed
        if binding.patch:
            api.patch(VOLUME, None, name, binding.patch, JSON_PATCH)
            _wait_available(api, name)
        api.create(CLAIM, namespace, binding.claim)
    except ForbiddenError as error:
        raise ForbiddenError(
            f"you may not bind volume {name} again: {error.sentence}", administrators_line(name, namespace)
        ) from error
    talk.say(f"volume {name} is bound again, by claim {namespace}/{binding.name}")
    return binding.name


def volume_named(api: Api, name: str, namespace: str) -> Json:
    """The volume; ForbiddenError with an administrator's line if the person may not see volumes."""
    try:
        return api.get(VOLUME, None, name)
    except ForbiddenError as error:
        raise ForbiddenError(
            f"you may not look at volume {name}: {error.sentence}", administrators_line(name, namespace)
        ) from error
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no volume {name}", "kubectl troubleshoot volumes shows those with recordings"
        ) from error


def administrators_line(volume: str, namespace: str) -> str:
    return (
        f"ask an administrator to run: kubectl troubleshoot volumes --bind {volume} --namespace {namespace}"
    )


def _wait_available(api: Api, name: str) -> None:
    """Until the cluster has seen the promise: a claim that is quicker is looked at again 15 s later only."""
    deadline = time.monotonic() + AVAILABLE_SECONDS
    while time.monotonic() < deadline and api.get(VOLUME, None, name)["status"].get("phase") == "Released":
        time.sleep(0.1)


def _check(volume: Json, namespace: str) -> None:
    name = volume["metadata"]["name"]
    if (volume["metadata"].get("labels") or {}).get(contract.LABEL_RECORDINGS) != "true":
        raise UsageError(
            f"volume {name} is not labelled {contract.LABEL_RECORDINGS}=true, so it is left alone",
            "kubectl troubleshoot volumes shows those with recordings",
        )
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    if policy != "Retain":
        raise NotReadyError(
            f"volume {name} has reclaim policy {policy} and would go with its next claim",
            f"set it to Retain: kubectl patch persistentvolume {name} "
            """--patch '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'""",
        )
    where, claim = claim_of(volume)
    phase = volume["status"]["phase"]
    # One whose binding was cut short between its two steps goes on with the second.
    if phase != "Released" and not (phase == "Available" and where == namespace):
        raise NotReadyError(
            f"volume {name} is {phase}, by claim {where}/{claim}; "
            "only one whose claim is gone can be bound again",
            f"look at it with --claim {claim} --namespace {where}",
        )


def _claim(volume: Json, namespace: str, name: str) -> Json:
    told, spec = marks(volume), volume["spec"]
    annotations = {f"{contract.GROUP}/{mark}": told[mark] for mark in _MARKS if told.get(mark)}
    wanted: dict[str, Any] = {
        "volumeName": volume["metadata"]["name"],
        "storageClassName": spec.get("storageClassName", ""),
        "accessModes": spec["accessModes"],
        "resources": {"requests": {"storage": spec["capacity"]["storage"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": CLAIM.name,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {contract.LABEL_RECORDINGS: "true"},
            "annotations": annotations | {BOUND_AGAIN: "true"},
        },
        "spec": wanted,
    }
