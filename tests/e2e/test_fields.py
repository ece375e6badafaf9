"""What may be asked for out of the ordinary, as it arrives in a toolbox; and what a class does to a run."""

import json
import re
from collections.abc import Iterator
from typing import Any

import images
import pytest
from kubectl import condition
from stage import Stage
from toolbox import Toolbox

pytestmark = pytest.mark.usefixtures("operator")

TOOLBOX = images.names().of("toolbox")
KEEP_ENDED_SECONDS = 60
ALL = {
    "logToStdout": True,
    "unrecorded": True,
    "nodeSelection": True,
    "podLabels": ["example.com/team"],
    "ssh": True,
    "serviceAccount": True,
}


@pytest.fixture(scope="module")
def generous(stage: Stage) -> Iterator[str]:
    """A class that allows all of it, and keeps an ended Troubleshooter for a minute."""
    name = f"{stage.namespace}-generous"
    offer = {
        "images": {"default": TOOLBOX},
        "allow": ALL,
        "keepEnded": "1m",
        "timeToLive": {"default": "20m", "max": "30m"},
        "recording": {"notice": "be kind", "maxSize": "64Mi"},
    }
    stage.admin.apply(class_of(name, offer))
    yield name
    stage.admin.run("delete", "troubleshooterclass", name, "--ignore-not-found")


def class_of(name: str, spec: Any) -> Any:
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    return kind | {"metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def retired(stage: Stage, generous: str) -> str:
    """One that has ended; the last test of this module looks whether it went."""
    stage.start("retired", troubleshooterClassName=generous)
    stage.ask("retired", troubleshooterClassName=generous, state="Stopped")
    stage.wait_reason("retired", "Stopped", kind="Ended")
    return "retired"


@pytest.fixture(scope="module")
def special(stage: Stage, generous: str, retired: str) -> Toolbox:
    config = "Host bastion\n  HostName 192.0.2.7\n  User rescue\n"
    secret = ("--from-literal=id_ed25519=not a key", f"--from-literal=config={config}")
    stage.admin.run("create", "secret", "generic", "keys", *secret)
    stage.admin.run("create", "serviceaccount", "robot")
    return stage.start(
        "special",
        troubleshooterClassName=generous,
        ssh={"secretName": "keys"},
        serviceAccountName="robot",
        nodeSelector={"kubernetes.io/os": "linux"},
        tolerations=[{"key": "example.com/maintenance", "operator": "Exists"}],
        podLabels={"example.com/team": "shop"},
        runAsUser=12345,
        access={"users": ["bob"]},
    )


def test_keys_token_labels_and_node_arrive_in_the_toolbox(special: Toolbox) -> None:
    """Read as the user that was asked for, who is not root; tools find a home and a language."""
    seen = special.run("shell", "-c", "id -u; cat /etc/troubleshooter-ssh/id_ed25519; echo")
    assert seen.stdout.decode().splitlines() == ["12345", "not a key"]
    homes = "cd ~ && pwd && touch here && getent passwd 12345 root nobody | cut -d: -f1,6 && locale charmap"
    found = special.run("shell", "-c", homes).stdout.decode().splitlines()
    assert found == ["/home", "toolbox:/home", "root:/home", "nobody:/home", "UTF-8"]
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
    assert special.run("shell", "-c", f"test -s {token}").returncode == 0
    pod = special.pod
    assert pod["metadata"]["labels"]["example.com/team"] == "shop"
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert {"key": "example.com/maintenance", "operator": "Exists"} in pod["spec"]["tolerations"]
    assert pod["metadata"]["annotations"]["troubleshooter.sh/access-users"] == "bob"


def test_keys_can_be_read_and_not_written(special: Toolbox) -> None:
    assert special.run("shell", "-c", "echo x >>/etc/troubleshooter-ssh/config").returncode != 0


def test_ssh_finds_what_the_secret_holds(special: Toolbox) -> None:
    """By ssh's own word, and without a single option; the key is offered before any of the person's."""
    lines = special.run("shell", "-c", "ssh -G bastion").stdout.decode().splitlines()
    assert {"hostname 192.0.2.7", "user rescue"} <= set(lines)
    keys = [line for line in lines if line.startswith("identityfile ")]
    assert keys[0] == "identityfile /etc/troubleshooter-ssh/id_ed25519"
    assert {
        "globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/troubleshooter-ssh/known_hosts",
        "userknownhostsfile /home/.ssh/known_hosts /home/.ssh/known_hosts2",
        "stricthostkeychecking accept-new",
    } <= set(lines)


def test_what_is_in_force_stands_in_the_status(special: Toolbox, generous: str) -> None:
    status = special.user.json("get", "troubleshooter", special.name)["status"]
    assert status["resolved"] == {
        "className": generous,
        "image": TOOLBOX,
        "timeToLive": "20m",
        "maxTimeToLive": "30m",
        "idleTimeout": "15m",
        "saveToDisk": True,
        "claimName": "special-recordings",
        "size": "1Gi",
        "logToStdout": False,
        "runAsNonRoot": True,
        "runAsUser": 12345,
        "requireRetain": True,
        "temporaryNamespace": False,
        "serviceAccountName": "robot",
        "sshSecretName": "keys",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "example.com/maintenance", "operator": "Exists"}],
        "podLabels": {"example.com/team": "shop"},
    }


