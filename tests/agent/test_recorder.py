"""A whole recorded session: what the person sees, what the recording says, what is left of the program."""

import re
import time
from pathlib import Path

import pytest
from processes import wait_for

from agent import RunningAgent, running_agent

STATUSES = [
    ("exit 0", 0),
    ("exit 1", 1),
    ("exit 7", 7),
    ("exit 126", 126),
    ("exit 127", 127),
    ("exit 255", 255),
    ("kill -TERM $$", 143),
    ("kill -KILL $$", 137),
    ("kill -HUP $$", 129),
]


@pytest.mark.parametrize(("script", "status"), STATUSES)
def test_exit_status_passes_through_a_terminal(
    toolbox: RunningAgent, me: str, script: str, status: int
) -> None:
    with toolbox.shell(f"--user={me}", "-c", script) as shell:
        assert shell.wait() == status
    cast = toolbox.cast(me)
    assert cast.markers[-1] == f"session ended: exit status {status}"
    assert cast.summary["exitCode"] == status


@pytest.mark.parametrize(("script", "status"), STATUSES)
def test_exit_status_passes_through_pipes(toolbox: RunningAgent, script: str, status: int) -> None:
    assert toolbox.run("--", "bash", "-c", script).returncode == status


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nosuch"], 127, "shell: nosuch: command not found"),
        (["/etc/passwd"], 126, "shell: /etc/passwd: cannot be executed"),
    ],
)
def test_program_that_cannot_run_is_told_and_recorded(
    toolbox: RunningAgent, me: str, arguments: list[str], status: int, said: str
) -> None:
    with toolbox.shell(f"--user={me}", "--", *arguments) as shell:
        assert shell.wait() == status
        assert shell.shown.decode() == f"{said}\r\n"
    assert toolbox.cast(me).shown == f"{said}\r\n"
    result = toolbox.run("--", *arguments)
    assert (result.returncode, result.stderr.decode()) == (status, f"{said}\n")


def test_status_of_a_typed_exit_passes_through(toolbox: RunningAgent, me: str) -> None:
    with toolbox.bash(f"--user={me}") as shell:
        shell.sendline("exit 7")
        assert shell.wait() == 7
    assert toolbox.cast(me).summary["why"] == "exit status 7"


def test_header_says_whose_recording_it_is(tmp_path: Path) -> None:
    with running_agent(
        tmp_path, run="2", purpose="DNS is slow", image="toolbox:1", exec_identity="enforced"
    ) as agent:
        with agent.shell("--user=alice", "-c", "true", cols=120, rows=40) as shell:
            assert shell.wait() == 0
        cast = agent.cast()
    header = cast.header
    assert 0 <= time.time() - header.pop("timestamp") < 60
    version = header["troubleshooter"].pop("agentVersion")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert header == {
        "version": 2,
        "width": 120,
        "height": 40,
        "title": "DNS is slow",
        "env": {"SHELL": "/bin/bash", "TERM": "xterm"},
        "troubleshooter": {
            "namespace": "shop",
            "name": "box",
            "run": 2,
            "pod": "box",
            "podUID": "uid-1",
            "user": "alice",
            "verified": True,
            "purpose": "DNS is slow",
            "image": "toolbox:1",
        },
    }


def test_recording_begins_and_ends_with_a_marker_and_time_never_steps_back(
    toolbox: RunningAgent, me: str
) -> None:
    with toolbox.bash(f"--user={me}") as shell:
        shell.type("echo hello")
        shell.sendline("exit")
        shell.wait()
    events = toolbox.cast(me).events
    assert events[0] == (0.0, "m", "recording started")
    assert events[-1][1:] == ("m", "session ended: exit status 0")
    times = [time for time, _, _ in events]
    assert times == sorted(times)


def test_name_of_the_cast_tells_start_and_id_and_the_files_beside_it_agree(agent: RunningAgent) -> None:
    agent.run("-c", "echo $TROUBLESHOOTER_SESSION")
    cast = agent.cast()
    session_id = cast.shown.strip()
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\dZ-{session_id}\.cast", cast.path.name)
    assert sorted(path.name for path in cast.path.parent.iterdir()) == sorted(
        [cast.path.name, f"{cast.path.stem}.json", "index.jsonl", "README.txt"]
    )
    assert cast.path.parent.relative_to(agent.recordings) == Path("shop/box")
    assert (cast.path.parent / "index.jsonl").read_text() == cast.path.with_suffix(".json").read_text()


def test_size_is_right_from_the_start_and_after_every_resize(toolbox: RunningAgent, me: str) -> None:
    with toolbox.bash(f"--user={me}", cols=100, rows=30) as shell:
        assert shell.type("stty size") == "30 100\r\n"
        for cols, rows in ((120, 40), (80, 24)):
            shell.resize(cols, rows)
            shell.sendline(f"until [ \"$(stty size)\" = '{rows} {cols}' ]; do :; done; echo is$((1+1))")
            shell.expect("is2")
            shell.prompt()
        shell.sendline("exit")
        shell.wait()
    cast = toolbox.cast(me)
    assert (cast.header["width"], cast.header["height"]) == (100, 30)
    assert cast.sizes == ["120x40", "80x24"]


