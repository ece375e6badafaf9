"""The same recordings, read by the plugin at every stage of what becomes of their toolbox.

From a running toolbox, after its end, after its Troubleshooter was deleted, as an administrator after its
claim was deleted, and from a temporary namespace that is gone. The tests stand in that order.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cutting import cutting
from kubectl import wait_until
from plugin import Plugin
from stage import Stage
from toolbox import Toolbox

NAME = "web"
CUTS = 12  # tests/cli/test_saving.py has fifty, of a program that stands in for kubectl
SEED = 20261125
LONG = "for n in $(seq 40000); do echo line $n of a long one; done; echo needle at the end"
READ = [{"apiGroups": ["troubleshooter.sh"], "resources": ["troubleshooters/recordings"], "verbs": ["get"]}]


@dataclass(frozen=True)
class Recorded:
    """Two sessions of a toolbox: what a reader must find, whatever has become of it."""

    namespace: str
    name: str
    short: str
    long: str


@pytest.fixture(scope="module")
def alice(operator: None, stage: Stage) -> Plugin:
    """An editor, who may read the recordings of the namespace."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "recordings"}}
    stage.admin.apply(role | {"rules": READ})
    stage.admin.run("create", "rolebinding", "recordings", "--role=recordings", "--user=alice")
    return Plugin(stage.editor)


@pytest.fixture(scope="module")
def running(alice: Plugin, stage: Stage) -> Recorded:
    return record(stage.start(NAME, purpose="checkout answers 502"), alice)


def record(toolbox: Toolbox, plugin: Plugin) -> Recorded:
    """A short session and a long one."""
    assert toolbox.run("shell", "-c", "echo needle in a short one").returncode == 0
    assert toolbox.run("shell", "-c", LONG).returncode == 0
    told = sorted(plugin.json("sessions", toolbox.name), key=lambda one: one["bytes"])
    short, long = (one["id"] for one in told)
    return Recorded(told[0]["namespace"], toolbox.name, short, long)


@pytest.fixture(scope="module")
def ended(running: Recorded, stage: Stage) -> Recorded:
    stage.ask(NAME, state="Stopped", purpose="checkout answers 502")
    stage.wait_reason(NAME, "Stopped", kind="Ended")
    stage.editor.wait_gone("pod", NAME, timeout=60)
    return running


@pytest.fixture(scope="module")
def orphaned(ended: Recorded, stage: Stage) -> Recorded:
    stage.editor.run("delete", "troubleshooter", NAME)
    return ended


@pytest.fixture(scope="module")
def released(orphaned: Recorded, stage: Stage) -> str:
    """The volume whose claim was deleted; the Replays that held it are gone too."""
    volume = str(stage.volume_of(f"{NAME}-recordings")["metadata"]["name"])
    stage.editor.run("delete", "replays", "--all")
    stage.editor.run("delete", "pvc", f"{NAME}-recordings")
    stage.admin.wait_for("pv", volume, lambda found: found["status"]["phase"] == "Released", timeout=60)
    return volume


def read_everything(plugin: Plugin, of: Recorded, folder: Path, *where: str) -> None:
    """Listed, searched, verified, played and saved: `where` says how they are found."""
    sessions = [one for one in plugin.json("sessions", *where) if one["id"] in {of.short, of.long}]
    assert {(one["id"], one["state"]) for one in sessions} == {(of.short, "ended"), (of.long, "ended")}
    hits = plugin.json("search", "needle", *where)
    assert {(hit["id"], hit["user"]) for hit in hits} == {(of.short, "alice"), (of.long, "alice")}
    assert {verdict["state"] for verdict in plugin.json("verify", *where)} == {"good"}
    scope = where if where[0].startswith("-") else ()
    with plugin.terminal("play", of.short, "--speed", "100", *scope) as terminal:
        terminal.expect("needle in a short one")
        assert terminal.wait(timeout=30) == 0
    assert "hashes right" in plugin.run("save", *where, "-o", str(folder)).stderr
    for one in sessions:
        assert hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest() == one["sha256"]


def test_from_a_running_toolbox(alice: Plugin, running: Recorded, stage: Stage, tmp_path: Path) -> None:
    read_everything(alice, running, tmp_path, NAME)
    assert alice.run("search", "no such text", NAME, fine=[1]).stdout == ""
    assert alice.run("export", running.short, "--as", "txt").stdout == "needle in a short one\n"
    cast = tmp_path / "short.cast"
    alice.run("export", running.short, "-o", str(cast))
    assert '"needle in a short one' in cast.read_text()
    assert stage.editor.json("get", "replays")["items"] == []


