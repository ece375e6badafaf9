"""deploy/policies: who asked, who may use a class, who may change a toolbox; with and without a stamp."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl, wait_until
from stage import troubleshooter

POLICIES = CHECKOUT / "deploy" / "policies"
REQUESTED_BY = "troubleshooter.sh/requested-by"
TOOLBOXES = "troubleshooters.troubleshooter.sh"
IN_FORCE_SECONDS = 30.0
LONGER = {"timeToLive": "90m"}
STOP = {"state": "Stopped"}
LABEL = {"labels": {"seen": "yes"}}


@pytest.fixture(scope="module", params=["validating", "v1beta1"])
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """In it alice and bob edit namespace team, carol is its administrator, dora has no right on any class."""
    with running_control_plane(tmp_path_factory.mktemp("plane"), controllers=True) as running:
        install(running.admin)
        give_rights(running.admin.in_namespace("team"))
        leave_toolboxes(running.admin.in_namespace("team"))
        running.admin.run("apply", "-k", str(POLICIES / request.param))
        wait_until(
            lambda: in_force(running, stamped=request.param != "validating"),
            timeout=IN_FORCE_SECONDS,
            what="the policies in force",
        )
        yield running


@pytest.fixture
def stamped(plane: ControlPlane) -> bool:
    """Whether requested-by is stamped by a mutating policy."""
    return plane.admin.get("mutatingadmissionpolicy", "troubleshooter-requested-by") is not None


def install(admin: Kubectl) -> None:
    crds.install(admin)
    admin.in_namespace("troubleshooter-system").run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
    big = admin.json("get", "troubleshooterclass", "default") | {"metadata": {"name": "big"}}
    admin.apply(big)
    admin.run("create", "namespace", "team")


def give_rights(team: Kubectl) -> None:
    team.run("create", "rolebinding", "edit", "--clusterrole=edit", "--user=alice", "--user=bob")
    team.run("create", "rolebinding", "admin", "--clusterrole=admin", "--user=carol")
    team.run("create", "role", "toolboxes", "--verb=get,create,patch,delete", f"--resource={TOOLBOXES}")
    team.run("create", "rolebinding", "toolboxes", "--role=toolboxes", "--user=dora")
    give_bob(team, "use", "troubleshooterclasses", "big")


def give_bob(team: Kubectl, verb: str, resource: str, name: str) -> None:
    """By a manifest: `kubectl create role` takes only verbs and resources that discovery knows."""
    rule = {"apiGroups": ["troubleshooter.sh"], "resources": [resource], "resourceNames": [name]}
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
    team.apply(kind | {"metadata": {"name": name}, "rules": [rule | {"verbs": [verb]}]})
    team.run("create", "rolebinding", name, f"--role={name}", "--user=bob")


def leave_toolboxes(team: Kubectl) -> None:
    """From before the policies: one that names a requester, and one that does not."""
    named = troubleshooter("alices", {})
    named["metadata"]["annotations"] = {REQUESTED_BY: "alice"}
    team.apply(named, troubleshooter("unnamed", {}))


def in_force(plane: ControlPlane, *, stamped: bool) -> bool:
    """By dry runs that each of the policies, and each aggregated role, decides."""
    dry, forged = "--dry-run=server", {REQUESTED_BY: "somebody"}
    refused = (
        create(person(plane, "alice"), "tried", {"troubleshooterClassName": "big"}, more=(dry,)).returncode,
        create(person(plane, "dora"), "tried", more=(dry,)).returncode,
        change(person(plane, "bob"), "alices", spec=LONGER, more=(dry,)).returncode,
        change(person(plane, "bob"), "unnamed", metadata={"annotations": forged}, more=(dry,)).returncode,
    )
    taken = (
        create(person(plane, "alice"), "tried", more=(dry,)).returncode,
        change(person(plane, "carol"), "alices", spec=LONGER, more=(dry,)).returncode,
    )
    tried = create(person(plane, "bob"), "tried", annotations=forged, more=(dry, "--output=json"))
    stamp = requester(json.loads(tried.stdout)) == "bob" if tried.returncode == 0 else False
    return all(refused) and not any(taken) and stamp == stamped


def person(plane: ControlPlane, name: str) -> Kubectl:
    return plane.user(name).in_namespace("team")


def create(
    who: Kubectl,
    name: str,
    spec: Mapping[str, Any] | None = None,
    *,
    annotations: Mapping[str, str] | None = None,
    more: tuple[str, ...] = (),
) -> Any:
    """What comes of creating a Troubleshooter; it may be refused."""
    wanted = troubleshooter(name, spec or {})
    wanted["metadata"]["annotations"] = dict(annotations or {})
    return who.attempt("create", "--filename=-", *more, stdin=json.dumps(wanted))


def change(who: Kubectl, name: str, *, more: tuple[str, ...] = (), **patch: Any) -> Any:
    """What comes of patching it; it may be refused."""
    words = ("patch", "troubleshooter", name, "--type=merge", f"--patch={json.dumps(patch)}")
    return who.attempt(*words, *more)


def requester(found: Any) -> str | None:
    name: str | None = found["metadata"].get("annotations", {}).get(REQUESTED_BY)
    return name


def requested_by(plane: ControlPlane, name: str) -> str | None:
    return requester(plane.admin.in_namespace("team").json("get", "troubleshooter", name))


def ask(plane: ControlPlane, who: str, name: str) -> str:
    """A toolbox that is known to be theirs, in either way."""
    made = create(person(plane, who), name, annotations={REQUESTED_BY: who})
    assert made.stderr == ""
    assert requested_by(plane, name) == who
    return name


def test_who_names_nobody_is_stamped_or_left_out(plane: ControlPlane, *, stamped: bool) -> None:
    assert create(person(plane, "alice"), "plain").stderr == ""
    assert requested_by(plane, "plain") == ("alice" if stamped else None)


def test_nobody_asks_in_the_name_of_somebody_else(plane: ControlPlane, *, stamped: bool) -> None:
    ask(plane, "bob", "own")
    forged = create(person(plane, "bob"), "forged", annotations={REQUESTED_BY: "alice"})
    if stamped:
        assert requested_by(plane, "forged") == "bob"
    else:
        assert (
            "the annotation troubleshooter.sh/requested-by must be your own name, bob, or left out; got alice"
        ) in forged.stderr
        assert plane.admin.in_namespace("team").get("troubleshooter", "forged") is None


@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
@pytest.mark.parametrize(("how", "value"), [("another", "bob"), ("empty", ""), ("removed", None)])
def test_the_requester_stays(
    plane: ControlPlane, who: str, how: str, value: str | None, *, stamped: bool
) -> None:
    """Also against the requester and an administrator; other metadata may be edited."""
    name = ask(plane, "alice", f"stays-{who}-{how}")
    said = change(person(plane, who), name, metadata={"annotations": {REQUESTED_BY: value}}).stderr
    if stamped:
        assert said == "", "it is put back without a word, so that `kubectl replace` works"
    else:
        assert "the annotation troubleshooter.sh/requested-by cannot be changed; leave it as it is" in said
    assert requested_by(plane, name) == "alice"
    assert change(person(plane, who), name, metadata=LABEL).stderr == ""


def test_one_without_a_requester_gets_none_later(plane: ControlPlane) -> None:
    said = change(person(plane, "bob"), "unnamed", metadata={"annotations": {REQUESTED_BY: "bob"}}).stderr
    assert "the annotation troubleshooter.sh/requested-by cannot be changed" in said
    assert requested_by(plane, "unnamed") is None


def test_editors_may_use_the_default_class_and_others_may_not(plane: ControlPlane) -> None:
    for name, spec in (("by-default", {}), ("by-name", {"troubleshooterClassName": "default"})):
        assert create(person(plane, "alice"), name, spec).stderr == ""
    assert (
        "you may not use the default class default; name another class, or ask an administrator for the verb "
        "use on troubleshooterclasses/default"
    ) in create(person(plane, "dora"), "refused").stderr
    named = {"troubleshooterClassName": "default"}
    assert "you may not use class default;" in create(person(plane, "dora"), "refused", named).stderr


def test_another_class_takes_a_right_of_its_own(plane: ControlPlane) -> None:
    big = {"troubleshooterClassName": "big"}
    assert (
        "you may not use class big; name another class, or ask an administrator for the verb use on "
        "troubleshooterclasses/big"
    ) in create(person(plane, "alice"), "alices-big", big).stderr
    assert create(person(plane, "bob"), "bobs-big", big).stderr == ""


def test_the_class_is_asked_for_again_when_the_spec_changes(plane: ControlPlane) -> None:
    """With nobody's toolbox, so that the class alone decides; metadata and stopping ask for nothing."""
    plane.admin.in_namespace("team").run("annotate", "troubleshooter", "unnamed", "seen=yes", "--overwrite")
    said = change(person(plane, "dora"), "unnamed", spec=LONGER).stderr
    assert "you may not use the default class default;" in said
    assert change(person(plane, "dora"), "unnamed", metadata=LABEL).stderr == ""
    assert change(person(plane, "dora"), "unnamed", spec=STOP).stderr == ""
    assert change(person(plane, "alice"), "unnamed", spec=LONGER).stderr == ""


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_the_requester_and_administrators_change_it(plane: ControlPlane, who: str) -> None:
    name = ask(plane, "alice", f"changed-by-{who}")
    assert change(person(plane, who), name, spec=LONGER).stderr == ""
    assert change(person(plane, who), name, spec=STOP).stderr == ""
    assert change(person(plane, who), name, spec={"state": "Running", "run": 2}).stderr == ""


