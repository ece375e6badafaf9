"""deploy/policies on the real cluster: whatever is executed in a toolbox is recorded, under the true name."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import harness
import pytest
from harness import CHECKOUT
from kubectl import Kubectl, wait_until
from operator_deployment import log_lines
from shelf import Shelf
from stage import Stage, new_editor
from toolbox import Toolbox

POLICIES = str(CHECKOUT / "deploy" / "policies" / "v1beta1")
NOTICED_SECONDS = 60.0  # ten until a policy counts, thirty until the operator asks again
IN_FORCE_SECONDS = 20.0
NOT_YOURS = "toolbox alices is for alice; ask for your name in spec.access of Troubleshooter alices"


@pytest.fixture(scope="module")
def policies(operator: None, admin: Kubectl) -> Iterator[None]:
    """In force, and known to the operator. Afterwards all of them are there again, or none, as before."""
    were_there = admin.get("validatingadmissionpolicybinding", "troubleshooter-shells") is not None
    admin.run("apply", "-k", POLICIES)
    wait_until(lambda: execs(admin) == "enforced", timeout=NOTICED_SECONDS, what="an operator that knows")
    yield
    if were_there:
        admin.run("apply", "-k", POLICIES)
        return
    admin.run("delete", "-k", POLICIES, "--ignore-not-found")
    wait_until(lambda: execs(admin) == "none", timeout=NOTICED_SECONDS, what="an operator that knows")


def execs(admin: Kubectl) -> str:
    """What the operator holds of the users of execs, by the last word of its log."""
    told = [line for line in log_lines(admin) if "event=policies" in line]
    return told[-1].partition("execs=")[2] if told else ""


@pytest.fixture(scope="module")
def alices(policies: None, stage: Stage) -> Toolbox:
    """Asked for by alice with the policies in force."""
    return stage.start("alices")


@pytest.fixture(scope="module")
def kept(stage: Stage, alices: Toolbox) -> Shelf:
    return stage.shelf("alices")


@pytest.fixture
def shelf(kept: Shelf) -> Shelf:
    """Where what other tests recorded is not new."""
    kept.new_casts()
    return kept


@pytest.fixture(scope="module")
def bob(cluster: harness.Cluster, admin: Kubectl, stage: Stage) -> Kubectl:
    return new_editor(cluster, admin, stage.namespace, "bob")


@pytest.fixture(scope="module")
def carol(cluster: harness.Cluster, stage: Stage) -> Kubectl:
    """The namespace's administrator."""
    stage.admin.run("create", "rolebinding", "admin", "--clusterrole=admin", "--user=carol")
    return Kubectl(cluster.kubectl, Path(harness.call("user", "carol").strip()), stage.namespace)


def test_a_shell_opened_by_habit_is_recorded_as_its_true_user(alices: Toolbox, shelf: Shelf) -> None:
    with alices.exec("bash") as terminal:
        terminal.expect("this shell is recorded as alice, until ")
        terminal.expect("$ ")
        terminal.sendline("echo se''en; exit 3")
        terminal.expect("seen")
        assert terminal.wait() == 3
    cast = shelf.new_cast()
    told = cast.header["troubleshooter"]
    assert (told["user"], told["verified"]) == ("alice", True)
    assert "seen" in cast.shown


def test_a_name_that_is_given_is_replaced(alices: Toolbox, shelf: Shelf) -> None:
    assert alices.run("shell", "--user=carol", "-c", "echo mine").stdout == b"mine\n"
    told = shelf.new_cast().header["troubleshooter"]
    assert (told["user"], told["verified"]) == ("alice", True)


def test_a_name_given_within_a_session_is_not_verified(alices: Toolbox, shelf: Shelf) -> None:
    assert alices.run("sh", "-c", "shell --user=carol -c 'echo within'").stdout == b"within\n"
    told = {
        each.header["troubleshooter"]["user"]: each.header["troubleshooter"]["verified"]
        for each in shelf.new_casts()
    }
    assert told == {"alice": True, "carol": False}


def test_files_are_copied_as_ever(alices: Toolbox, shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("content")
    alices.user.run("cp", str(tmp_path / "there"), "alices:/tmp/copied")
    alices.user.run("cp", "alices:/tmp/copied", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "content"
    assert [each.header["troubleshooter"]["user"] for each in shelf.new_casts()][-2:] == ["alice", "alice"]


def test_another_editor_gets_no_shell_and_leaves_no_recording(
    alices: Toolbox, shelf: Shelf, bob: Kubectl
) -> None:
    for words in (("bash",), ("shell", "--user=alice", "-c", "id"), ("rm", "-rf", "/recordings")):
        refused = bob.attempt("exec", "alices", "--", *words)
        assert NOT_YOURS in refused.stderr
    assert shelf.new_casts() == []


def test_an_administrator_comes_in_under_the_own_name(alices: Toolbox, shelf: Shelf, carol: Kubectl) -> None:
    wait_until(
        lambda: carol.attempt("exec", "alices", "--", "id", "-un").returncode == 0,
        timeout=IN_FORCE_SECONDS,
        what="carol's rights",
    )
    told = shelf.new_casts()[-1].header["troubleshooter"]
    assert (told["user"], told["verified"]) == ("carol", True)


def test_who_may_read_reads_and_is_noted(alices: Toolbox, shelf: Shelf, bob: Kubectl) -> None:
    alices.run("true")
    (cast,) = shelf.new_casts()
    found = bob.run("exec", "alices", "--", "troubleshooter-agent", "list").stdout
    assert cast.path.stem[-8:] in found
    assert shelf.new_casts() == []
    notes = (shelf.folder / alices.user.namespace / "alices" / "access.jsonl").read_text()
    assert '"bob"' in notes.splitlines()[-1]


def test_status_names_the_requester_and_the_true_users(alices: Toolbox, stage: Stage) -> None:
    found = stage.admin.wait_for(
        "troubleshooter", "alices", lambda it: it["status"].get("sessions"), timeout=30
    )
    assert found["status"]["requestedBy"] == "alice"
    assert "alice" in {each["user"] for each in found["status"]["sessions"]}


def test_without_rewriting_the_line_to_type_is_told(alices: Toolbox, shelf: Shelf, admin: Kubectl) -> None:
    """The last of this file: it takes the mutating policy away."""
    for kind in ("mutatingadmissionpolicybinding", "mutatingadmissionpolicy"):
        admin.run("delete", kind, "troubleshooter-shells")
    refused = wait_until(
        lambda: said if (said := alices.user.attempt("exec", "alices", "--", "echo", "a  b").stderr) else "",
        timeout=IN_FORCE_SECONDS,
        what="a refusal",
    )
    line = refused.strip().partition("; write: ")[2]
    assert line == f"kubectl exec -n {alices.user.namespace} alices -- shell --user=alice -- echo 'a  b'"
    shelf.new_casts()
    assert alices.user.run(*shlex.split(line)[1:]).stdout == "a  b\n"
    told = shelf.new_cast().header["troubleshooter"]
    assert (told["user"], told["verified"]) == ("alice", True)
