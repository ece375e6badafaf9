"""The command line: what it asks for, and what it says to a mistake."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kubelet import AGENT_ROOT

from troubleshooter_agent import cli, commands
from troubleshooter_agent.client import Wish
from troubleshooter_agent.commands import Export, ExportFile, ExportManifest, Reading, Search
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.limits import Limits
from troubleshooter_agent.pace import Pace

FORM = "write: shell [--user=NAME] [-c COMMAND | -- COMMAND ARG... | attach [--view] [ID] | extend TIME]"
EXTEND = "write it like: shell extend 15m"
ATTACH = "an id is 8 of a-z and 0-9; write: shell attach [--view] [ID]"
VOLUME = Path("/recordings")


def parse_shell(*arguments: str) -> tuple[Wish, str | None]:
    parsed = cli.parse(["shell", *arguments])
    assert isinstance(parsed, commands.Shell)
    return parsed.wish, parsed.command


@pytest.mark.parametrize(
    ("arguments", "wish", "command"),
    [
        ([], Wish(), None),
        (["--user=alice"], Wish(user="alice"), None),
        (["--user="], Wish(), None),
        (["-c", "exit 3"], Wish(), "exit 3"),
        (["--user=alice", "-c", "--user=eve"], Wish(user="alice"), "--user=eve"),
        (["--", "dig", "-x", "::1"], Wish(("dig", "-x", "::1")), None),
        (["--", "--user=eve"], Wish(("--user=eve",)), None),
        (["--user=alice", "--", "env", "--", "--user=eve"], Wish(("env", "--", "--user=eve"), "alice"), None),
        (["--", "sh", "-c", "ls", "--help"], Wish(("sh", "-c", "ls", "--help")), None),
    ],
)
def test_only_the_first_argument_of_shell_is_an_identity(
    arguments: list[str], wish: Wish, command: str | None
) -> None:
    assert parse_shell(*arguments) == (wish, command)


def test_words_after_the_command_line_are_its_arguments_as_with_sh() -> None:
    wish, _ = parse_shell("--user=alice", "-c", 'echo "$0 $1"', "a", "--user=eve")
    assert wish.user == "alice"
    assert wish.argv[1:] == ("-c", 'echo "$0 $1"', "a", "--user=eve")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--bogus"], f"shell takes no '--bogus' ({FORM})"),
        (["-x"], f"shell takes no '-x' ({FORM})"),
        (["ls"], f"shell takes no 'ls' ({FORM})"),
        (["-c"], f"shell takes no '-c' ({FORM})"),
        (["--"], f"shell takes no '--' ({FORM})"),
        (["--user=alice", "--user=eve"], f"shell takes no '--user=eve' ({FORM})"),
        (["--user=" + "x" * 2000], f"--user={'x' * 20}... is too long (a name has at most 1024 bytes)"),
        (["attach", "ID"], f"'ID' is no id of a session ({ATTACH})"),
        (["attach", "--view", "3f9k2m1x", "x"], f"'3f9k2m1x x' is no id of a session ({ATTACH})"),
        (["attach", "3f9k2m1x", "--view"], f"'3f9k2m1x --view' is no id of a session ({ATTACH})"),
        (["--user=alice", "extend"], f"'' is no time to extend by ({EXTEND})"),
        (["extend", "15"], f"'15' is no time to extend by ({EXTEND})"),
        (["extend", "0m"], f"'0m' is no time to extend by ({EXTEND})"),
        (["extend", "25h"], f"'25h' is no time to extend by ({EXTEND})"),
        (["extend", "15m", "please"], f"'15m please' is no time to extend by ({EXTEND})"),
    ],
)  # fmt: skip
def test_mistake_in_shell_is_told_in_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        cli.parse(["shell", *arguments]).run()
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["a", "--manifest"], ExportManifest(("a",), VOLUME)),
        (["--manifest"], ExportManifest((), VOLUME)),
        (["--file", "shop/web/x.cast", "--from", "7"], ExportFile("shop/web/x.cast", 7, VOLUME)),
        (["3f9k2m1x"], Export("3f9k2m1x", "cast", VOLUME)),
        (["3f9k2m1x", "--as", "txt"], Export("3f9k2m1x", "txt", VOLUME)),
    ],
)
def test_export_is_one_of_three(words: list[str], command: commands.Command) -> None:
    assert cli.parse(["export", *words]) == command


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "export wants one ID, --manifest or --file (write: export ID [--as cast|txt])"),
        (["a", "b"], "export wants one ID, --manifest or --file (write: export ID [--as cast|txt])"),
        (["a", "--file", "x"], "--file goes with --from alone (write: export --file FILE [--from BYTES])"),
        (
            ["--manifest", "--as", "txt"],
            "--manifest and --as do not go together (write: export --manifest [ID...])",
        ),
    ],
)
def test_what_is_no_export_is_told(words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        cli.parse(["export", *words])
    assert str(refused.value) == sentence


def test_search_takes_a_text_and_recordings() -> None:
    command = cli.parse(["search", "-i", "--json", "refused", "3f9k2m1x"])
    assert command == Search("refused", ("3f9k2m1x",), VOLUME, ignore_case=True, as_json=True)


@pytest.mark.parametrize(
    ("words", "pace"),
    [
        ([], Pace(1.0, None, 0.0)),
        (["--speed", "2", "--idle-limit", "0.5", "--at", "1m30s"], Pace(2.0, 0.5, 90.0)),
        (["--at", "12.5"], Pace(1.0, None, 12.5)),
    ],
)
def test_a_recording_is_played_at_a_pace(words: list[str], pace: Pace) -> None:
    assert cli.parse(["play", "3f9k2m1x", *words]) == Reading("play", "3f9k2m1x", VOLUME, pace=pace)


@pytest.mark.parametrize(
    ("argv", "reads"),
    [
        (("troubleshooter-agent", "list"), True),
        (("troubleshooter-agent", "cat", "3f9k2m1x"), True),
        (("troubleshooter-agent", "play", "3f9k2m1x"), True),
        (("troubleshooter-agent", "verify"), True),
        (("troubleshooter-agent", "follow", "3f9k2m1x"), True),
        (("troubleshooter-agent", "repair"), False),
        (("troubleshooter-agent", "search", "x"), True),
        (("troubleshooter-agent", "export", "--manifest"), True),
        (("troubleshooter-agent",), False),
        (("troubleshooter-agent", "record"), False),
        (("troubleshooter-agent", "shell", "list"), False),
        (("./troubleshooter-agent", "list"), False),
        (("bash", "-c", "troubleshooter-agent list"), False),
        (("sudo", "troubleshooter-agent", "list"), False),
        ((), False),
    ],
)
def test_only_readings_go_unrecorded(argv: tuple[str, ...], *, reads: bool) -> None:
    assert cli.is_reading(argv) is reads


@pytest.mark.parametrize(
    "words", [["verify"], ["verify", "--chain", "0" * 64], ["follow", "3f9k2m1x"], ["list"]]
)
def test_reading_through_shell_is_noted_and_opens_no_session(words: list[str]) -> None:
    parsed = cli.parse(["shell", "--user=alice", "--", "troubleshooter-agent", *words])
    assert isinstance(parsed, commands.NotedReading)
    assert parsed.wish == Wish(("troubleshooter-agent", *words), "alice")
    assert parsed.reading == cli.parse(words)


@pytest.mark.parametrize(
    ("arguments", "session_id", "user", "view"),
    [
        (["attach"], "", "", False),
        (["attach", "3f9k2m1x"], "3f9k2m1x", "", False),
        (["--user=alice", "attach", "--view"], "", "alice", True),
        (["--user=alice", "attach", "--view", "3f9k2m1x"], "3f9k2m1x", "alice", True),
    ],
)
def test_attach(arguments: list[str], session_id: str, user: str, *, view: bool) -> None:
    socket = "@troubleshooter-agent"
    assert cli.parse(["shell", *arguments]) == commands.AttachTo(session_id, user, view, socket)


def test_record_takes_what_follows_the_dashes_as_it_is() -> None:
    parsed = cli.parse(["record", "-o", "x.cast", "--", "bash", "-c", "exit 3", "-o"])
    assert parsed == commands.Record(Path("x.cast"), ("bash", "-c", "exit 3", "-o"))


def test_run_has_the_places_of_the_pod_as_defaults() -> None:
    assert cli.parse(["run"]) == commands.Run(
        recordings=Path("/recordings"),
        annotations=Path("/etc/troubleshooter"),
        run_folder=Path("/run/troubleshooter"),
        termination_log=Path("/dev/termination-log"),
        socket="@troubleshooter-agent",
        host="",
        port=9464,
        limits=Limits(size=512 << 20, burst=128 << 20, rate=1 << 20, floor=32 << 20),
        cgroup=Path("/sys/fs/cgroup"),
        folders={
            Path("/tmp"): 512 << 20,  # noqa: S108 - the pod's
            Path("/home"): 256 << 20,
            Path("/run/troubleshooter"): 16 << 20,
        },
    )


def test_folders_with_limits_replace_those_of_the_pod() -> None:
    parsed = cli.parse(["run", "--limit", "/a=b=64Ki", "--limit=/c=1Gi"])
    assert isinstance(parsed, commands.Run)
    assert parsed.folders == {Path("/a=b"): 64 << 10, Path("/c"): 1 << 30}


@pytest.mark.parametrize("text", ["/a", "=1Mi", "/a=0", "/a=1x"])
def test_limit_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write it"):
        cli.parse(["run", f"--limit={text}"])


def test_size_that_cannot_be_read_is_refused_with_what_may_be_written() -> None:
    with pytest.raises(UsageError, match="'1x' is no size: write it in bytes, or like 64Ki, 512Mi or 1Gi"):
        cli.parse(["run", "--rate", "1x"])


def call(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "troubleshooter_agent", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(AGENT_ROOT), **variables},
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["shell", "--bogus"],
        ["bogus"],
        [],
        ["run", "--port", "x"],
        ["cat"],
        ["record", "-x"],
        ["verify", "x"],
        ["follow"],
        ["repair", "x"],
    ],
)
def test_wrong_command_line_ends_with_64_and_one_line_without_a_trace(arguments: list[str]) -> None:
    result = call(*arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert result.stderr.startswith("troubleshooter: ")
    assert result.stderr.count("\n") == 1


def test_shell_outside_of_a_toolbox_says_what_to_do() -> None:
    result = call("shell", TROUBLESHOOTER_SOCKET="@nobody-listens-here")
    assert result.returncode == 70
    assert result.stderr == (
        "troubleshooter: the agent of this toolbox does not answer: Connection refused (`shell` works "
        "inside of a toolbox; on your own machine use `troubleshooter-agent record`)\n"
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["shell", "--help"], ["record", "--help"], ["run", "--help"]]
)
def test_help_shows_an_example_or_the_commands(arguments: list[str]) -> None:
    result = call(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert "example: " in result.stdout or "record a session of this machine" in result.stdout


def test_client_loads_little(tmp_path: Path) -> None:
    """`shell` starts in the blink of an eye: what only PID 1's helper needs stays out."""
    heavy = ("prometheus_client", "watchdog", "http.server", "pyte", "troubleshooter_agent.init")
    code = (
        f"import sys; from troubleshooter_agent import cli; print([m for m in {heavy} if m in sys.modules])"
    )
    result: Any = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(AGENT_ROOT)}, capture_output=True, check=True
    )
    assert result.stdout == b"[]\n"


def test_shell_does_without_what_only_other_commands_need() -> None:
    """Each of these would be imported for every session, before its prompt."""
    code = "import sys; from troubleshooter_agent import cli; cli.parse(['shell']); print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert loaded & {"argparse", "threading", "subprocess", "secrets", "hashlib", "ptyprocess"} == set()