def test_cuts_of_the_connection_lose_nothing(
    alice: Plugin, running: Recorded, stage: Stage, tmp_path: Path
) -> None:
    """Of the real kubectl, killed in the middle of a stream at random points."""
    (tmp_path / "bin").mkdir()
    broken = cutting(tmp_path / "bin", stage.editor.program, cuts=CUTS, most=60_000, seed=SEED)
    broken.program.rename(tmp_path / "bin" / "kubectl")
    plugin = alice.through(tmp_path / "bin" / "kubectl")
    said = plugin.run("save", NAME, "-o", str(tmp_path / "saved")).stderr
    assert "hashes right" in said
    assert broken.cuts == CUTS
    (long,) = [one for one in alice.json("sessions", NAME) if one["id"] == running.long]
    text = (tmp_path / "saved" / long["file"]).read_bytes()
    assert (len(text), hashlib.sha256(text).hexdigest()) == (long["bytes"], long["sha256"])
    assert not list((tmp_path / "saved").rglob("*.part"))


def test_a_running_session_is_watched_live(alice: Plugin, running: Recorded, stage: Stage) -> None:
    with Toolbox(stage.editor, NAME).prompt() as person:
        wait_until(lambda: alice.json("sessions")[-1]["state"] == "running", timeout=30, what="the session")
        with alice.terminal("watch", f"{NAME}/last") as watcher:
            watcher.expect(":~$")
            person.sendline("echo seen by $((2000 + 26))")
            watcher.expect("seen by 2026")
            watcher.send("\x03")
            watcher.wait(timeout=30)
        person.sendline("exit")
        assert person.wait(timeout=30) == 0


def test_after_its_end(alice: Plugin, ended: Recorded, stage: Stage, tmp_path: Path) -> None:
    """Through one Replay for all of it."""
    read_everything(alice, ended, tmp_path, NAME)
    assert len(stage.editor.json("get", "replays")["items"]) == 1


def test_after_its_troubleshooter_was_deleted(
    alice: Plugin, orphaned: Recorded, stage: Stage, tmp_path: Path
) -> None:
    """By the name that it had, which its claim tells."""
    read_everything(alice, orphaned, tmp_path, NAME)


def test_who_may_not_bind_volumes_gets_the_line_for_who_may(alice: Plugin, released: str) -> None:
    said = alice.run("sessions", "--volume", released, fine=[4]).stderr
    line = f"kubectl troubleshoot volumes --bind {released} --namespace {alice.user.namespace}"
    assert said.splitlines()[-1] == f"ask an administrator to run: {line}"


def test_as_administrator_after_its_claim_was_deleted(
    alice: Plugin, orphaned: Recorded, released: str, stage: Stage, tmp_path: Path
) -> None:
    admin = Plugin(stage.admin)
    (kept,) = [each for each in admin.json("volumes") if each["volume"] == released]
    assert (kept["status"], kept["name"], kept["requestedBy"]) == ("Released", NAME, "alice")
    read_everything(admin, orphaned, tmp_path, "--volume", released)
    # And from now on its people can, too.
    assert {orphaned.short, orphaned.long} <= {one["id"] for one in alice.json("sessions", NAME)}


@pytest.fixture(scope="module")
def gone(alice: Plugin, apart: str, stage: Stage) -> Iterator[Recorded]:
    """A life in a namespace of its own, which is gone, as its Troubleshooter is."""
    spec = {"temporaryNamespace": True, "troubleshooterClassName": apart, "access": {"users": ["alice"]}}
    stage.ask("gone", **spec)
    stage.ready("gone")
    there = stage.editor.json("get", "troubleshooter", "gone")["status"]["podNamespace"]
    found = record(Toolbox(stage.editor.in_namespace(there), "gone"), alice)
    stage.ask("gone", state="Stopped", **spec)
    stage.wait_reason("gone", "Stopped", kind="Ended")
    stage.admin.wait_gone("namespace", there, timeout=90)
    stage.editor.run("delete", "troubleshooter", "gone")
    yield found
    for volume in stage.admin.json("get", "persistentvolumes")["items"]:
        if volume["spec"].get("claimRef", {}).get("namespace") == there:
            stage.admin.run("delete", "persistentvolume", volume["metadata"]["name"], "--wait=false")


def test_from_a_temporary_namespace_that_is_gone(gone: Recorded, stage: Stage, tmp_path: Path) -> None:
    """As an administrator, by the name that it had."""
    read_everything(Plugin(stage.admin), gone, tmp_path, "gone")