@pytest.mark.parametrize(
    ("size", "recorded"), [((0, 0), (80, 24)), ((65535, 65534), (65535, 65534)), ((1, 2), (1, 2))]
)
def test_strange_terminal_keeps_its_size_and_the_cast_one_that_players_take(
    toolbox: RunningAgent, me: str, size: tuple[int, int], recorded: tuple[int, int]
) -> None:
    with toolbox.shell(f"--user={me}", "--", "stty", "size", cols=size[0], rows=size[1]) as shell:
        assert shell.wait() == 0
        assert shell.shown.decode() == f"{size[1]} {size[0]}\r\n"
    header = toolbox.cast(me).header
    assert (header["width"], header["height"]) == recorded


def test_resize_to_nothing_reaches_the_program_and_not_the_cast(toolbox: RunningAgent, me: str) -> None:
    with toolbox.bash(f"--user={me}") as shell:
        shell.resize(0, 0)
        shell.sendline("until [ \"$(stty size)\" = '0 0' ]; do :; done; exit 9")
        assert shell.wait() == 9
    assert toolbox.cast(me).sizes == []


@pytest.mark.parametrize(
    "script",
    [
        "printf 'plain\\nlines\\n'",
        r"printf '\303\251 \360\237\230\200 \342\202\254 \033[31mred\033[0m \302\205 \342\200\250 \000 \177'",
        "head -c 300000 /dev/urandom | base64",
        "for i in $(seq 300); do printf '\\r%s \\xe2\\x96\\x88' $i; done",
        "true",
    ],
    ids=["lines", "characters", "flood", "progress bar", "nothing"],
)
def test_asciinema_gives_byte_for_byte_what_the_terminal_showed(
    toolbox: RunningAgent, me: str, script: str
) -> None:
    with toolbox.shell(f"--user={me}", "-c", script) as shell:
        shown = shell.drain()
        assert shell.wait() == 0
    cast = toolbox.cast(me)
    assert cast.cat() == shown
    assert cast.play() == 0


def test_greeting_is_the_first_line_of_a_shell_and_of_its_recording(toolbox: RunningAgent) -> None:
    with toolbox.bash("--user=alice@example.org") as shell:
        shell.sendline("exit")
        shell.wait()
    first = toolbox.cast("alice@example.org").shown.partition("\r\n")[0]
    assert re.fullmatch(
        r"\[troubleshooter\] this shell is recorded as alice@example\.org \(not verified\), until "
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ at the latest; without a key it ends after 1h",
        first,
    )
    assert shell.shown.decode().startswith(first)


def test_command_prints_nothing_but_its_own_output(toolbox: RunningAgent) -> None:
    result = toolbox.run("-c", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_standard_input_is_the_program_s(toolbox: RunningAgent, me: str) -> None:
    """What goes in is not recorded, what comes out is."""
    content = bytes(range(256)) * 4000
    result = toolbox.run(f"--user={me}", "--", "sha256sum", stdin=content)
    assert result.stdout == b"062af9ccd890ba3d067ca7150278bcc420069bd82f6e41161029303dfd6d661e  -\n"
    assert toolbox.cast(me).shown == result.stdout.decode()


def test_words_that_are_not_utf_8_arrive_as_they_are(toolbox: RunningAgent, me: str) -> None:
    result = toolbox.run(f"--user={me}", "--", "printf", "%s|", "caf\udce9", "é", "\U0001f600", "")
    assert result.stdout == b"caf\xe9|\xc3\xa9|\xf0\x9f\x98\x80||"
    environment = {**toolbox.environment, "ODD": "caf\udce9"}
    echo = toolbox.open("-c", "printf %s $ODD", env=environment)
    assert echo.communicate()[0] == b"caf\xe9"


def test_command_line_that_is_too_long_is_refused_in_a_sentence(toolbox: RunningAgent) -> None:
    result = toolbox.run("--", "true", "x" * 120_000, "y" * 20_000)
    assert (result.returncode, result.stdout) == (64, b"")
    assert result.stderr == b"troubleshooter: the command line or the environment is longer than 100 KB\n"


def test_several_sessions_at_once_do_not_share_a_file(agent: RunningAgent) -> None:
    shells = [agent.bash(f"--user=user{number}") for number in range(4)]
    wait_for(lambda: agent.status()["sessionsActive"] == 4, "four sessions")
    for number, shell in enumerate(shells):
        assert shell.type(f"echo I am $(({number}+10))") == f"I am {number + 10}\r\n"
    for shell in shells:
        shell.sendline("exit")
        assert shell.wait() == 0
    assert len(agent.casts) == 4
    for number in range(4):
        shown = agent.cast(f"user{number}").shown
        assert [f"I am {other + 10}" in shown for other in range(4)] == [
            other == number for other in range(4)
        ]


def test_recorder_is_the_parent_of_the_program_and_the_agent_is_pid_1(toolbox: RunningAgent) -> None:
    with toolbox.bash() as shell:
        assert shell.type("cat /proc/1/comm /proc/$PPID/comm") == "tshoot-agent\r\ntshoot-recorder\r\n"
