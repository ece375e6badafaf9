"""deploy/policies: who may ask for a Replay, under whose name; that nobody changes its pod."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kubectl import Kubectl, Result, wait_until
from operator_process import as_operator
from policed import DRY, IN_FORCE_SECONDS, TEAM, Scene, claim, create, give, policed_plane, wait_until_refused
from stage import replay

REQUESTED_BY = "troubleshooter.sh/requested-by"
GROUP = {"apiGroups": ["troubleshooter.sh"]}
RIGHT_TO_READ = "ask an administrator for the verb get on troubleshooters/recordings"


@pytest.fixture(scope="module", params=["validating", "v1beta1"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Erin may make Replays and read what `web` recorded, and nothing else; dora may only make them."""
    with policed_plane(tmp_path_factory.mktemp("plane"), request.param) as plane:
        scene = Scene(plane, as_operator(plane, tmp_path_factory.mktemp("operator")).in_namespace(TEAM))
        for who in ("erin", "dora"):
            give(
                plane,
                who,
                GROUP | {"resources": ["replays"], "verbs": ["create", "get", "patch", "delete"]},
                USE,
            )
        give(plane, "erin-reads", READ_WEB)
        scene.admin.run("create", "rolebinding", "erin-reads-web", "--role=erin-reads", "--user=erin")
        scene.operator.apply(*map(recordings, ("web", "api")))
        wait_until_refused(lambda: ask(scene, "dora", {"troubleshooterName": "web"}, DRY))
        wait_until(
            lambda: not ask(scene, "bob", {"claimName": "web-recordings"}, DRY).stderr,
            timeout=IN_FORCE_SECONDS,
            what="bob's right",
        )
        yield scene


USE: Mapping[str, Any] = GROUP | {
    "resources": ["troubleshooterclasses"],
    "resourceNames": ["default"],
    "verbs": ["use"],
}
READ_WEB: Mapping[str, Any] = GROUP | {
    "resources": ["troubleshooters/recordings"],
    "resourceNames": ["web"],
    "verbs": ["get"],
}


def recordings(name: str) -> dict[str, Any]:
    """A claim as the operator makes it, bound to a volume."""
    found = claim(
        f"{name}-recordings",
        labels={"troubleshooter.sh/recordings": "true", "troubleshooter.sh/name": name},
        annotations={"troubleshooter.sh/namespace": "team", "troubleshooter.sh/name": name},
    )
    found["spec"]["volumeName"] = f"volume-of-{name}"
    return found


def ask(
    scene: Scene, who: str, spec: Mapping[str, Any], *more: str, name: str = "look", **metadata: Any
) -> Result:
    wanted = replay(name, spec)
    wanted["metadata"] |= metadata
    return create(scene.person(who), wanted, *more)


MEANT = [
    {"troubleshooterName": "web"},
    {"claimName": "web-recordings"},
    {"persistentVolumeName": "volume-of-web"},
]


@pytest.mark.parametrize("spec", MEANT, ids=" ".join)
@pytest.mark.parametrize("who", ["bob", "erin"])
def test_who_may_read_may_ask(scene: Scene, who: str, spec: Mapping[str, Any]) -> None:
    """An editor of the namespace, and one who may read of this toolbox alone."""
    assert ask(scene, who, spec, DRY).stderr == ""


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"troubleshooterName": "api"}, "the recordings of api"),
        ({"claimName": "api-recordings"}, "the recordings on claim api-recordings, which are of api"),
        (
            {"persistentVolumeName": "volume-of-api"},
            "the recordings on claim api-recordings, which are of api",
        ),
    ],
    ids=["toolbox", "claim", "volume"],
)
def test_who_may_not_read_may_not_ask(scene: Scene, spec: Mapping[str, Any], what: str) -> None:
    """Erin, of another toolbox than hers."""
    assert f"you may not read {what}; {RIGHT_TO_READ}" in ask(scene, "erin", spec, DRY).stderr


@pytest.mark.parametrize("spec", MEANT, ids=" ".join)
def test_the_right_to_make_one_is_not_enough(scene: Scene, spec: Mapping[str, Any]) -> None:
    assert RIGHT_TO_READ in ask(scene, "dora", spec, DRY).stderr


def test_the_class_has_to_be_one_that_may_be_used(scene: Scene) -> None:
    big = scene.admin.json("get", "troubleshooterclass", "default") | {"metadata": {"name": "big"}}
    scene.admin.apply(big)
    said = ask(scene, "bob", {"troubleshooterName": "web", "troubleshooterClassName": "big"}, DRY).stderr
    assert "you may not use class big; name another class" in said


def test_nobody_asks_in_anothers_name(scene: Scene) -> None:
    forged = ask(scene, "bob", MEANT[0], DRY, "--output=json", annotations={REQUESTED_BY: "alice"})
    if forged.returncode:
        assert "must be your own name, bob, or left out; got alice" in forged.stderr
    else:
        assert json.loads(forged.stdout)["metadata"]["annotations"][REQUESTED_BY] == "bob"


def test_its_pod_is_the_operators_and_stays_as_it_was_made(scene: Scene) -> None:
    """The read-only mount passes; an editor does not change whose recordings it is for."""
    scene.operator.apply(replay_pod())
    marks = {"metadata": {"labels": {"troubleshooter.sh/name": "api"}}}
    said = change(scene.person("alice"), marks)
    assert "pod look is a toolbox, which is not changed by hand" in said
    attached = scene.person("alice").attempt("attach", "look").stderr
    assert "Replay look is open for readings only: kubectl exec -it -n team look -- shell -- " in attached


def replay_pod() -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/managed-by": "troubleshooter-operator",
        "app.kubernetes.io/component": "replay",
        "troubleshooter.sh/name": "web",
    }
    mount = {"name": "recordings", "persistentVolumeClaim": {"claimName": "web-recordings", "readOnly": True}}
    spec = {"containers": [{"name": "toolbox", "image": "toolbox"}], "volumes": [mount]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look", "labels": labels}, "spec": spec}


def change(who: Kubectl, patch: Any) -> str:
    return who.attempt("patch", "pod", "look", "--type=merge", f"--patch={json.dumps(patch)}").stderr
