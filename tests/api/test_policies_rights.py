"""deploy/policies: who asks for a toolbox must have the right to what it is given, with and without a stamp.

dora may make and change Troubleshooters, and nothing else; eve may change those of others too.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from control_plane import ControlPlane
from policed import (
    DRY,
    TEAM,
    create,
    give,
    patch,
    person,
    policed_plane,
    wait_until_refused,
    wait_until_taken,
)
from stage import troubleshooter

OURS = "troubleshooter.sh"
SPECS: dict[str, dict[str, Any]] = {
    "account": {"serviceAccountName": "builder"},
    "secret": {"ssh": {"secretName": "keys"}},
    "claim": {"saveToDisk": {"claimName": "shelf"}},
    "namespace": {"temporaryNamespace": True},
}
SENTENCES = {
    "account": "you may not act as service account builder; leave serviceAccountName out, or ask an "
    "administrator for the verb impersonate on serviceaccounts/builder",
    "secret": "you may not read secret keys; leave ssh out, or ask an administrator for the verb get on "
    "secrets/keys",
    "claim": "you may not write on claim shelf; leave saveToDisk.claimName out, or ask an administrator for "
    "the verb update on persistentvolumeclaims/shelf",
    "namespace": "you may not have a temporary namespace; leave temporaryNamespace out, or ask an "
    "administrator for the verb create on troubleshooters/temporarynamespace",
}
OTHERS = (
    {"serviceAccountName": "other"},
    {"ssh": {"secretName": "other"}},
    {"saveToDisk": {"claimName": "other"}},
)


def right(verb: str, group: str, resource: str, *names: str) -> dict[str, list[str]]:
    """A rule of RBAC; for all names if none is given."""
    rule = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
    return rule | ({"resourceNames": list(names)} if names else {})


RULES = {
    "account": right("impersonate", "", "serviceaccounts", "builder"),
    "secret": right("get", "", "secrets", "keys"),
    "claim": right("update", "", "persistentvolumeclaims", "shelf"),
    "namespace": right("create", OURS, "troubleshooters/temporarynamespace"),
}


@pytest.fixture(scope="module", params=["validating", "v1beta1"])
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with policed_plane(tmp_path_factory.mktemp("plane"), request.param) as running:
        asking = [right(verb, OURS, "troubleshooters") for verb in ("get", "create", "patch")]
        basics = [*asking, right("use", OURS, "troubleshooterclasses")]
        give(running, "dora", *basics)
        give(running, "eve", *basics, right("create", OURS, "troubleshooters/shell"))
        for what, rule in RULES.items():
            give(running, f"{what}-holder", *basics, rule)
        dora, alice = person(running, "dora"), person(running, "alice")
        wait_until_refused(
            *(lambda spec=spec: create(dora, troubleshooter("tried", spec), DRY) for spec in SPECS.values())
        )
        wait_until_taken(lambda: create(alice, troubleshooter("tried", {}), DRY))
        yield running


@pytest.mark.parametrize("what", SPECS)
def test_who_has_no_right_to_it_is_refused(plane: ControlPlane, what: str) -> None:
    dora = person(plane, "dora")
    assert SENTENCES[what] in create(dora, troubleshooter("refused", SPECS[what])).stderr
    if what != "namespace":  # it cannot be asked for later
        assert create(dora, troubleshooter(f"plain-{what}", {})).stderr == ""
        said = patch(dora, "troubleshooter", f"plain-{what}", {"spec": SPECS[what]}, DRY).stderr
        assert SENTENCES[what] in said


@pytest.mark.parametrize("what", SPECS)
def test_who_has_just_this_right_is_not(plane: ControlPlane, what: str) -> None:
    """And it is of no use for anything else."""
    holder = person(plane, f"{what}-holder")
    assert create(holder, troubleshooter(f"held-{what}", SPECS[what])).stderr == ""
    for other, spec in SPECS.items():
        if other != what:
            assert SENTENCES[other] in create(holder, troubleshooter("refused", spec), DRY).stderr
    for spec in OTHERS:
        assert "you may not" in create(holder, troubleshooter("refused", spec), DRY).stderr


def test_editors_have_all_but_the_namespace_and_administrators_that_too(plane: ControlPlane) -> None:
    """By the roles of Kubernetes, and by one of the component."""
    everything = SPECS["account"] | SPECS["secret"] | SPECS["claim"]
    assert create(person(plane, "alice"), troubleshooter("all", everything), DRY).stderr == ""
    assert (
        SENTENCES["namespace"]
        in create(person(plane, "alice"), troubleshooter("all", SPECS["namespace"]), DRY).stderr
    )
    assert create(person(plane, "carol"), troubleshooter("all", SPECS["namespace"]), DRY).stderr == ""


@pytest.mark.parametrize("what", ["account", "secret", "claim"])
def test_who_has_no_right_may_still_mark_and_stop_it(plane: ControlPlane, what: str) -> None:
    """Any other change takes the right again, so that nobody makes use of what somebody else was given."""
    name = f"kept-{what}"
    plane.admin.in_namespace(TEAM).apply(troubleshooter(name, SPECS[what]))
    eve = person(plane, "eve")
    seen = {"metadata": {"labels": {"seen": "yes"}}}
    assert patch(eve, "troubleshooter", name, seen, DRY).stderr == ""
    assert patch(eve, "troubleshooter", name, {"spec": {"state": "Stopped"}}, DRY).stderr == ""
    assert SENTENCES[what] in patch(eve, "troubleshooter", name, {"spec": {"run": 2}}, DRY).stderr
    without = dict.fromkeys(SPECS[what]) if what != "claim" else {"saveToDisk": {"claimName": None}}
    assert patch(eve, "troubleshooter", name, {"spec": without | {"run": 2}}, DRY).stderr == ""
