"""Which names are true: what admission sees to, and who asked; pure.

The policies of deploy/policies are what makes a name true, so a name counts from when they were in force.
"""

from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import (
    ANNOTATION_EXEC_IDENTITY,
    ANNOTATION_REQUESTED_BY,
    UNVERIFIED,
    ExecIdentity,
    parse_time,
)
from troubleshooter_operator.asked import Asked
from troubleshooter_operator.kinds import Json, is_deleting, metadata, name_of

REQUESTER_POLICY: Final = "troubleshooter-requested-by"
SHELL_POLICY: Final = "troubleshooter-shells"
SETTLING_SECONDS: Final = 10.0  # every API server has a new policy by then: 2 to 4 s were seen


@dataclass(frozen=True)
class Vouched:
    """What admission sees to: since when requesters are true (seconds of the epoch), and users of execs."""

    requesters_since: float | None = None
    execs: ExecIdentity = ExecIdentity.NONE


def in_force_from(policy: Json, binding: Json) -> float | None:
    """From when a policy is surely in force for the whole cluster, maybe to come; None: it will not be."""
    spec = binding.get("spec") or {}
    is_whole = (
        spec.get("policyName") == name_of(policy)
        and "Deny" in (spec.get("validationActions") or ())
        and not spec.get("matchResources")
        and (policy.get("spec") or {}).get("failurePolicy") == "Fail"
    )
    if not is_whole or is_deleting(policy) or is_deleting(binding):
        return None
    made = max(parse_time(metadata(each)["creationTimestamp"]) for each in (policy, binding))
    return made + SETTLING_SECONDS


def vouched(requesters: float | None, shells: float | None, now: float) -> Vouched:
    """By when the two policies are in force; who executes counts only where requesters do."""
    if requesters is None or requesters > now:
        return Vouched()
    enforced = shells is not None and shells <= now
    return Vouched(requesters, ExecIdentity.ENFORCED if enforced else ExecIdentity.NONE)


def requested_by(asked: Asked, vouched: Vouched) -> str:
    """Who created it, if that is certain. Once it was, it stays: the operator alone writes the status."""
    known = asked.status.get("requestedBy") or UNVERIFIED
    if known != UNVERIFIED:
        return str(known)
    since = vouched.requesters_since
    is_true = since is not None and bool(asked.created_at) and parse_time(asked.created_at) >= since
    return asked.stated_requester if is_true and asked.stated_requester else UNVERIFIED


def identity_annotations(requester: str, execs: ExecIdentity) -> dict[str, str]:
    """What the pod tells of names."""
    return {ANNOTATION_REQUESTED_BY: requester, ANNOTATION_EXEC_IDENTITY: execs}
