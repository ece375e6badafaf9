"""Some namespaces only: what is watched, and caches that do not take each other's objects for gone."""

from pathlib import Path

import pytest
from resource_objects import OWNER, pod, troubleshooter

from troubleshooter_operator import kinds
from troubleshooter_operator.kinds import uid_of
from troubleshooter_operator.main import Arguments, parse
from troubleshooter_operator.partition import own_namespace, parse_namespaces, watched
from troubleshooter_operator.stores import Stores, mount_key


def test_each_kind_is_watched_in_each_namespace_and_classes_once() -> None:
    found = watched((kinds.TROUBLESHOOTER, kinds.CLASS, kinds.POD), ("a", "b"))
    assert [kind.path() for kind in found] == [
        "/apis/troubleshooter.sh/v1alpha1/namespaces/a/troubleshooters",
        "/apis/troubleshooter.sh/v1alpha1/namespaces/b/troubleshooters",
        "/apis/troubleshooter.sh/v1alpha1/troubleshooterclasses",
        "/api/v1/namespaces/a/pods",
        "/api/v1/namespaces/b/pods",
    ]


def test_a_namespace_that_is_named_goes_before_the_one_that_is_watched() -> None:
    (found,) = watched((kinds.POD,), ("a",))
    assert found.path("b", "web") == "/api/v1/namespaces/b/pods/web"


def test_without_namespaces_the_whole_cluster_is_watched() -> None:
    assert watched((kinds.POD,), ()) == [kinds.POD]


def test_a_list_of_one_namespace_takes_nothing_of_another_for_gone() -> None:
    stores = Stores.over(("a", "b"))
    (in_a, in_b) = (stores.store(kind) for kind in watched((kinds.TROUBLESHOOTER,), ("a", "b")))
    in_a.replace([troubleshooter(namespace="a")], "60")
    assert in_b.replace([], "70") == []
    assert stores.troubleshooters.get("a", "web") is not None
    assert [found["metadata"]["namespace"] for found in stores.troubleshooters.all()] == ["a"]


def test_whose_an_object_is_holds_over_all_namespaces() -> None:
    stores = Stores.over(("a", "b"))
    made = pod(namespace="b", resourceVersion="80")
    stores.pods.remember(made)
    assert [uid_of(found) for found in stores.pods.group(("b", "web"))] == [uid_of(made)]
    assert stores.pods.group(("a", "web")) == []
    assert made["metadata"]["ownerReferences"][0]["uid"] == OWNER


@pytest.mark.parametrize("stores", [Stores(), Stores.over(("a", "b"))])
def test_pods_are_found_by_the_claim_that_they_mount(stores: Stores) -> None:
    """Those of the claim's namespace, until they are gone."""
    made = pod(namespace="b", resourceVersion="80")
    made["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "shared"}}]
    stores.pods.remember(made)
    assert [uid_of(found) for found in stores.pods.group(mount_key("b", "shared"))] == [uid_of(made)]
    assert stores.pods.group(mount_key("a", "shared")) == []
    assert stores.pods.group(("b", "shared")) == []


def test_what_is_in_no_namespace_of_ours_is_not_kept() -> None:
    stores = Stores.over(("a",))
    stores.pods.remember(pod(namespace="c"))
    assert stores.pods.all() == []
    assert stores.pods.get("c", "web") is None


def test_the_command_line_takes_names_with_commas_between() -> None:
    assert parse(["--watch-namespaces", "team-a, team-b,team-a"]) == Arguments(
        None, 8080, ("team-a", "team-b")
    )


@pytest.mark.parametrize(
    ("text", "bad"),
    [("", "''"), ("a,,b", "''"), ("Team", "'Team'"), ("a b", "'a b'"), ("a" * 64, f"'{'a' * 64}'")],
)
def test_a_name_that_cannot_be_a_namespace_is_refused_in_a_sentence(text: str, bad: str) -> None:
    with pytest.raises(ValueError, match="cannot be a namespace") as caught:
        parse_namespaces(text)
    assert str(caught.value) == (
        f"{bad} cannot be a namespace; give names of a-z, 0-9 and - with commas between, "
        "such as team-a,team-b"
    )


def test_the_command_line_says_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(["--watch-namespaces", "A"])
    assert "argument --watch-namespaces: 'A' cannot be a namespace; give names" in capsys.readouterr().err


def test_the_operators_own_namespace_is_what_its_pod_is_told(tmp_path: Path) -> None:
    told = tmp_path / "namespace"
    told.write_text("observability")
    assert own_namespace(told) == "observability"


def test_outside_of_a_pod_it_is_that_of_the_base(tmp_path: Path) -> None:
    assert own_namespace(tmp_path / "namespace") == "troubleshooter-system"
