"""The plugin's commands for toolboxes at a real API server, by an editor; the tests play the operator."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import crds
import pytest
import yaml
from control_plane import ControlPlane, running_control_plane
from kubectl import Kubectl, wait_until
from plugin import PROGRAM, Plugin

from troubleshooter_cli.api import Api
from troubleshooter_cli.kinds import TROUBLESHOOTER

SECONDS = 30
EDITOR = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: toolboxes}
rules:
- apiGroups: [troubleshooter.sh]
  resources: [troubleshooters]
  verbs: [get, list, watch, create, patch, delete]
"""
READY = {"type": "Ready", "status": "True", "reason": "ShellAvailable", "message": "Open a shell"}
NO_CLASS = {
    "type": "Ready",
    "status": "False",
    "reason": "ClassNotFound",
    "message": "There is no class open",
}
STAYS = (
    "toolbox web stays and goes on trying: kubectl troubleshoot shell web opens a shell, "
    "kubectl troubleshoot delete web deletes it"
)
ENDED = {"type": "Ended", "status": "True", "reason": "Stopped", "message": "The run was stopped"}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        crds.install(running.admin)
        running.admin.apply(EDITOR)
        yield running


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> Api:
    return Api.connect(str(plane.state.kubeconfig("admin")))


@pytest.fixture
def alice(plane: ControlPlane, request: pytest.FixtureRequest) -> Plugin:
    """An editor of the test's own namespace, who may not even read pods."""
    name = str(request.node.name).replace("_", "-")[:60].rstrip("-")
    plane.admin.run("create", "namespace", name)
    inside = plane.admin.in_namespace(name)
    inside.run("create", "rolebinding", "toolboxes", "--clusterrole=toolboxes", "--user=alice")
    return Plugin(Kubectl(plane.programs["kubectl"], plane.kubeconfig("alice"), name))


Tell = Callable[..., None]


@pytest.fixture
def tell(api: Api, alice: Plugin) -> Tell:
    """Writes a status as the operator does, once the toolbox is there."""

    def write(name: str, *conditions: dict[str, Any], **status: Any) -> None:
        namespace = alice.user.namespace
        wait_until(
            lambda: api.find(TROUBLESHOOTER, namespace, name), timeout=SECONDS, what=f"a toolbox {name}"
        )
        thing = api.get(TROUBLESHOOTER, namespace, name)
        generation = thing["metadata"]["generation"]
        told = [one | {"lastTransitionTime": "2026-11-25T12:00:00Z"} for one in conditions]
        shown = {"run": 1, "requestedBy": "alice", "conditions": told, "observedGeneration": generation}
        path = f"{TROUBLESHOOTER.path(namespace, name)}/status"
        api.request("PUT", path, body=thing | {"status": shown | status})

    return write


