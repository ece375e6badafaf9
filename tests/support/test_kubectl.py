"""The parts of the tests' kubectl that need no cluster."""

from pathlib import Path

import pytest
from kubectl import Kubectl, Watch, condition, documents, wait_until

ADA = Kubectl(Path("/opt/kubectl"), Path("/home/ada/config"))


def test_each_user_has_a_kubeconfig_and_a_namespace_of_their_own() -> None:
    """Nothing comes from the environment."""
    assert ADA.in_namespace("blue").command("get", "pods") == [
        "/opt/kubectl",
        "--kubeconfig",
        "/home/ada/config",
        "--namespace",
        "blue",
        "get",
        "pods",
    ]


def test_a_half_written_event_is_left_for_later(tmp_path: Path) -> None:
    """kubectl prints one indented JSON object after another."""
    file = tmp_path / "events.json"
    file.write_text('{"type": "ADDED",\n "object": {"a": 1}}\n{"type": "DELETED", "object": {"a"')
    assert Watch(file).events() == [("ADDED", {"a": 1})]
    file.write_text('{"type": "ADDED",\n "object": {"a": 1}}\n{"type": "DELETED", "object": {"a": 2}}\n')
    assert Watch(file).events() == [("ADDED", {"a": 1}), ("DELETED", {"a": 2})]


def test_manifests_may_be_texts_and_objects() -> None:
    """kubectl reads JSON as YAML."""
    assert documents(["kind: Pod", {"kind": "Secret"}]) == 'kind: Pod\n---\n{"kind": "Secret"}'


def test_a_condition_is_found_by_its_type() -> None:
    """One that is not there, or no status at all, is empty."""
    pod = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert condition(pod, "Ready") == {"type": "Ready", "status": "True"}
    assert condition(pod, "Ended") == {}
    assert condition({}, "Ready") == {}


def test_a_wait_gives_what_was_found_or_names_what_was_not() -> None:
    """The first true answer ends it."""
    answers = iter([None, "", "here"])
    assert wait_until(lambda: next(answers), timeout=5, what="the answer") == "here"
    with pytest.raises(TimeoutError, match=r"the answer: not within 0 s"):
        wait_until(lambda: None, timeout=0, what="the answer")
