"""The toolbox's start-up files in a real bash and dash, on a real terminal, laid over the host's own /etc.

Each command is PID 1 of a namespace of its own, so it sees the parent 0 as the first process of an exec does.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from terminal import Terminal

IMAGE = Path(__file__).parents[2] / "image"
ETC = IMAGE / "toolbox/etc"
RECORDER = "#!/bin/sh\necho this is recorded; exit 42\n"
# What a pod gives to an exec.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "TERM": "xterm",
    "HOSTNAME": "box",
    "ENV": "/etc/bash.bashrc",
}
PLACE = """
hostname box
mount -t overlay overlay -o "lowerdir=$1:/etc" /etc
mount --bind "$2" /usr/local/bin
mount -t tmpfs -o mode=777 tmpfs /run
mkdir -m 777 /run/troubleshooter
shift 2
exec setpriv --reuid=10001 --regid=10001 --clear-groups -- "$@"
"""
K9S = ("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
FILES = sorted(path for path in IMAGE.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.read_bytes().startswith(b"#!/bin/sh")]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to lay files over the host's")


@pytest.fixture(name="programs")
def _programs(tmp_path: Path) -> Path:
    """Another /usr/local/bin, with a `shell` that only says so."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "shell").write_text(RECORDER)
    (folder / "shell").chmod(0o755)
    return folder


def as_first_process(programs: Path, command: Sequence[str], *, terminal: bool = True) -> list[str]:
    own_session = ["setsid", "--ctty"] if terminal else []
    namespaces = ["unshare", "--pid", "--mount", "--uts", "--fork", "--kill-child"]
    return [*namespaces, *own_session, "sh", "-ec", PLACE, "sh", str(ETC), str(programs), *command]


@needs_root
@pytest.mark.parametrize(
    "command",
    [("bash",), ("bash", "-l"), ("bash", "-i"), ("sh",), ("dash",), ("sh", "-i"), K9S],
    ids=" ".join,
)
def test_a_shell_opened_by_habit_becomes_a_recorded_one(programs: Path, command: tuple[str, ...]) -> None:
    """As the first process of an exec, on a terminal; the exit status is the recorded shell's."""
    with Terminal(as_first_process(programs, command), env=ENVIRONMENT) as terminal:
        assert terminal.wait() == 42
    assert b"this is recorded" in terminal.shown


@needs_root
@pytest.mark.parametrize(
    "command", [("bash", "-c"), ("bash", "-ic"), ("sh", "-c"), ("sh", "-ic")], ids=" ".join
)
def test_a_command_for_a_shell_is_run_and_not_lost(programs: Path, command: tuple[str, ...]) -> None:
    """A shell that has its commands from its command line is not replaced."""
    line = (*command, "echo the answer is $((6*7)); exit 5")
    with Terminal(as_first_process(programs, line), env=ENVIRONMENT) as terminal:
        assert terminal.wait() == 5
    assert b"the answer is 42" in terminal.shown
    assert b"this is recorded" not in terminal.shown


