"""Whose names are believed: which policies are in force, who asked, and where that is told."""

from dataclasses import replace
from typing import Any

import pytest
from modelled_api import ModelledApi
from resource_objects import NOW, POD_UID, claim, offer, pod, run_status, running, troubleshooter, volume

from troubleshooter_agent.contract import ExecIdentity
from troubleshooter_operator import kinds
from troubleshooter_operator.actions import CreateClaim, CreatePod, PatchClaim, PatchPod, PatchVolume
from troubleshooter_operator.admission import Admission
from troubleshooter_operator.identity import Vouched, in_force_from, requested_by, vouched
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.world import Plan, World

MADE = "2026-11-22T18:00:00Z"
MADE_SECONDS = 1795370400.0  # the same instant
LATER = "2026-11-22T18:00:05Z"
NAME = "troubleshooter-requested-by"
AUDITED = ["Deny", "Audit"]
SHELLS = "troubleshooter-shells"
ALICE = World((offer(),), requested_by="alice", names_checked=True, execs=ExecIdentity.ENFORCED)
TOLD: dict[str, str | None] = {
    "troubleshooter.sh/requested-by": "alice",
    "troubleshooter.sh/exec-identity": "enforced",
}


def policy(name: str = NAME, *, made: str = MADE, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": made}, "spec": {"failurePolicy": "Fail"} | spec}


def binding(name: str = NAME, *, made: str = MADE, **spec: Any) -> dict[str, Any]:
    given = {"policyName": name, "validationActions": ["Deny"]} | spec
    return {"metadata": {"name": name, "creationTimestamp": made}, "spec": given}


@pytest.mark.parametrize(
    ("policy", "binding", "at"),
    [
        pytest.param(policy(), binding(), MADE_SECONDS + 10, id="10 s later, everywhere"),
        pytest.param(policy(), binding(made=LATER), MADE_SECONDS + 15, id="bound later"),
        pytest.param(policy(made=LATER), binding(), MADE_SECONDS + 15, id="made anew"),
        pytest.param(policy(), binding(validationActions=["Warn"]), None, id="refuses nothing"),
        pytest.param(policy(), binding(validationActions=AUDITED), MADE_SECONDS + 10, id="audits"),
        pytest.param(policy(), binding(policyName="other"), None, id="of another policy"),
        pytest.param(policy(), binding(matchResources={"namespaceSelector": {}}), None, id="in places"),
        pytest.param(policy(failurePolicy="Ignore"), binding(), None, id="fails open"),
    ],
)
def test_from_when_a_policy_is_in_force(policy: Any, binding: Any, at: float | None) -> None:
    assert in_force_from(policy, binding) == at


def test_a_policy_that_goes_is_not_in_force() -> None:
    going = policy()
    going["metadata"]["deletionTimestamp"] = MADE
    assert in_force_from(going, binding()) is None


@pytest.mark.parametrize(
    ("requesters", "shells", "seen"),
    [
        pytest.param(None, None, Vouched(), id="no policies"),
        pytest.param(101.0, 90.0, Vouched(), id="not yet"),
        pytest.param(100.0, None, Vouched(100.0), id="no policy on execs"),
        pytest.param(100.0, 101.0, Vouched(100.0), id="none yet"),
        pytest.param(90.0, 100.0, Vouched(90.0, ExecIdentity.ENFORCED), id="both"),
    ],
)
def test_which_names_are_true(requesters: float | None, shells: float | None, seen: Vouched) -> None:
    assert vouched(requesters, shells, 100.0) == seen


@pytest.mark.parametrize(
    ("stated", "made", "since", "known", "believed"),
    [
        pytest.param("alice", MADE, MADE_SECONDS, None, "alice", id="checked"),
        pytest.param("alice", MADE, MADE_SECONDS + 1, None, "unverified", id="made before"),
        pytest.param("alice", MADE, None, None, "unverified", id="nobody checks"),
        pytest.param("", MADE, MADE_SECONDS, None, "unverified", id="left out"),
        pytest.param("alice", "", MADE_SECONDS, None, "unverified", id="made nobody knows when"),
        pytest.param("alice", MADE, MADE_SECONDS, "unverified", "alice", id="checked, as is known now"),
        pytest.param("bob", MADE, None, "alice", "alice", id="known from when it was checked"),
    ],
)
def test_who_is_believed_to_have_asked(
    stated: str, made: str, since: float | None, known: str | None, believed: str
) -> None:
    found = troubleshooter(None, {"requestedBy": known} if known else None)
    found["metadata"] |= {
        "annotations": {"troubleshooter.sh/requested-by": stated},
        "creationTimestamp": made,
    }
    assert requested_by(parse(found), Vouched(since)) == believed


def test_a_new_toolbox_and_its_claim_tell_who_asked() -> None:
    first, create = look(ALICE).before
    assert isinstance(first, CreateClaim)
    assert first.manifest["metadata"]["annotations"]["troubleshooter.sh/requested-by"] == "alice"
    assert isinstance(create, CreatePod)
    marks = create.manifest["metadata"]["annotations"]
    assert {name: marks[name] for name in TOLD} == TOLD


def test_a_waiting_pod_is_told_and_not_made_anew() -> None:
    (*_, create) = look(World((offer(),))).before
    assert isinstance(create, CreatePod)
    made = create.manifest["metadata"] | {"uid": POD_UID, "resourceVersion": "60"}
    waiting = create.manifest | {"metadata": made, "status": {"phase": "Pending"}}
    begun = run_status(startedAt=None, observedRunningAt=None, expiresAt=None, imageID=None)
    planned = look(replace(ALICE, pod=waiting, claim=claim(phase="Pending")), begun)
    assert planned.before[0] == PatchPod("default", "web", POD_UID, TOLD, {})
    assert planned.after == ()


def test_a_running_toolbox_its_claim_and_its_volume_are_told() -> None:
    marks = {"troubleshooter.sh/started-at": "2026-11-22T18:40:03Z"}
    there = pod(running(), {"troubleshooter.sh/recordings-retained": "yes"})
    planned = look(replace(ALICE, pod=there, claim=claim(annotations=marks), volume=volume()), run_status())
    told, on_claim, on_volume = planned.before
    assert told == PatchPod("default", "web", POD_UID, TOLD, {})
    assert isinstance(on_claim, PatchClaim)
    assert on_claim.annotations["troubleshooter.sh/requested-by"] == "alice"
    assert isinstance(on_volume, PatchVolume)
    assert on_volume.patch["metadata"]["annotations"]["troubleshooter.sh/requested-by"] == "alice"


def test_execs_that_are_checked_no_more_are_told() -> None:
    there = pod(running(), {**TOLD, "troubleshooter.sh/recordings-retained": "yes"})
    world = replace(ALICE, execs=ExecIdentity.NONE, pod=there)
    assert look(world, run_status()).before[0] == PatchPod(
        "default", "web", POD_UID, {"troubleshooter.sh/exec-identity": "none"}, {}
    )


@pytest.mark.parametrize(("checked", "made"), [(False, True), (True, False)])
def test_who_could_have_named_themselves_and_did_not_gets_no_claim_of_another(
    *, checked: bool, made: bool
) -> None:
    theirs = claim(annotations={"troubleshooter.sh/requested-by": "alice"})
    planned = look(World((offer(),), claim=theirs, names_checked=checked))
    assert [type(action) for action in planned.before] == ([CreatePod] if made else [])
    if not made:
        assert planned.ready.reason == "ClaimNotOurs"
        assert planned.ready.message == (
            "Claim web-recordings holds recordings of alice, and nobody is known to have asked for this "
            "toolbox; if that is you, make it with the annotation troubleshooter.sh/requested-by: alice, "
            "else name another claim in saveToDisk.claimName"
        )


def test_what_admission_sees_to_is_asked_for_and_a_change_is_told() -> None:
    api, changes = ModelledApi(MADE_SECONDS + 99), [0]
    admission = Admission(api, lambda: changes.append(changes.pop() + 1))
    seen = []
    for kind, thing in (
        (kinds.POLICY, policy(NAME)),
        (kinds.POLICY, policy(SHELLS)),
        (kinds.POLICY_BINDING, binding(NAME)),
        (kinds.POLICY_BINDING, binding(SHELLS)),
    ):
        api.things[kind.name, ("", thing["metadata"]["name"])] = thing
        admission.refresh()
        seen.append((admission.vouched(), *changes))
    since = MADE_SECONDS + 10
    assert seen == [
        (Vouched(), 0),
        (Vouched(), 0),
        (Vouched(since), 1),
        (Vouched(since, ExecIdentity.ENFORCED), 2),
    ]
    assert admission.known.is_set()


def test_a_policy_that_is_not_in_force_yet_is_asked_for_again_when_it_is() -> None:
    api = ModelledApi(MADE_SECONDS + 7)
    admission = Admission(api, lambda: None, every=30.0)
    assert admission.pause() == 1.0
    admission.refresh()
    assert admission.pause() == 30.0
    for kind, thing in ((kinds.POLICY, policy(NAME)), (kinds.POLICY_BINDING, binding(NAME))):
        api.things[kind.name, ("", NAME)] = thing
    admission.refresh()
    assert (admission.vouched(), admission.pause()) == (Vouched(), 3.0)
    api.time += 3
    admission.refresh()
    assert (admission.vouched(), admission.pause()) == (Vouched(MADE_SECONDS + 10), 30.0)


def look(world: World, status: Any = None) -> Plan:
    return plan(parse(troubleshooter(None, status)), world, NOW)