def test_the_default_class_allows_none_of_it_but_the_log(stage: Stage) -> None:
    """All that is refused, in one sentence; nothing is made."""
    stage.ask("refused", ssh={"secretName": "keys"}, serviceAccountName="robot", logToStdout=True)
    assert stage.wait_reason("refused", "NotAllowed")["message"] == (
        "class default does not allow ssh (allow.ssh), nor serviceAccountName (allow.serviceAccount); leave "
        "that out, or name a class that allows it"
    )
    assert stage.editor.get("pod", "refused") is None


def test_a_class_that_changes_does_not_change_a_running_toolbox(
    stage: Stage, special: Toolbox, generous: str
) -> None:
    """A stricter class leaves the run what it began with, also the longest life that may be asked for."""
    before = special.pod["metadata"]["uid"]
    spec = {"allow": {"ssh": False, "serviceAccount": False}, "timeToLive": {"default": "5m", "max": "10m"}}
    stage.admin.run(
        "patch", "troubleshooterclass", generous, "--type=merge", "-p", json.dumps({"spec": spec})
    )
    patch = json.dumps({"spec": {"timeToLive": "25m"}})
    stage.editor.run("patch", "troubleshooter", special.name, "--type=merge", "-p", patch)
    found = stage.editor.wait_for(
        "troubleshooter",
        special.name,
        lambda asked: asked["status"]["resolved"]["timeToLive"] == "25m",
        timeout=20,
    )
    assert condition(found, "Ready")["reason"] == "ShellAvailable"
    assert special.pod["metadata"]["uid"] == before


def test_who_works_in_it_sees_where_and_how_much_time_is_left(stage: Stage, special: Toolbox) -> None:
    """It lives for 25 minutes since the test before, and for 20 at its start."""
    wait = "until read -r end </run/troubleshooter/ends-at && read -r now _ </proc/uptime"
    with special.prompt() as terminal:
        said = terminal.shown.decode()
        assert f"You:    alice, as the cluster knows you, in {stage.namespace}/special\r\n" in said
        assert "Tools:  ip ss ping" in said
        terminal.sendline(f"{wait} && [ $((end - ${{now%.*}})) -gt 1200 ]; do sleep 0.2; done")
        terminal.expect(re.compile(r"special \[2[0-4]m\]:~\$ "))
        terminal.sendline("sh")
        terminal.expect(re.compile(r"special \[2[0-4]m\]:/home\$ "))


def test_an_ended_one_goes_after_its_time_and_its_recordings_stay(stage: Stage, retired: str) -> None:
    volume = stage.volume_of(f"{retired}-recordings")
    stage.editor.wait_gone("troubleshooter", retired, timeout=KEEP_ENDED_SECONDS + 30)
    claim = stage.editor.json("get", "pvc", f"{retired}-recordings")
    assert claim["metadata"]["annotations"]["troubleshooter.sh/end"] == "Stopped"
    assert stage.volume_of(f"{retired}-recordings")["metadata"]["uid"] == volume["metadata"]["uid"]
