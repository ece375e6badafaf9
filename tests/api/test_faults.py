"""A life through each fault of the API server and of the way to it ends as an undisturbed one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import api_faults
import pytest
from api_client import Json
from api_exchange import Exchange
from api_proxy import Proxy
from control_plane import ControlPlane, running_control_plane
from life_stage import install, kubeconfig, new_certificate, running_proxy
from lives import Life, a_life

from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.informer import Pace
from troubleshooter_operator.main import Operator

QUICK = Pace(watch=2, slack=1.0, relist=2.0, first_retry=0.1, last_retry=0.5)
ANSWER_SECONDS = 1.0
MANY = 1000
WATCH = r"^GET .*watch=true"
LIST = r"^GET .*limit="
CHANGE = r"^(POST|PATCH|PUT|DELETE) "
EVERY_KIND = 5
WATCH_FAULTS = {
    "410": api_faults.say_gone,
    "cut in mid-line": api_faults.cut_in_mid_line,
    "stalled": api_faults.stall,
    "500": api_faults.refuse(500),
    "403": api_faults.refuse(403, "Forbidden"),
    "429": api_faults.refuse(429, "TooManyRequests", Retry_After="1"),
    "twice and out of order": api_faults.repeat,
}
LIST_FAULTS = {
    "410": api_faults.refuse(410, "Expired"),
    "no answer": api_faults.keep_answer,
}
REQUEST_FAULTS = {
    "answer lost": api_faults.lose_answer,
    "no answer": api_faults.keep_answer,
    "500": api_faults.refuse(500),
    "429": api_faults.refuse(429, "TooManyRequests", Retry_After="1"),
    "409": api_faults.refuse(409, "Conflict"),
    "404": api_faults.refuse(404, "NotFound"),
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        install(running)
        yield running


@pytest.fixture
def proxy(plane: ControlPlane) -> Iterator[Proxy]:
    with running_proxy(plane) as running:
        yield running


@pytest.fixture
def config(plane: ControlPlane, proxy: Proxy, tmp_path: Path) -> Path:
    return kubeconfig(plane, proxy, tmp_path)


@contextmanager
def operator_at(config: Path) -> Iterator[None]:
    cluster = ApiServer.connect(config, connections=12, answer_seconds=ANSWER_SECONDS)
    operator = Operator(cluster, QUICK)
    operator.start(0)
    try:
        yield
    finally:
        operator.stop()
        cluster.close()


@pytest.fixture
def life(plane: ControlPlane, proxy: Proxy, config: Path) -> Iterator[Life]:
    """Of one pod, however often the operator asked for it."""
    with a_life(plane) as living, operator_at(config):
        yield living
    assert proxy.made("pods") == 1


@pytest.fixture(scope="module")
def undisturbed(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("undisturbed")
    with (
        running_proxy(plane) as proxy,
        a_life(plane) as living,
        operator_at(kubeconfig(plane, proxy, folder)),
    ):
        return living.live()


def test_an_undisturbed_life_leaves_one_kept_volume_and_no_pod(undisturbed: Json) -> None:
    assert undisturbed["conditions"]["Ended"][:2] == ["True", "IdleTimeout"]
    assert undisturbed["policies"] == ["Retain"]
    assert (undisturbed["pods made"], undisturbed["pods left"], len(undisturbed["claims"])) == (1, 0, 1)


@pytest.mark.parametrize("fault", WATCH_FAULTS.values(), ids=WATCH_FAULTS)
def test_watches_that_fail(
    fault: Callable[[Exchange], None], proxy: Proxy, life: Life, undisturbed: Json
) -> None:
    """Three of each kind, right after a cut of every connection."""
    told = 3 * EVERY_KIND
    proxy.tell(WATCH, fault, times=told)
    proxy.cut()
    assert life.live() == undisturbed
    assert proxy.left_to_do() < told


@pytest.mark.parametrize("fault", LIST_FAULTS.values(), ids=LIST_FAULTS)
def test_lists_that_fail(
    fault: Callable[[Exchange], None], proxy: Proxy, life: Life, undisturbed: Json
) -> None:
    """Two of each kind, right after a cut of every connection."""
    told = 2 * EVERY_KIND
    proxy.tell(LIST, fault, times=told)
    proxy.cut()
    assert life.live() == undisturbed
    assert proxy.left_to_do() < told


@pytest.mark.parametrize("fault", REQUEST_FAULTS.values(), ids=REQUEST_FAULTS)
def test_changes_that_fail(
    fault: Callable[[Exchange], None], proxy: Proxy, life: Life, undisturbed: Json
) -> None:
    proxy.tell(CHANGE, fault, times=4)
    assert life.live() == undisturbed
    assert proxy.left_to_do() == 0


def test_a_server_that_refuses_connections_for_a_while(proxy: Proxy, life: Life, undisturbed: Json) -> None:
    """The toolbox ends meanwhile."""
    life.ask()
    life.wait_available()
    proxy.close()
    life.end()
    life.wait_container_ended()
    proxy.open()
    life.wait_ended()
    assert life.outcome() == undisturbed


def test_a_new_certificate_of_the_server(
    plane: ControlPlane, proxy: Proxy, life: Life, undisturbed: Json
) -> None:
    life.ask()
    life.wait_available()
    proxy.use_certificate(new_certificate(plane, "proxy-renewed"))
    proxy.cut()
    life.end()
    life.wait_ended()
    assert life.outcome() == undisturbed


def test_a_rotated_token(proxy: Proxy, config: Path, life: Life, undisturbed: Json) -> None:
    """The old one is no longer taken; the new one stands in the file."""
    proxy.tokens = {"first"}
    life.ask()
    life.wait_available()
    (config.parent / "token").write_text("second")
    proxy.tokens = {"second"}
    life.end()
    life.wait_ended()
    assert life.outcome() == undisturbed


def test_a_pod_that_is_gone_before_the_list_that_follows_410(proxy: Proxy, life: Life) -> None:
    """Nobody saw it go, nor what it said last: it is lost, its recordings are not, and none is made anew."""
    life.ask()
    life.wait_available()
    with deaf(proxy, "pods"):
        life.lose_pod()
    life.wait_ended()
    found = life.outcome()
    assert found["conditions"]["Ended"][:2] == ["True", "PodLost"]
    assert found["conditions"]["Recorded"][:2] == ["False", "Truncated"]
    assert (found["policies"], found["pods left"], found["pods made"]) == (["Retain"], 0, 1)
    assert len(found["status"]["sessions"]) == 1


def test_a_deletion_that_is_over_before_the_list_that_follows_410(proxy: Proxy, life: Life) -> None:
    """Of the Troubleshooter and its pod: claim and volume say that the end is not known."""
    life.ask()
    life.wait_available()
    with deaf(proxy, "(pods|troubleshooters)"):
        life.delete()
        life.wait_no_pod()
    life.wait_gone()
    found = life.outcome()
    assert [each["troubleshooter.sh/ended-at"] for each in (*found["claims"], *found["volumes"])] == [
        "unknown",
        "unknown",
    ]
    assert (found["policies"], found["pods left"], found["pods made"]) == (["Retain"], 0, 1)


@contextmanager
def deaf(proxy: Proxy, kinds: str) -> Iterator[None]:
    """No list of these kinds is answered, and their watches are told 410; after the block all is well."""
    proxy.tell(rf"^GET .*/{kinds}\?.*watch=true", api_faults.say_gone, times=MANY)
    proxy.tell(rf"^GET .*/{kinds}\?.*limit=", api_faults.refuse(500), times=MANY)
    proxy.cut()
    yield
    proxy.forget_orders()