def meanwhile(alice: Plugin, *words: str, fine: int = 0) -> Any:
    """The future of a command that waits for the operator."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(alice.run, *words, fine=[fine])
    pool.shutdown(wait=False)
    return future


def test_a_dry_run_is_checked_by_the_cluster_and_makes_nothing(alice: Plugin) -> None:
    shown = yaml.safe_load(alice.run("start", "web", "--dry-run", "--ttl", "45m").stdout)
    assert shown["metadata"] == {"name": "web", "namespace": alice.user.namespace}
    assert shown["spec"] == {"timeToLive": "45m"}
    assert (
        "timeToLive must be between 1m and 2h" in alice.run("start", "--dry-run", "--ttl=3h", fine=[2]).stderr
    )
    assert alice.run("list").stderr.startswith(f"no toolboxes in namespace {alice.user.namespace}")


def test_a_toolbox_without_a_name_is_called_after_the_person(alice: Plugin, tell: Tell) -> None:
    started = meanwhile(alice, "start", "--detach", "-o", "name")
    tell("alice-1", READY)
    done = started.result(SECONDS)
    assert done.stdout == "troubleshooter.troubleshooter.sh/alice-1\n"
    assert "toolbox alice-1 is ready: kubectl troubleshoot shell alice-1 opens a shell in it" in done.stderr


def test_what_cannot_be_is_told_with_reason_remedy_and_what_stays(alice: Plugin, tell: Tell) -> None:
    started = meanwhile(alice, "start", "web", "--class=open", "--detach", fine=5)
    tell("web", NO_CLASS)
    said = started.result(SECONDS).stderr.splitlines()
    assert said[-3:] == [
        "error: toolbox web is not ready: There is no class open (ClassNotFound)",
        "kubectl troubleshoot doctor shows the classes that are there; name one with --class",
        STAYS,
    ]


def test_a_toolbox_that_is_deleted_while_somebody_waits_for_it(alice: Plugin, tell: Tell) -> None:
    started = meanwhile(alice, "start", "web", "--detach", fine=3)
    tell("web")
    alice.user.run("delete", "troubleshooter", "web")
    assert "web" in started.result(SECONDS).stderr


def test_the_list_in_every_form(alice: Plugin, tell: Tell) -> None:
    for name in ("one", "two"):
        alice.run("start", name, "--stopped", "--purpose=a look")
    tell("one", READY, sessionCount=3, podName="one")
    table = [line.split() for line in alice.run("list").stdout.splitlines()]
    assert table[0][:4] == ["NAME", "READY", "REASON", "SESSIONS"]
    assert [row[:4] for row in table[1:]] == [
        ["one", "yes", "ShellAvailable", "3"],
        ["two", "no", "Unseen", "0"],
    ]
    assert alice.run("list", "-o", "wide").stdout.count("a look") == 2
    assert alice.run("list", "-o", "name").stdout == (
        "troubleshooter.troubleshooter.sh/one\ntroubleshooter.troubleshooter.sh/two\n"
    )
    assert [one["metadata"]["name"] for one in alice.json("list")["items"]] == ["one", "two"]
    assert "cannot list" in alice.run("list", "-A", fine=[4]).stderr


def test_a_list_that_goes_on_tells_each_change_once(alice: Plugin, tell: Tell) -> None:
    alice.run("start", "web", "--stopped")
    where = (f"--kubeconfig={alice.user.kubeconfig}", f"--namespace={alice.user.namespace}")
    with subprocess.Popen([PROGRAM, "list", "-w", *where], stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        rows = [watching.stdout.readline().split() for _ in range(2)]
        assert rows[1][:3] == ["web", "no", "Unseen"]
        tell("web", READY)
        assert watching.stdout.readline().split()[:3] == ["web", "yes", "ShellAvailable"]
        alice.run("delete", "web")
        assert watching.stdout.readline().split()[:3] == ["web", "yes", "Deleted"]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(SECONDS) == 130


def test_stop_waits_for_the_end_and_again_asks_for_the_next_run(alice: Plugin, tell: Tell, api: Api) -> None:
    alice.run("start", "web", "--stopped")
    namespace = alice.user.namespace
    api.patch(TROUBLESHOOTER, namespace, "web", {"spec": {"state": "Running"}})
    tell("web", READY)
    stopping = meanwhile(alice, "stop")
    wait_until(
        lambda: api.get(TROUBLESHOOTER, namespace, "web")["spec"]["state"] == "Stopped",
        timeout=SECONDS,
        what="a toolbox that is asked to stop",
    )
    tell("web", ENDED, startedAt="2026-11-25T12:00:00Z")
    assert "toolbox web has ended: The run was stopped (Stopped)" in stopping.result(SECONDS).stderr
    again = meanwhile(alice, "again", "web", "--detach")
    wait_until(
        lambda: api.get(TROUBLESHOOTER, namespace, "web")["spec"]["run"] == 2,
        timeout=SECONDS,
        what="a second run that is asked for",
    )
    tell("web", READY, run=2)
    assert again.result(SECONDS).returncode == 0
    assert "toolbox web has not ended" in alice.run("again", "web", fine=[1]).stderr


def test_a_shell_needs_a_toolbox_and_a_time_to_extend_by(alice: Plugin) -> None:
    assert "no toolbox runs in namespace" in alice.run("shell", fine=[3]).stderr
    assert '"web" not found' in alice.run("shell", "web", fine=[3]).stderr
    said = alice.run("extend", "web", "soon", fine=[2]).stderr
    assert said.startswith("error: 'soon' is no duration: write it like 90s, 45m or 1h30m")
    assert "attach needs a terminal" in alice.run("attach", fine=[2]).stderr


def test_without_rights_the_remedy_is_the_doctor(alice: Plugin, plane: ControlPlane) -> None:
    mallory = Plugin(Kubectl(plane.programs["kubectl"], plane.kubeconfig("mallory"), alice.user.namespace))
    said = mallory.run("start", "web", fine=[4]).stderr.splitlines()
    assert 'User "mallory" cannot create resource "troubleshooters"' in said[0]
    assert said[1] == "kubectl troubleshoot doctor shows what is missing"


def test_without_a_command_and_a_terminal_the_help_is_shown(alice: Plugin) -> None:
    assert alice.run().stdout.startswith("Usage: kubectl troubleshoot [OPTIONS] [COMMAND] [ARGS]...")
