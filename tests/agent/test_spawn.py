"""How a recorded program starts: with nothing of what the agent did to itself.

Each test spawns from a process that is made like a recorder: signals blocked, umask 0, undumpable.
"""

import json
from pathlib import Path

import pytest
from apart import apart
from kubelet import AS_TOOLBOX_USER

# A recorder's state, a program on a terminal or on pipes, all that it prints, and its status.
SPAWNER = """
from troubleshooter_agent import process, session, signals, spawn
signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
signals.block((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD))
process.become_undumpable()
os.umask(0)
leak = os.open("/dev/null", os.O_RDONLY)
os.set_inheritable(leak, True)
wanted = json.loads(sys.argv[1])
program = session.Program(wanted["argv"], dict(os.environ), wanted["folder"])
try:
    if wanted["size"]:
        child = spawn.on_terminal(program, columns=wanted["size"][0], rows=wanted["size"][1])
    else:
        child = spawn.on_pipes(program, stdin=os.open("/dev/null", os.O_RDONLY))
except spawn.CannotRunError as error:
    tell([[str(error)], error.status])
    sys.exit()
outputs = []
for output in child.outputs:
    os.set_blocking(output, True)
    printed = b""
    try:
        while piece := os.read(output, 65536):
            printed += piece
    except OSError:
        pass
    outputs.append(printed.decode())
tell([outputs, process.exit_status(child.pidfd)])
"""


def spawned(
    *argv: str, size: tuple[int, int] | None = None, folder: str = "/", user: tuple[str, ...] = ()
) -> tuple[list[str], int]:
    """What a program printed, each output of its own, or why it cannot run; and its exit status."""
    wanted = json.dumps({"argv": argv, "size": size, "folder": folder})
    outputs, status = apart(SPAWNER, wanted, user=user)
    return outputs, status


WAYS = pytest.mark.parametrize("size", [(100, 30), None], ids=["terminal", "pipes"])


@WAYS
def test_no_signal_is_blocked_or_ignored(size: tuple[int, int] | None) -> None:
    outputs, _ = spawned("cat", "/proc/self/status", size=size)
    status = dict(line.split(":", 1) for line in outputs[0].splitlines())
    ignored = int(status["SigIgn"], 16) & ~0x180000000  # 32 and 33 are the C library's own; make ignores them
    assert (status["SigBlk"].strip(), ignored) == ("0" * 16, 0)


@WAYS
def test_broken_pipe_ends_a_program_as_everywhere(size: tuple[int, int] | None) -> None:
    """With SIGPIPE ignored, `yes` would complain and end with 1."""
    outputs, _ = spawned("bash", "-c", "yes | head -1; echo ${PIPESTATUS[*]}", size=size)
    assert outputs[0].split() == ["y", "141", "0"]


@WAYS
def test_files_are_made_with_the_ordinary_mode(size: tuple[int, int] | None) -> None:
    assert spawned("sh", "-c", "umask", size=size)[0][0].strip() == "0022"


@WAYS
def test_only_the_standard_descriptors_are_open(size: tuple[int, int] | None) -> None:
    outputs, _ = spawned("bash", "-c", "echo /proc/self/fd/*", size=size)
    numbers = {int(path.rpartition("/")[2]) for path in outputs[0].split()}
    assert numbers - {3, 255} == {0, 1, 2}  # bash's own: the folder it lists, its copy of the script


@WAYS
@pytest.mark.parametrize("user", [(), AS_TOOLBOX_USER], ids=["root", "ordinary user"])
def test_program_goes_first_when_memory_is_short(size: tuple[int, int] | None, user: tuple[str, ...]) -> None:
    outputs, _ = spawned("cat", "/proc/self/oom_score_adj", size=size, user=user)
    assert outputs[0].strip() == "1000"


@WAYS
def test_program_starts_in_the_folder_of_the_person(size: tuple[int, int] | None, tmp_path: Path) -> None:
    assert spawned("pwd", "-P", size=size, folder=str(tmp_path))[0][0].strip() == str(tmp_path.resolve())


@WAYS
@pytest.mark.parametrize("folder", ["/nonexistent", "/etc/passwd"])
def test_folder_that_cannot_be_entered_is_no_reason_to_fail(
    size: tuple[int, int] | None, folder: str
) -> None:
    assert spawned("pwd", size=size, folder=folder)[0][0].strip() == "/"


@WAYS
def test_program_is_found_from_the_folder_of_the_person(size: tuple[int, int] | None, tmp_path: Path) -> None:
    script = tmp_path / "hello"
    script.write_text("#!/bin/sh\necho hello from $0\n")
    script.chmod(0o755)
    outputs, status = spawned("./hello", size=size, folder=str(tmp_path))
    assert (outputs[0].strip().startswith("hello from"), status) == (True, 0)


@pytest.mark.parametrize("size", [(100, 30), (120, 40), (1, 1), (65535, 65535), (0, 0)])
def test_terminal_has_its_size_from_the_first_moment(size: tuple[int, int]) -> None:
    assert spawned("stty", "size", size=size)[0][0].split() == [str(size[1]), str(size[0])]


def test_terminal_is_the_program_s_own_with_the_program_in_its_foreground() -> None:
    outputs, _ = spawned("cat", "/proc/self/stat", size=(100, 30))
    pid, _, _, _, group, session, terminal, foreground = outputs[0].split()[:8]
    assert pid == group == session == foreground
    assert int(terminal) >> 8 == 136  # the major number of /dev/pts


def test_outputs_stay_apart_on_pipes() -> None:
    assert spawned("sh", "-c", "echo out; echo err >&2")[0] == ["out\n", "err\n"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file that is no program, a program that is none, and a folder."""
    (tmp_path / "plain").write_text("text")
    (tmp_path / "broken").write_text("no program\n")
    (tmp_path / "broken").chmod(0o755)
    (tmp_path / "inner").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message", "status"),
    [
        ("nosuch", "nosuch: command not found", 127),
        ("./nosuch", "./nosuch: command not found", 127),
        ("", ": command not found", 127),
        ("./plain", "./plain: cannot be executed", 126),
        ("./inner", "./inner: cannot be executed", 126),
        ("./broken", "./broken: Exec format error", 126),
    ],
)
@WAYS
def test_program_that_cannot_run_is_told_as_a_shell_tells_it(
    size: tuple[int, int] | None, folder: Path, name: str, message: str, status: int
) -> None:
    assert spawned(name, size=size, folder=str(folder)) == ([message], status)
