"""The plugin finds recordings, makes Replays and binds kept volumes again, with just the rights of its user.

The API server, its controllers and the policies are real. There is no node, so nothing is read; what the
operator would say of a Replay is said for it.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner, Result
from control_plane import ControlPlane
from kubectl import Kubectl, wait_until
from policed import TEAM, claim, give, policed_plane

from troubleshooter_cli import main
from troubleshooter_cli.errors import ForbiddenError, NotFoundError, NotReadyError
from troubleshooter_cli.invocation import Flags, Invocation
from troubleshooter_cli.kubectl import Pod
from troubleshooter_cli.sources import Scope, Sources

Json = dict[str, Any]
READ_ALL = {"apiGroups": ["troubleshooter.sh"], "resources": ["troubleshooters/recordings"], "verbs": ["get"]}
AVAILABLE = ("True", "ReplayAvailable", "The recordings can be read")
MISSING = ("False", "RecordingsNotFound", "There is no such claim")
BIND_SECONDS = 30.0


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """alice edits `team` and may read recordings; vera only views it."""
    with policed_plane(tmp_path_factory.mktemp("plane")) as running:
        give(running, "alice", READ_ALL)
        running.admin.in_namespace(TEAM).run(
            "create", "rolebinding", "view", "--clusterrole=view", "--user=vera"
        )
        yield running


@pytest.fixture
def admin(plane: ControlPlane) -> Kubectl:
    return plane.admin.in_namespace(TEAM)


def invocation(plane: ControlPlane, user: str) -> Invocation:
    kubeconfig = plane.state.kubeconfig("admin") if user == "admin" else plane.kubeconfig(user)
    return Invocation(Flags(namespace=TEAM, kubeconfig=str(kubeconfig)))


def sources(plane: ControlPlane, user: str = "alice", **scope: Any) -> Sources:
    return Sources(invocation(plane, user), Scope(**scope))


def run(plane: ControlPlane, user: str, *words: str) -> Result:
    """The plugin, as it is called."""
    flags = invocation(plane, user).flags
    where = [f"--namespace={flags.namespace}", f"--kubeconfig={flags.kubeconfig}"]
    return CliRunner().invoke(main.cli, [*words, *where], standalone_mode=False)


def tell(admin: Kubectl, kind: str, name: str, status: Json) -> None:
    """What an operator would."""
    patch = json.dumps({"status": status})
    admin.run("patch", kind, name, "--subresource=status", "--type=merge", f"--patch={patch}")


def conditions(ready: Sequence[str], ended: str = "False") -> list[Json]:
    now = {"lastTransitionTime": "2026-11-22T18:40:03Z"}
    return [
        {"type": "Ready", "status": ready[0], "reason": ready[1], "message": ready[2]} | now,
        {"type": "Ended", "status": ended, "reason": "Stopped", "message": "It was stopped"} | now,
    ]


def toolbox(admin: Kubectl, name: str, *, running: bool) -> None:
    """A Troubleshooter with two sessions, as its status tells them."""
    admin.apply(
        {
            "apiVersion": "troubleshooter.sh/v1alpha1",
            "kind": "Troubleshooter",
            "metadata": {"name": name},
            "spec": {},
        }
    )
    session = {
        "id": f"{name[:4]}0001", "user": "alice", "file": f"team/{name}/x.cast",
        "startedAt": "2026-11-22T18:40:03Z", "endedAt": "2026-11-22T18:41:03Z",
        "exitCode": 0, "bytes": 100, "sha256": "a" * 64,
    }  # fmt: skip
    later = session | {"id": f"{name[:4]}0002", "startedAt": "2026-11-22T18:50:03Z"}
    if running:
        del later["endedAt"]
    ready = ("True", "ShellAvailable", "Here it is") if running else ("False", "Ended", "It is over")
    status = {
        "conditions": conditions(ready, "False" if running else "True"),
        "podName": name,
        "startedAt": "2026-11-22T18:39:00Z",
        "recordings": {"claimName": f"{name}-recordings"},
        "sessions": [later, session],
        "sessionCount": 2,
    }
    tell(admin, "troubleshooter", name, status)


@contextmanager
def operator_says(admin: Kubectl, claim_name: str, ready: Sequence[str]) -> Iterator[list[str]]:
    """Says that of the first Replay for a claim, as soon as there is one; gives the names of all of them."""
    names: list[str] = []

    def of_claim() -> list[Json]:
        items: list[Json] = admin.json("get", "replays")["items"]
        return [item for item in items if item["spec"].get("claimName") == claim_name]

    def answer() -> None:
        (replay,) = wait_until(of_claim, timeout=BIND_SECONDS, what=f"a Replay of {claim_name}", every=0.05)
        name = replay["metadata"]["name"]
        names.append(name)
        tell(
            admin, "replay", name, {"conditions": conditions(ready), "podName": name, "claimName": claim_name}
        )

    thread = threading.Thread(target=answer, name="operator")
    thread.start()
    try:
        yield names
    finally:
        thread.join()


def phase(found: Json) -> str:
    return str(found.get("status", {}).get("phase"))


def labelled(name: str, **more: str) -> Json:
    return claim(name, labels={"troubleshooter.sh/recordings": "true"}, annotations=more)


def test_a_running_toolbox_is_read_without_a_pod_of_its_own(plane: ControlPlane, admin: Kubectl) -> None:
    toolbox(admin, "live", running=True)
    looking = sources(plane)
    shelf, found = looking.find("live/last")
    assert (found.id, found.is_running) == ("live0002", True)
    assert looking.find("live0001")[1].seconds == 60.0
    opened = looking.open(shelf)
    assert (opened.pod, opened.user) == (Pod(TEAM, "live"), "alice")
    assert admin.json("get", "replays")["items"] == []


def test_the_sessions_that_are_known_are_shown_without_reading_anything(
    plane: ControlPlane, admin: Kubectl
) -> None:
    toolbox(admin, "over", running=False)
    toolbox(admin, "busy", running=True)
    admin.apply(labelled("orphan-recordings"))
    admin.run("delete", "troubleshooter", "live", "--ignore-not-found")
    shown = run(plane, "vera", "sessions")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0].split()[:4] == ["ID", "STARTED", "TOOLBOX", "USER"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["busy0001", "2026-11-22T18:40:03Z", "team/busy"],
        ["over0001", "2026-11-22T18:40:03Z", "team/over"],
        ["busy0002", "2026-11-22T18:50:03Z", "team/busy"],
        ["over0002", "2026-11-22T18:50:03Z", "team/over"],
    ]
    assert "not looked at, since no pod has them open: team/orphan-recordings" in shown.stderr
    told = json.loads(run(plane, "vera", "sessions", "-o", "json").stdout)
    assert [(one["id"], one["state"], one["exitCode"]) for one in told] == [
        ("busy0001", "ended", 0), ("over0001", "ended", 0),
        ("busy0002", "running", 0), ("over0002", "ended", 0),
    ]  # fmt: skip


def test_a_replay_is_made_once_and_used_again(plane: ControlPlane, admin: Kubectl) -> None:
    toolbox(admin, "done", running=False)
    admin.apply(labelled("done-recordings"))
    looking = sources(plane)
    shelf, found = looking.find("done/last")
    assert found.id == "done0002"
    with operator_says(admin, "done-recordings", AVAILABLE) as names:
        opened = looking.open(shelf)
    assert opened.pod == Pod(TEAM, names[0])
    again = sources(plane)
    assert again.open(again.find("done0001")[0]).pod == opened.pod
    assert looking.renew(shelf).pod == opened.pod


def test_a_replay_that_cannot_be_had_is_one_sentence_and_goes_again(
    plane: ControlPlane, admin: Kubectl
) -> None:
    admin.apply(labelled("broken-recordings"))
    looking = sources(plane, claim="broken-recordings")
    (shelf,) = looking.shelves()
    with operator_says(admin, "broken-recordings", MISSING) as names, pytest.raises(NotReadyError) as raised:
        looking.open(shelf)
    assert raised.value.sentence == (
        "the recordings on team/broken-recordings cannot be read: There is no such claim (RecordingsNotFound)"
    )
    assert admin.get("replay", names[0]) is None


def test_who_may_not_make_one_is_told_what_to_ask_for(plane: ControlPlane, admin: Kubectl) -> None:
    admin.apply(labelled("closed-recordings"))
    looking = sources(plane, "vera", claim="closed-recordings")
    (shelf,) = looking.shelves()
    with pytest.raises(
        ForbiddenError, match="you may not read the recordings on claim team/closed-recordings"
    ) as raised:
        looking.open(shelf)
    assert "the verb get on troubleshooters/recordings" in raised.value.remedy


def test_what_is_no_recording_or_no_claim_of_recordings_is_not_found(
    plane: ControlPlane, admin: Kubectl
) -> None:
    with pytest.raises(NotFoundError, match="there is no recording of nobody in namespace team"):
        sources(plane).find("nobody/last")
    with pytest.raises(NotFoundError, match="there is no claim team/nothing"):
        sources(plane, claim="nothing").shelves()
    admin.apply(claim("foreign"))
    with pytest.raises(NotFoundError, match=r"is not labelled troubleshooter\.sh/recordings=true"):
        sources(plane, claim="foreign").shelves()


@pytest.fixture
def released(plane: ControlPlane, admin: Kubectl) -> Callable[[str], str]:
    """Makes a volume with recordings of a toolbox, whose claim was deleted."""

    def make(name: str) -> str:
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {
                "name": f"pv-{name}",
                "labels": {"troubleshooter.sh/recordings": "true"},
                "annotations": {
                    "troubleshooter.sh/namespace": TEAM,
                    "troubleshooter.sh/name": name,
                    "troubleshooter.sh/requested-by": "alice",
                    "troubleshooter.sh/ended-at": "2026-11-22T19:00:00Z",
                },
            },
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "by-hand",
                "hostPath": {"path": "/nowhere"},
                "claimRef": {
                    "namespace": TEAM,
                    "name": f"{name}-recordings",
                    "uid": "of-a-claim-that-is-gone",
                },
            },
        }
        admin.apply(volume)
        admin.wait_for("pv", f"pv-{name}", lambda found: phase(found) == "Released", timeout=BIND_SECONDS)
        return f"pv-{name}"

    return make


def test_a_kept_volume_is_bound_again_by_who_may(
    plane: ControlPlane, admin: Kubectl, released: Callable[[str], str]
) -> None:
    volume = released("kept")
    looking = sources(plane, "admin", volume=volume)
    (shelf,) = looking.shelves()
    assert (shelf.namespace, shelf.claim, shelf.owners) == (TEAM, "kept-recordings", ((TEAM, "kept"),))
    found = admin.wait_for(
        "pvc", "kept-recordings", lambda found: phase(found) == "Bound", timeout=BIND_SECONDS
    )
    assert found["spec"]["volumeName"] == volume
    assert found["metadata"]["annotations"]["troubleshooter.sh/bound-again"] == "true"
    assert found["metadata"]["annotations"]["troubleshooter.sh/name"] == "kept"
    with operator_says(admin, "kept-recordings", AVAILABLE) as names:
        assert looking.open(shelf).pod == Pod(TEAM, names[0])
    # The next command finds it bound.
    assert sources(plane, "admin", volume=volume).shelves()[0].key == shelf.key


def test_the_name_of_a_toolbox_leads_to_its_kept_volume(
    plane: ControlPlane, admin: Kubectl, released: Callable[[str], str]
) -> None:
    """Nothing else of it is left; another claim has its name by now."""
    volume = released("lost")
    admin.apply(claim("lost-recordings"))
    (shelf,) = sources(plane, "admin").shelves("lost")
    assert (shelf.namespace, shelf.claim, shelf.volume) == (TEAM, volume, volume)
    assert admin.json("get", "pvc", volume)["spec"]["volumeName"] == volume


def test_who_may_not_bind_it_gets_the_line_for_who_may(
    plane: ControlPlane, admin: Kubectl, released: Callable[[str], str]
) -> None:
    volume = released("asked")
    with pytest.raises(ForbiddenError, match="you may not look at volume pv-asked") as raised:
        sources(plane, volume=volume).shelves()
    line = f"kubectl troubleshoot volumes --bind {volume} --namespace {TEAM}"
    assert raised.value.remedy == f"ask an administrator to run: {line}"
    # And that line does it.
    assert run(plane, "admin", "volumes", "--bind", volume).exit_code == 0
    assert admin.json("get", "pvc", "asked-recordings")["spec"]["volumeName"] == volume


def test_a_temporary_namespace_that_is_gone_leads_to_its_volume(
    plane: ControlPlane, admin: Kubectl, released: Callable[[str], str]
) -> None:
    """The Troubleshooter is still there, and tells where the recordings were."""
    volume = released("away")
    toolbox(admin, "away", running=False)
    recordings = {"claimName": "away-recordings", "persistentVolumeName": volume}
    tell(admin, "troubleshooter", "away", {"podNamespace": "incident-response-1", "recordings": recordings})
    looking = sources(plane)
    shelf, _ = looking.find("away0001")
    assert shelf.namespace == "incident-response-1"
    with pytest.raises(ForbiddenError, match="you may not look at volume pv-away"):
        looking.open(shelf)
    looking = sources(plane, "admin")
    with operator_says(admin, "away-recordings", AVAILABLE) as names:
        assert looking.open(shelf).pod == Pod(TEAM, names[0])
    assert admin.json("get", "pvc", "away-recordings")["spec"]["volumeName"] == volume


def test_who_may_see_volumes_but_not_change_them_changes_nothing(
    plane: ControlPlane, admin: Kubectl, released: Callable[[str], str]
) -> None:
    volume = released("seen")
    plane.admin.run("create", "clusterrole", "see-volumes", "--verb=get,list", "--resource=persistentvolumes")
    plane.admin.run("create", "clusterrolebinding", "bob", "--clusterrole=see-volumes", "--user=bob")
    before = admin.json("get", "pv", volume)["spec"]["claimRef"]
    with pytest.raises(ForbiddenError, match=f"you may not bind volume {volume} again"):
        sources(plane, "bob", volume=volume).shelves()
    assert admin.json("get", "pv", volume)["spec"]["claimRef"] == before
    assert admin.get("pvc", "seen-recordings") is None


def test_volumes_shows_what_is_kept_to_who_may_see_it(
    plane: ControlPlane, admin: Kubectl, released: Callable[[str], str]
) -> None:
    volume = released("told")
    shown = run(plane, "admin", "volumes")
    (row,) = [line for line in shown.stdout.splitlines() if line.startswith(volume)]
    assert row.split()[1:5] == ["Released", "Retain", "team/told", "alice"]
    assert "kubectl troubleshoot sessions --volume NAME" in shown.stderr
    told = {
        each["volume"]: each for each in json.loads(run(plane, "admin", "volumes", "-A", "-o", "json").stdout)
    }
    assert told[volume]["endedAt"] == "2026-11-22T19:00:00Z"
    assert told[volume]["claim"] == "told-recordings"


def test_volumes_shows_the_claims_to_who_may_not_see_volumes(plane: ControlPlane, admin: Kubectl) -> None:
    admin.apply(labelled("shown-recordings"))
    shown = run(plane, "vera", "volumes", "-o", "json")
    assert "shown-recordings" in {each["claim"] for each in json.loads(shown.stdout)}
    assert "you may not list volumes" in shown.stderr
