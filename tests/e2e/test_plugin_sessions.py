"""The plugin's way to a shell and back, by an editor at a real terminal; the tests stand in that order."""

import re
from collections.abc import Iterator

import pytest
from plugin import Plugin
from stage import Stage
from toolbox import PROMPT

NAME = "web"
START_SECONDS = 60


@pytest.fixture(scope="module")
def alice(operator: None, stage: Stage) -> Plugin:
    """An editor, and no more."""
    return Plugin(stage.editor)


@pytest.fixture(scope="module")
def started(alice: Plugin) -> Iterator[bytes]:
    """What the terminal showed of `start`, a command in the shell, and its end with a status of its own."""
    with alice.terminal(
        "start", NAME, "--purpose", "checkout answers 502", "--ttl", "30m", cols=110
    ) as terminal:
        terminal.expect(PROMPT, timeout=START_SECONDS)
        terminal.sendline("echo needle; exit 7")
        assert terminal.wait() == 7
        yield terminal.shown


def plain(shown: bytes) -> str:
    """Without colours and the spinner's movements."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode()).replace("\r", "")


def test_start_tells_each_step_and_opens_a_shell(started: bytes) -> None:
    shown = plain(started)
    steps = [
        f"toolbox {NAME} created",
        f"bound to claim {NAME}-recordings",
        "container started",
        "shell available",
    ]
    places = [shown.find(step) for step in steps]
    assert places == sorted(places), shown
    assert -1 not in places, shown
    assert "needle" in shown


def test_afterwards_it_says_what_was_recorded_and_what_can_come_next(started: bytes, alice: Plugin) -> None:
    shown = plain(started)
    (one,) = alice.json("sessions", NAME)
    assert one["exitCode"] == 7
    assert f"recorded as {one['id']}" in shown
    assert re.search(rf"toolbox {NAME} lives until \S+Z \((30|29)m left\)", shown), shown
    assert f"kubectl troubleshoot play {one['id']}" in shown
    assert f"kubectl troubleshoot extend {NAME} 15m" in shown


def test_a_second_start_of_that_name_shows_the_way_on(started: bytes, alice: Plugin) -> None:
    said = alice.run("start", NAME, fine=[1]).stderr.splitlines()
    assert said[0] == f"error: toolbox {NAME} is there already"
    assert said[1].startswith(f"kubectl troubleshoot shell {NAME} opens a shell in it")


def test_a_command_is_run_in_the_only_toolbox_with_its_own_status(started: bytes, alice: Plugin) -> None:
    assert alice.run("shell", "--", "echo", "from", "inside").stdout == "from inside\n"
    assert alice.run("shell", "-c", "exit 9", fine=[9]).stdout == ""


def test_list_and_describe_tell_of_it(started: bytes, alice: Plugin, stage: Stage) -> None:
    titles, row = (line.split() for line in alice.run("list").stdout.splitlines())
    assert titles[:3] == ["NAME", "READY", "REASON"]
    assert row[:3] == [NAME, "yes", "ShellAvailable"]
    assert "alice" in row
    told = alice.run("describe").stdout
    assert f"Name:          {stage.namespace}/{NAME}" in told
    assert "Purpose:       checkout answers 502" in told
    assert "  Ready: yes, ShellAvailable" in told
    assert "Pulled" in told


def test_extend_asks_as_the_shell_does(started: bytes, alice: Plugin) -> None:
    assert "lives until" in alice.run("extend", NAME, "15m").stderr
    assert alice.json("list")["status"]["resolved"]["timeToLive"] == "45m"


def test_without_a_command_it_leads_to_the_toolbox_that_is_there(started: bytes, alice: Plugin) -> None:
    with alice.terminal(cols=110) as terminal:
        terminal.expect("you are alice, in namespace")
        terminal.expect("make a new one (n)?")
        terminal.sendline()
        terminal.expect(PROMPT)
        terminal.sendline("exit 0")
        assert terminal.wait() == 0


def test_attach_goes_on_with_an_open_session(started: bytes, alice: Plugin) -> None:
    with alice.terminal("shell", NAME, cols=110) as first:
        first.expect(PROMPT)
        first.sendline("echo be''fore")
        first.expect("before")
        with alice.terminal("attach", NAME, cols=110) as second:
            second.expect("before")
            assert first.wait() == 124
            assert f"your session in toolbox {NAME} goes on at another terminal" in plain(first.shown)
            second.sendline("exit 3")
            assert second.wait() == 3


def test_stop_ends_it_and_keeps_what_was_recorded(started: bytes, alice: Plugin) -> None:
    said = alice.run("stop").stderr
    assert f"toolbox {NAME} has ended: " in said
    assert "(Stopped)" in said
    assert f"it is on claim {NAME}-recordings" in said
    refused = alice.run("shell", NAME, fine=[5]).stderr.splitlines()
    assert refused[0].startswith(f"error: toolbox {NAME} has no run: ")
    assert refused[1] == f"kubectl troubleshoot again {NAME} starts the next one"


def test_again_starts_the_next_run_and_a_shell(started: bytes, alice: Plugin) -> None:
    with alice.terminal("again", NAME, cols=110) as terminal:
        terminal.expect(PROMPT, timeout=START_SECONDS)
        terminal.sendline("exit 4")
        assert terminal.wait() == 4
    assert alice.json("list")["status"]["run"] == 2


def test_a_toolbox_that_ends_the_session_is_told_with_its_reason(started: bytes, alice: Plugin) -> None:
    with alice.terminal("shell", NAME, cols=110) as terminal:
        terminal.expect(PROMPT)
        alice.run("stop", NAME)
        assert terminal.wait() == 124
        assert f"toolbox {NAME} has ended: " in plain(terminal.shown)
        assert f"kubectl troubleshoot again {NAME}" in plain(terminal.shown)


def test_delete_says_where_the_recordings_are(started: bytes, alice: Plugin, stage: Stage) -> None:
    said = alice.run("delete", NAME).stderr
    assert f"its recordings stay, on claim {NAME}-recordings and volume pvc-" in said
    assert stage.editor.get("pvc", f"{NAME}-recordings")
    assert alice.run("describe", NAME, fine=[3]).stderr


def test_what_the_class_does_not_allow_is_said_at_once_and_the_way_on(alice: Plugin) -> None:
    said = alice.run("start", "far", "--node", "elsewhere", "--detach", fine=[5]).stderr
    assert "error: toolbox far is not ready: class default does not allow nodeSelector" in said
    assert "kubectl troubleshoot delete far deletes it" in said
    alice.run("delete", "far")


def test_ctrl_c_leaves_a_toolbox_that_hangs_and_says_how_to_delete_it(alice: Plugin) -> None:
    """Its image is one that no registry has."""
    with alice.terminal(
        "start", "slow", "--image", "localhost/troubleshooter/toolbox:none", cols=160
    ) as terminal:
        terminal.expect("ImagePullFailed")
        terminal.expect("look at its name and at the registry")
        terminal.send("\x03")
        assert terminal.wait() == 130
        assert "kubectl troubleshoot delete slow deletes it" in plain(terminal.shown)
    alice.run("delete", "slow")
