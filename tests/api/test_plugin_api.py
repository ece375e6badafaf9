"""The plugin's own client of the API server: what it finds, as whom, and what each failure means."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import crds
import pytest
import yaml
from control_plane import ControlPlane, running_control_plane

from troubleshooter_cli.api import JSON_PATCH, AlreadyExistsError, Api, ConflictError
from troubleshooter_cli.errors import ForbiddenError, NotFoundError, UnreachableError, UsageError
from troubleshooter_cli.kinds import CLAIM, NAMESPACE, TROUBLESHOOTER, Kind

TOOLBOX: dict[str, Any] = {
    "apiVersion": "troubleshooter.sh/v1alpha1",
    "kind": "Troubleshooter",
    "metadata": {"name": "web"},
    "spec": {},
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        crds.install(running.admin)
        yield running


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> Api:
    return Api.connect(str(plane.state.kubeconfig("admin")))


@pytest.fixture
def namespace(api: Api, request: pytest.FixtureRequest) -> str:
    name = str(request.node.name).replace("_", "-")[:60].rstrip("-")
    api.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


def test_a_person_is_known_by_the_name_in_the_certificate(plane: ControlPlane) -> None:
    assert Api.connect(str(plane.kubeconfig("alice@example.org"))).whoami() == "alice@example.org"


def test_the_namespace_is_that_of_the_context(plane: ControlPlane, tmp_path: Path) -> None:
    config = yaml.safe_load(plane.state.kubeconfig("admin").read_text())
    first = config["contexts"][0]
    config["contexts"].append({"name": "shop", "context": first["context"] | {"namespace": "shop"}})
    other = tmp_path / "config"
    other.write_text(yaml.safe_dump(config))
    assert Api.connect(str(other)).namespace == "default"
    assert Api.connect(str(other), "shop").namespace == "shop"


def test_made_found_changed_and_deleted(api: Api, namespace: str) -> None:
    made = api.create(TROUBLESHOOTER, namespace, TOOLBOX)
    assert [item["metadata"]["name"] for item in api.items(TROUBLESHOOTER, namespace)] == ["web"]
    changed = api.patch(TROUBLESHOOTER, namespace, "web", {"spec": {"state": "Stopped"}})
    assert changed["spec"]["state"] == "Stopped"
    api.patch(TROUBLESHOOTER, namespace, "web", [{"op": "remove", "path": "/spec/state"}], JSON_PATCH)
    with pytest.raises(ConflictError):
        api.delete(TROUBLESHOOTER, namespace, "web", uid="5f0c6d3e-0000-0000-0000-000000000000")
    api.delete(TROUBLESHOOTER, namespace, "web", uid=made["metadata"]["uid"])
    assert api.find(TROUBLESHOOTER, namespace, "web") is None


def test_a_dry_run_makes_nothing(api: Api, namespace: str) -> None:
    assert api.create(TROUBLESHOOTER, namespace, TOOLBOX, dry_run=True)["spec"]["run"] == 1
    assert api.items(TROUBLESHOOTER, namespace) == []


def test_a_long_list_comes_in_pages_without_gaps(api: Api, namespace: str) -> None:
    names = [f"box-{number:03}" for number in range(501)]
    for name in names:
        api.create(TROUBLESHOOTER, namespace, TOOLBOX | {"metadata": {"name": name}})
    pages = list(api.pages(TROUBLESHOOTER, namespace))
    assert [len(page) for page in pages] == [500, 1]
    found = [item["metadata"]["name"] for page in pages for item in page]
    assert found == names
    assert all(first < second for first, second in pairwise(found))


def test_a_watch_tells_what_is_there_and_what_comes(api: Api, namespace: str) -> None:
    api.create(TROUBLESHOOTER, namespace, TOOLBOX)
    events = api.watch(TROUBLESHOOTER, namespace, seconds=30)
    assert next(events)["type"] == "ADDED"
    api.patch(TROUBLESHOOTER, namespace, "web", {"spec": {"purpose": "a look"}})
    changed = next(events)
    assert (changed["type"], changed["object"]["spec"]["purpose"]) == ("MODIFIED", "a look")


def test_a_second_one_of_the_same_name_is_refused(api: Api, namespace: str) -> None:
    api.create(TROUBLESHOOTER, namespace, TOOLBOX)
    with pytest.raises(AlreadyExistsError, match='"web" already exists'):
        api.create(TROUBLESHOOTER, namespace, TOOLBOX)


def test_what_is_not_there_is_not_found(api: Api, namespace: str) -> None:
    with pytest.raises(NotFoundError, match='"web" not found'):
        api.get(TROUBLESHOOTER, namespace, "web")


def test_a_kind_that_the_cluster_lacks_is_the_doctors_case(api: Api) -> None:
    unknown = Kind("Gadget", "/apis/troubleshooter.sh/v1alpha1", "gadgets")
    with pytest.raises(NotFoundError) as raised:
        api.items(unknown, None)
    assert raised.value.remedy == "kubectl troubleshoot doctor shows what is missing"


def test_what_the_api_server_finds_wrong_is_told_in_its_words(api: Api, namespace: str) -> None:
    with pytest.raises(UsageError, match="timeToLive"):
        api.create(TROUBLESHOOTER, namespace, TOOLBOX | {"spec": {"timeToLive": "3h"}})


def test_without_a_right_the_api_server_says_which(plane: ControlPlane) -> None:
    with pytest.raises(ForbiddenError, match='cannot list resource "persistentvolumeclaims"'):
        Api.connect(str(plane.kubeconfig("mallory"))).items(CLAIM, "default")


def test_no_api_server_is_told_without_pages_of_a_library(plane: ControlPlane, tmp_path: Path) -> None:
    config = yaml.safe_load(plane.state.kubeconfig("admin").read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    lost = tmp_path / "config"
    lost.write_text(yaml.safe_dump(config))
    with pytest.raises(UnreachableError) as raised:
        Api.connect(str(lost)).whoami()
    assert raised.value.sentence == (
        "the API server at https://127.0.0.1:1 does not answer: [Errno 111] Connection refused"
    )


def test_no_kubeconfig_is_a_matter_of_the_flags(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the kubeconfig cannot be used"):
        Api.connect(str(tmp_path / "none"))
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="the kubeconfig cannot be used"):
        Api.connect(str(tmp_path / "empty"))


def test_an_unknown_context_is_a_matter_of_the_flags(plane: ControlPlane) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        Api.connect(str(plane.state.kubeconfig("admin")), "nowhere")
