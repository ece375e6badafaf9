"""The image in a pod that the strictest cluster admits, as a user id that the image does not know."""

from pathlib import Path
from typing import Any

import pytest
from handwritten import claim, pod
from stage import Stage
from toolbox import Toolbox

UID = 20000
TOOLS = Path(__file__).parents[2] / "image/tools.txt"
COMMANDS = [line for line in TOOLS.read_text().splitlines() if not line.startswith("#")]
PYTHON = (
    "/opt/troubleshooter/lib/ld.so --library-path /opt/troubleshooter/lib /opt/troubleshooter/bin/python3 -I"
)
SUDO = """\
sudo: not possible here: a toolbox has no root and can gain no privileges (Pod Security "restricted").
Without root work ping, traceroute (UDP, and ICMP with -I; not -T), dig, curl, openssl, nc, ss, ip to look.
A tool is missing: ask an administrator which images have it; name one in spec.image of the Troubleshooter.
It takes root, as packet capture does: ask an administrator, who has `kubectl debug --profile=netadmin`.
"""


@pytest.fixture(scope="module")
def toolbox(stage: Stage) -> Toolbox:
    stage.editor.apply(claim("image"), with_user(pod("image", {}), UID))
    stage.editor.wait_condition("pod", "image", "Ready", timeout=60)
    return Toolbox(stage.editor, "image")


def with_user(manifest: dict[str, Any], uid: int) -> dict[str, Any]:
    manifest["spec"]["securityContext"]["runAsUser"] = uid
    return manifest


def output(toolbox: Toolbox, script: str) -> str:
    """What a script prints, stderr too; its exit status is for the script to tell."""
    return toolbox.run("sh", "-c", f"exec 2>&1; {script}").stdout.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_promised_tool_starts(toolbox: Toolbox, command: str) -> None:
    """Without root, without capabilities, on a read-only root file system."""
    result = toolbox.run("sh", "-c", command)
    assert result.returncode == 0, result.stderr


def test_any_user_id_has_a_name_a_home_and_utf_8(toolbox: Toolbox) -> None:
    """The cluster chooses the id; ssh, bash and the terminal work all the same."""
    assert output(toolbox, 'id -u; whoami; echo ~; touch ~/file && echo "$HOME"; locale charmap') == (
        "20000\ntoolbox\n/home\n/home\nUTF-8\n"
    )


def test_sudo_says_why_it_cannot_work_and_what_can(toolbox: Toolbox) -> None:
    """Whatever it is asked to run."""
    assert output(toolbox, "sudo tcpdump -i any; echo $?") == f"{SUDO}1\n"


@pytest.mark.parametrize(("mode", "status"), [("", 0), ("-U", 0), ("-I", 0), ("-T", 1)])
def test_traceroute_works_as_sudo_says(toolbox: Toolbox, mode: str, status: int) -> None:
    """UDP and ICMP without root; TCP needs it."""
    assert toolbox.run("sh", "-c", f"traceroute {mode} 127.0.0.1").returncode == status


def test_no_file_gives_privileges(toolbox: Toolbox) -> None:
    """No setuid, no setgid, no capability: where they cannot work they are a risk and nothing else."""
    assert output(toolbox, "find / -xdev -type f -perm /6000 2>/dev/null; getcap -r / 2>/dev/null") == ""


def test_only_what_is_mounted_can_be_written(toolbox: Toolbox) -> None:
    """The root file system is read-only, and nothing in the image minds."""
    script = (
        "for folder in / /etc /opt/troubleshooter /usr/local/bin /home /tmp /recordings /run/troubleshooter"
    )
    assert output(toolbox, f"{script}; do touch $folder/x 2>/dev/null && echo $folder; done") == (
        "/home\n/tmp\n/recordings\n/run/troubleshooter\n"
    )


def test_the_agents_python_needs_nothing_of_the_image(toolbox: Toolbox) -> None:
    """Loader, libraries and modules come from its own folder, which can so be copied into any image."""
    script = (
        "import sys, ctypes, ssl, asyncio, orjson, prometheus_client, ptyprocess, watchdog.observers\n"
        "import troubleshooter_agent.init, troubleshooter_agent.reporter\n"
        "mapped = {line.split()[-1] for line in open('/proc/self/maps') if '.so' in line}\n"
        "loaded = {module.__file__ for module in sys.modules.values() if getattr(module, '__file__', None)}\n"
        "print(sorted(path for path in mapped | loaded if not path.startswith('/opt/troubleshooter/')))\n"
    )
    assert output(toolbox, f'{PYTHON} -c "{script}"') == "[]\n"


def test_the_agents_python_has_objects_that_recorders_read_without_a_copy(toolbox: Toolbox) -> None:
    """Without them each session costs 1.3 MB more (docs/decisions/006)."""
    script = "from troubleshooter_agent import immortal; print(immortal.is_possible())"
    assert output(toolbox, f'{PYTHON} -c "{script}"') == "True\n"


def test_the_player_is_a_program_of_its_own(toolbox: Toolbox) -> None:
    """asciinema records and shows here, and the agent could not import it."""
    record = "asciinema rec --quiet --command 'echo hello' /tmp/own.cast && asciinema cat /tmp/own.cast"
    assert output(toolbox, record) == "hello\r\n"
    assert "No module named 'asciinema'" in output(toolbox, f"{PYTHON} -c 'import asciinema'")