@needs_root
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_shell_that_reads_a_pipe_is_left_alone(programs: Path, shell: str) -> None:
    """`kubectl exec -i POD -- bash -i` has no terminal that could be recorded as one."""
    result = subprocess.run(
        as_first_process(programs, (shell, "-i"), terminal=False),
        input="echo the answer is $((6*7)); exit 5\n",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (5, "the answer is 42\n")


@needs_root
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_shell_inside_of_the_recorded_one_is_left_alone(programs: Path, shell: str) -> None:
    """Its parent is in the pod; and dash reads the same file without a complaint."""
    command = as_first_process(programs, ("sh", "-c", f"cd /tmp; {shell} -i; echo it ended with $?"))
    with Terminal(command, env=ENVIRONMENT) as terminal:
        before = terminal.expect("box:/tmp$ ")
        terminal.sendline("exit 5")
        terminal.expect("it ended with 5")
    assert "bash.bashrc" not in before
    assert "not found" not in before


@needs_root
def test_a_login_shell_finds_the_tools_in_sbin(programs: Path) -> None:
    command = as_first_process(programs, ("sh", "-c", "cd /tmp; bash -l; :"))
    with Terminal(command, env=ENVIRONMENT) as terminal:
        terminal.expect("box:/tmp$ ")
        terminal.sendline("echo $PATH")
        terminal.expect("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\r\n")


@needs_root
@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_prompt_says_how_much_time_is_left(programs: Path, shell: str) -> None:
    """Whenever it is drawn, also after the life time has changed; `$?` stays what it was."""
    with Terminal(
        as_first_process(programs, ("sh", "-c", f"cd /tmp; {shell}; :")), env=ENVIRONMENT
    ) as terminal:
        terminal.expect("box:/tmp$ ")
        terminal.sendline("ends_in() { read -r now _ </proc/uptime; echo $((${now%.*} + $1)) >$file; }")
        terminal.sendline("file=/run/troubleshooter/ends-at; clear() { printf '\\n'; }; clear")
        for seconds, told in ((7195, "1h59m"), (3620, "1h0m"), (3595, "59m"), (65, "1m"), (-9, "0s")):
            terminal.sendline(f"ends_in {seconds}")
            terminal.expect(f"box [{told}]:/tmp$ ")
        terminal.sendline("(exit 7)")
        terminal.expect("box [0s]:/tmp$ ")
        terminal.sendline("echo status $?; ends_in 30")
        terminal.expect("status 7\r\n")
        terminal.expect(re.compile(r"box \[(30|2\d)s\]:/tmp\$ "))


@needs_root
@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_prompt_is_as_ever_where_nobody_knows_the_time(programs: Path, shell: str) -> None:
    """Nothing is complained about in the person's terminal."""
    with Terminal(
        as_first_process(programs, ("sh", "-c", f"cd /tmp; {shell}; :")), env=ENVIRONMENT
    ) as terminal:
        assert "ends-at" not in terminal.expect("box:/tmp$ ")
        for text in ("", "soon", "-5", "5x", "08"):
            terminal.sendline(f"echo '{text}' >/run/troubleshooter/ends-at")
            shown = terminal.expect("box:/tmp$ ")
            assert shown.replace("\x1b[?2004l\r", "").replace("\x1b[?2004h", "").count("\r\n") == 1


@needs_root
def test_a_prompt_in_bash_starts_no_process(programs: Path) -> None:
    """The number of the next process is one more than that of the last, five prompts later."""
    with Terminal(as_first_process(programs, ("sh", "-c", "cd /tmp; bash; :")), env=ENVIRONMENT) as terminal:
        terminal.expect("box:/tmp$ ")
        terminal.sendline("echo 1 >/run/troubleshooter/ends-at")
        numbers = []
        for _ in range(2):
            terminal.sendline("sh -c 'echo it is $$.'")
            terminal.expect(re.compile(r"it is (\d+)\."))
            numbers.append(int(terminal.match[1]))
            for _ in range(5):
                terminal.expect("box [0s]:/tmp$ ")
                terminal.sendline()
    assert numbers[1] - numbers[0] == 1


def test_the_message_of_the_day_names_the_tools_that_are_promised() -> None:
    """Those of image/tools.txt, which are tried in a pod, and no others."""
    told = (ETC / "motd").read_text().removeprefix("Tools:")
    lines = (IMAGE / "tools.txt").read_text().splitlines()
    promised = {line.split()[0] for line in lines if not line.startswith("#")}
    assert set(told.split()) == promised


@needs_root
@pytest.mark.parametrize(
    ("files", "told"),
    [((), "accept-new"), (("known_hosts",), "ask"), (("known_hosts", "config"), "true")],
    ids=["nothing", "known hosts", "known hosts and a rule"],
)
def test_ssh_asks_about_a_host_only_where_the_team_says_whom_it_believes(
    tmp_path: Path, files: tuple[str, ...], told: str
) -> None:
    """By ssh's own word; what the team's own config says comes first (yes is told as true)."""
    mounted = tmp_path / "troubleshooter-ssh"
    mounted.mkdir()
    for name in files:
        (mounted / name).write_text("StrictHostKeyChecking yes\n" if name == "config" else "")
    script = 'mount -t overlay overlay -o "lowerdir=$1:$2:/etc" /etc; ssh -G db.example.org'
    command = ["unshare", "--mount", "sh", "-ec", script, "sh", str(ETC), str(tmp_path)]
    settings = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert f"stricthostkeychecking {told}" in settings


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(IMAGE)))
def test_a_script_is_plain_sh_and_can_be_executed(script: Path) -> None:
    """What the image starts with /bin/sh parses there."""
    assert os.access(script, os.X_OK)
    subprocess.run(["dash", "-n", script], check=True)
