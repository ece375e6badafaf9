"""What of a cluster is missing for a recorded shell and its replay, and the line that mends it; pure.

`doctor` shows what comes out of here; `examination` has looked at it all. The order is that in which a person
would mend: a check whose ground is missing says so, and asks for nothing of its own.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from troubleshooter_cli import entitlements, supplies
from troubleshooter_cli.findings import Check, Findings, State, joined
from troubleshooter_cli.kinds import CLASS, REPLAY, TROUBLESHOOTER, Json

OLDEST: Final = (1, 30)
KINDS: Final = (TROUBLESHOOTER.plural, CLASS.plural, REPLAY.plural)
POLICIES: Final = (
    "troubleshooter-requested-by",
    "troubleshooter-class",
    "troubleshooter-default-class",
    "troubleshooter-changes",
    "troubleshooter-rights",
    "troubleshooter-shells",
    "troubleshooter-pods",
    "troubleshooter-connections",
    "troubleshooter-claims",
    "troubleshooter-new-claims",
    "troubleshooter-mounts",
    "troubleshooter-replays",
    "troubleshooter-replay-claims",
)
_INSTALL: Final = "make deploy"
_CRDS: Final = "kubectl apply -k crd"


def diagnose(found: Findings) -> list[Check]:
    """Every check, in order."""
    return [check(found) for check in _CHECKS]


def _kubectl(found: Findings) -> Check:
    if found.kubectl is None:
        remedy = "install kubectl: https://kubernetes.io/docs/tasks/tools/"
        return Check("kubectl", State.MISSING, "kubectl is not on the PATH", remedy)
    ours, theirs = _minor(found.kubectl), _minor(found.server)
    if ours and theirs and abs(ours[1] - theirs[1]) > 1:
        said = f"{found.kubectl}, more than one minor version from the cluster's {found.server}"
        return Check("kubectl", State.NOTE, said, f"install kubectl {theirs[0]}.{theirs[1]}")
    return Check("kubectl", State.OK, found.kubectl)


def _server(found: Findings) -> Check:
    version = _minor(found.server)
    if version and version < OLDEST:
        return Check(
            "cluster",
            State.MISSING,
            f"Kubernetes {found.server} is too old",
            "upgrade the cluster to Kubernetes 1.30 or newer",
        )
    return Check("cluster", State.OK, f"Kubernetes {found.server}")


def _kinds(found: Findings) -> Check:
    lacking = [kind for kind in KINDS if kind not in found.kinds]
    if lacking:
        said = f"the API server does not know {joined(lacking)}"
        return Check("crds", State.MISSING, said, _INSTALL if len(lacking) == len(KINDS) else _CRDS)
    return Check("crds", State.OK, joined(KINDS))


def _operator(found: Findings) -> Check:
    if found.operators is None:
        return Check("operator", State.NOTE, "you may not see whether the operator runs")
    if not found.operators:
        return Check("operator", State.MISSING, "the operator is not installed", _INSTALL)
    running = [each for each in found.operators if (each.get("status") or {}).get("availableReplicas")]
    if running:
        return Check("operator", State.OK, f"runs in {_namespaces(running)}")
    namespace = found.operators[0]["metadata"]["namespace"]
    name = found.operators[0]["metadata"]["name"]
    return Check(
        "operator",
        State.MISSING,
        f"the operator in {namespace} does not run",
        f"kubectl describe pods --namespace={namespace} --selector=app.kubernetes.io/name={name}",
    )


def _policies(found: Findings) -> Check:
    if found.policies is None or found.bindings is None:
        return _policies_as_tried(found)
    in_force = _in_force(found.policies, found.bindings)
    lacking = [name for name in POLICIES if name not in in_force]
    if len(lacking) == len(POLICIES):
        said = "none is in force: nobody is told apart, and toolboxes are not guarded"
        return Check("policies", State.MISSING, said, _INSTALL)
    if lacking:
        return Check("policies", State.MISSING, f"not in force: {joined(lacking)}", _INSTALL)
    rewritten = {each["metadata"]["name"] for each in found.rewriting or ()}
    how = "rewritten" if "troubleshooter-shells" in rewritten else "checked"
    others = sorted(in_force - set(POLICIES))
    more = f", and {joined(others)}" if others else ""
    return Check("policies", State.OK, f"all {len(POLICIES)} in force, every exec is {how}{more}")


def _policies_as_tried(found: Findings) -> Check:
    """By what became of a toolbox in another's name."""
    match found.requesters_checked:
        case True:
            return Check("policies", State.OK, "who asks for a toolbox is checked; you may not see the rest")
        case False:
            said = "not in force: a toolbox can be asked for in another's name"
            return Check("policies", State.MISSING, said, _INSTALL)
    return Check("policies", State.NOTE, "you may not see which are in force")


_CHECKS: Final[tuple[Callable[[Findings], Check], ...]] = (
    _kubectl,
    _server,
    _kinds,
    _operator,
    _policies,
    supplies.namespace,
    entitlements.rights,
    entitlements.classes,
    supplies.storage,
    supplies.image,
)


def _in_force(policies: Sequence[Json], bindings: Sequence[Json]) -> set[str]:
    """Ours that refuse, everywhere, and also when they cannot be evaluated."""
    bound = {
        each["spec"].get("policyName")
        for each in bindings
        if "Deny" in (each["spec"].get("validationActions") or ()) and not each["spec"].get("matchResources")
    }
    return {
        name
        for each in policies
        if (name := str(each["metadata"]["name"])).startswith("troubleshooter-")
        and name in bound
        and each["spec"].get("failurePolicy", "Fail") == "Fail"
    }


def _minor(version: str) -> tuple[int, int] | None:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def _namespaces(objects: Sequence[Json]) -> str:
    return joined(sorted({str(each["metadata"]["namespace"]) for each in objects}))