def test_others_may_only_stop_or_delete_it(plane: ControlPlane) -> None:
    bob, name = person(plane, "bob"), ask(plane, "alice", "stopped-by-bob")
    refusal = (
        "this toolbox is for alice; you may stop (spec.state Stopped) or delete it, make one of your own, or "
        "ask an administrator for the verb create on troubleshooters/shell"
    )
    for spec in (LONGER, STOP | LONGER, STOP | {"run": 2}):
        assert refusal in change(bob, name, spec=spec).stderr
    assert change(bob, name, spec=STOP).stderr == ""
    for again in ({"state": "Running"}, {"run": 2}):
        assert refusal in change(bob, name, spec=again).stderr
    bob.run("delete", "troubleshooter", name)


def test_a_right_on_one_toolbox_is_enough(plane: ControlPlane) -> None:
    name, team = ask(plane, "alice", "shared"), plane.admin.in_namespace("team")
    give_bob(team, "create", "troubleshooters/shell", name)
    wait_until(
        lambda: change(person(plane, "bob"), name, spec=LONGER).returncode == 0,
        timeout=IN_FORCE_SECONDS,
        what="bob's right on it",
    )
    other = ask(plane, "alice", "not-shared")
    assert "this toolbox is for alice" in change(person(plane, "bob"), other, spec=LONGER).stderr


def test_what_has_no_requester_is_changed_by_every_editor(plane: ControlPlane) -> None:
    team = plane.admin.in_namespace("team")
    assert requester(team.json("get", "troubleshooter", "unnamed")) is None
    assert change(person(plane, "bob"), "unnamed", spec={"timeToLive": "80m"}).stderr == ""


def test_v1_and_v1beta1_differ_in_the_version_alone(plane: ControlPlane) -> None:
    v1, beta = (plane.admin.run("kustomize", str(POLICIES / name)).stdout for name in ("v1", "v1beta1"))
    assert beta.count("admissionregistration.k8s.io/v1beta1") == 4
    as_v1 = beta.replace("k8s.io/v1beta1", "k8s.io/v1")
    assert documents(as_v1) == documents(v1)


def documents(text: str) -> list[str]:
    """In any order: kustomize sorts those of one version together."""
    return sorted(each.strip() for each in text.split("---\n"))
