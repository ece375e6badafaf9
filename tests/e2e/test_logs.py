"""What agent and operator log: a line an event, key=value, and no traceback for what can be expected."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import operator_deployment
import pytest
from kubectl import Kubectl
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")

LINE = re.compile(r'time=\S+(?: [A-Za-z0-9_]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]+))+')

# Within a session a name may still be claimed.
FORGED = "shell --user=$'a b\\nlevel=ERROR' -c 'exit 3'"


@pytest.fixture(scope="module")
def agent_log(stage: Stage) -> list[str]:
    """Of a toolbox that had a shell, a killed recorder and a stop."""
    toolbox = stage.start("talker")
    with followed(stage.editor, "talker", stage.folder / "talker.log") as log:
        assert toolbox.run("shell", "-c", FORGED).returncode == 3
        assert toolbox.run("shell", "-c", "kill -KILL $PPID").returncode == 70
        stage.ask("talker", state="Stopped")
        stage.wait_reason("talker", "Stopped", kind="Ended")
        stage.editor.wait_gone("pod", "talker", timeout=30)
    return log.read_text().splitlines()


@pytest.fixture(scope="module")
def operator_log(agent_log: list[str], stage: Stage, admin: Kubectl) -> list[str]:
    """Of an operator that made and ended a toolbox, and refused what could not be had."""
    stage.ask("asks-too-much", image="localhost/not-on-the-list:1")
    stage.wait_reason("asks-too-much", "NotAllowed")
    return operator_deployment.log_lines(admin)


def test_each_line_of_the_agent_is_an_event(agent_log: list[str]) -> None:
    """Also where a user's name tries to be a line of its own."""
    assert [line for line in agent_log if not LINE.fullmatch(line)] == []
    assert [event_of(line) for line in agent_log if "session" in event_of(line)] == [
        "session-opened",
        "session-opened",
        "session-ended",
        "session-ended",
        "session-opened",
        "session-ended",
    ]
    assert any('user="a b\\nlevel=ERROR"' in line for line in agent_log)


def test_each_line_of_the_operator_is_an_event(operator_log: list[str], stage: Stage) -> None:
    """What was made, what was refused, what ended, each with whose it is."""
    assert [line for line in operator_log if not LINE.fullmatch(line)] == []
    ours = [
        line for line in operator_log if f"namespace={stage.namespace} " in line and "name=talker" in line
    ]
    events = [event_of(line) for line in ours]
    for event in ("claim created", "pod created", "pod deleted", "run ended: Stopped"):
        assert events.count(event) == 1, events


def test_nothing_expected_has_a_traceback(agent_log: list[str], operator_log: list[str]) -> None:
    """A traceback is for a fault of ours; a refusal, a killed recorder and a stop are none."""
    assert [line for line in agent_log + operator_log if "Traceback" in line or "level=ERROR " in line] == []


def event_of(line: str) -> str:
    found = re.search(r' event=(?:"([^"]*)"|(\S+))', line)
    assert found, line
    return found[1] or found[2]


@contextmanager
def followed(user: Kubectl, pod: str, file: Path) -> Iterator[Path]:
    """The file that gets the log of a pod until the pod's end; read at once, since it goes with the pod."""
    with file.open("wb") as log:
        process = subprocess.Popen(
            user.command("logs", "--follow", pod), stdin=subprocess.DEVNULL, stdout=log
        )
    try:
        yield file
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
