"""Running work or a person's turn, on real programs in real terminals.

Each program first says `go` (typed as g""o, so that the echo of the line is not taken for it): what is
asked about then is what it does after that.
"""

import os
import pty
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
from kubelet import AGENT_ROOT
from processes import wait_for

from troubleshooter_agent.probe import is_working

LOOKS = 20
BASH = ("bash", "--norc")
SOMEBODY = 10001

WORKS = {
    "program": 'echo g""o; sleep 100',
    "loop of builtins": 'echo g""o; while :; do :; done',
    "command substitution": 'echo g""o; x=$(sleep 100)',
    "wait": 'sleep 100 & echo g""o; wait',
    "pipeline": 'echo g""o; sleep 100 | cat',
    "pipeline that reads elsewhere": 'echo g""o; cat /dev/zero | gzip > /dev/null',
    "follower of a file": 'echo g""o; tail -f /dev/null',
    "timeout": 'echo g""o; timeout --foreground 100 sleep 100',
    "xargs": 'echo g""o; echo 100 | xargs sleep',
    "subshell": '(echo g""o; sleep 100)',
    "program with its input elsewhere": "echo g\"\"o; sleep 100 | python3 -c 'input()'",
    "no shell has the terminal": 'echo g""o; exec sleep 100',
}
WAITS = {
    "prompt": 'echo g""o',
    "cat": 'echo g""o; cat',
    "python input()": 'python3 -c \'input("g"+"o")\'',
    "python thread": 'python3 -c \'from threading import*; print("g"+"o"); Thread(target=input).start()\'',
    "python prompt": 'python3 -c \'print("g"+"o"); import code; code.interact()\'',
    "password": 'echo g""o; read -s password',
    "getpass": "echo g\"\"o; python3 -c 'import getpass; getpass.getpass()'",
    "question of a builtin": "echo g\"\"o; read -p 'sure? ' answer",
    "question of a program": 'touch asked; echo g""o; rm -i asked',
    "reader of /dev/tty": 'echo g""o; cat < /dev/tty',
    "end of a pipeline that reads /dev/tty": 'echo g""o; sleep 100 | cat /dev/tty',
    "shell without line editing": 'echo g""o; bash --norc --noediting',
    "shell without job control": 'echo g""o; dash',
    "background job": 'sleep 100 & echo g""o',
    "less": 'echo g""o; less /etc/services',
    "top": 'echo g""o; top',
    "watch": 'echo g""o; watch true',
    "end of a pipeline that pages": 'echo g""o; sleep 100 | less',
    "python's own prompt": 'python3 -qi -c \'print("g"+"o")\'',
    "vim": 'echo g""o; vim -u NONE',
}

# What the rule gets wrong, and what it then says: nothing tells these from their opposites.
LEFT_WRONG = {
    "work that does without lines": ('stty -icanon; echo g""o; sleep 100', False),
    "work that does without a terminal driver": ('stty raw; echo g""o; sleep 100', False),
    "question with a time-out, which waits in pselect(2)": ('echo g""o; read -t 100', True),
}
# What a terminal within the terminal shows; TMUX is the way to it, and WAITING says that its program reads.
WAITING = "grep -Eq '^(0|63) ' /proc/$(TMUX display -p '#{pane_pid}')/syscall"
NESTED_WORKS = {
    "tmux": "TMUX new 'echo g\"\"o; sleep 100'",
    "loop in tmux": "TMUX new 'echo g\"\"o; while :; do :; done'",
    "other window of tmux": "TMUX new 'sleep 100' \\; neww 'echo g\"\"o; exec cat'",
    "detached tmux": "TMUX new -d 'sleep 100'; echo g\"\"o",
    "script": "script -qc 'echo g\"\"o; sleep 100' /dev/null",
    "tmux in script": 'script -qc "TMUX new \'echo g"\'""\'"o; sleep 100\'" /dev/null',
}
NESTED_WAITS = {
    "tmux": "TMUX new 'echo g\"\"o; exec cat'",
    "prompt in tmux": "TMUX new 'bash --norc' \\; send-keys 'echo g\"\"o' Enter",
    "pager in tmux": "TMUX new 'echo g\"\"o | less'",
    "detached tmux": 'TMUX new -d cat; until WAITING; do :; done; echo g""o',
    "question in script": "script -qc 'echo g\"\"o; read answer' /dev/null",
    "shell in script": "script -qc 'echo g\"\"o; exec bash --norc' /dev/null",
}
# A recorder as far as processes see it: what leaves the shell comes to it, and ends with it.
HARBOUR = f"""
import os, signal, subprocess, sys
sys.path.insert(0, {str(AGENT_ROOT)!r})
from troubleshooter_agent import process


def leave(*_):
    process.kill_descendants(os.getpid())
    os._exit(0)


process.become_subreaper()
signal.signal(signal.SIGHUP, leave)
subprocess.call(["bash", "--norc"])
leave()
"""


@contextmanager
def terminal(*command: str, folder: Path | None = None) -> Iterator["pexpect.spawn[str]"]:
    """A program on a terminal of its own, ended with the block."""
    program = pexpect.spawn(command[0], [*command[1:]], cwd=folder, encoding="utf-8", timeout=15)
    program.delayafterclose = program.delayafterterminate = 0.02
    try:
        yield program
    finally:
        program.close(force=True)


def looks_like_work(program: "pexpect.spawn[str]") -> bool:
    return is_working(program.child_fd, program.pid)


def stays(program: "pexpect.spawn[str]", *, working: bool) -> bool:
    """Whether it becomes so, and then is so at each of LOOKS looks."""
    wait_for(lambda: looks_like_work(program) is working, f"working={working}")
    return all(looks_like_work(program) is working for _ in range(LOOKS))


@pytest.mark.parametrize("line", WORKS.values(), ids=WORKS.keys())
def test_running_program_is_work(line: str, tmp_path: Path) -> None:
    """What the shell runs in the foreground is work from its first look on, whether it prints or not."""
    with terminal(*BASH, folder=tmp_path) as shell:
        shell.sendline(line)
        shell.expect("go\r\n")
        assert stays(shell, working=True)


@pytest.mark.parametrize("line", WAITS.values(), ids=WAITS.keys())
def test_program_that_waits_for_the_person_is_no_work(line: str, tmp_path: Path) -> None:
    """Nobody is at work where the next move is the person's."""
    program = line.rpartition("; ")[2].partition(" ")[0]
    if program in {"less", "top", "vim", "dash"} and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    with terminal(*BASH, folder=tmp_path) as shell:
        shell.sendline(line)
        shell.expect("go")
        assert stays(shell, working=False)


@pytest.mark.parametrize(("line", "working"), LEFT_WRONG.values(), ids=LEFT_WRONG.keys())
def test_what_the_rule_gets_wrong_stays_as_it_is_known(line: str, *, working: bool, tmp_path: Path) -> None:
    """docs/architecture.md says so too; whoever mends one of these moves it to the tables above."""
    with terminal(*BASH, folder=tmp_path) as shell:
        shell.sendline(line)
        shell.expect("go")
        assert stays(shell, working=working)


@pytest.mark.parametrize("line", NESTED_WORKS.values(), ids=NESTED_WORKS.keys())
def test_work_in_a_terminal_within_the_terminal_is_work(line: str, tmp_path: Path) -> None:
    with harbour(line, tmp_path) as shell:
        assert stays(shell, working=True)


@pytest.mark.parametrize("line", NESTED_WAITS.values(), ids=NESTED_WAITS.keys())
def test_waiting_in_a_terminal_within_the_terminal_is_no_work(line: str, tmp_path: Path) -> None:
    with harbour(line, tmp_path) as shell:
        assert stays(shell, working=False)


@contextmanager
def harbour(line: str, folder: Path) -> Iterator["pexpect.spawn[str]"]:
    """A shell that was given a line which says `go`; the process is that above it."""
    with terminal(sys.executable, "-c", HARBOUR, folder=folder) as shell:
        shell.sendline(
            line.replace("WAITING", WAITING).replace("TMUX", f"tmux -f /dev/null -S {folder}/tmux")
        )
        shell.expect("go")
        yield shell
        shell.kill(signal.SIGHUP)
        shell.expect(pexpect.EOF)


def test_work_of_other_sessions_is_not_ours(tmp_path: Path) -> None:
    """Only what descends from the session counts, whatever terminals there are on the machine."""
    with (
        terminal("bash", "-c", "echo go; sleep 100; true") as other,
        terminal(*BASH, folder=tmp_path) as shell,
    ):
        other.expect("go")
        shell.sendline('echo g""o')
        shell.expect("go\r\n")
        assert stays(shell, working=False)
        assert stays(other, working=True)


def test_command_of_a_shell_is_work() -> None:
    """`shell -c COMMAND` has no job control: shell and command are one group, and it works."""
    with terminal("bash", "-c", "echo go; sleep 100; true") as shell:
        shell.expect("go")
        assert stays(shell, working=True)


def test_job_is_work_until_it_is_stopped_and_again_in_the_foreground(tmp_path: Path) -> None:
    """Ctrl-Z ends the work, `fg` takes it up."""
    with terminal(*BASH, folder=tmp_path) as shell:
        shell.sendline("bash -c 'echo g\"\"o; exec sleep 100'")
        shell.expect("go\r\n")
        assert stays(shell, working=True)
        shell.sendcontrol("z")
        shell.expect("Stopped")
        assert stays(shell, working=False)
        shell.sendline("fg; echo never")
        shell.expect("exec sleep 100'\r\n")
        assert stays(shell, working=True)


def test_work_ends_with_the_program(tmp_path: Path) -> None:
    """Once the prompt is back, the toolbox can be idle."""
    with terminal(*BASH, folder=tmp_path) as shell:
        shell.sendline('echo g""o; sleep 100')
        shell.expect("go\r\n")
        assert stays(shell, working=True)
        shell.sendintr()
        assert stays(shell, working=False)


def test_kernel_without_the_syscall_file_counts_a_cooked_terminal_as_work(tmp_path: Path) -> None:
    """Where nobody can tell who reads, a session is not ended by mistake."""
    with terminal("cat") as cat:
        assert stays(cat, working=False)
        (tmp_path / str(cat.pid) / "task" / str(cat.pid) / "fd").mkdir(parents=True)
        assert is_working(cat.child_fd, cat.pid, proc=tmp_path)


def test_kernel_without_the_syscall_file_still_sees_a_raw_terminal(tmp_path: Path) -> None:
    """A prompt with line editing is no work, whatever /proc has to say."""
    with terminal(*BASH, folder=tmp_path) as shell:
        shell.sendline('echo g""o')
        shell.expect("go\r\n")
        wait_for(lambda: not is_working(shell.child_fd, shell.pid, proc=tmp_path), "the prompt")


def test_failed_probe_counts_as_work(tmp_path: Path) -> None:
    """What is no terminal, and a /proc that is not there, end nothing."""
    reader, writer = os.pipe()
    with terminal("cat") as cat:
        assert is_working(reader, cat.pid)
        assert is_working(cat.child_fd, cat.pid, proc=tmp_path / "missing")
    os.close(reader)
    os.close(writer)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a program that belongs to root")
def test_program_of_another_user_counts_as_work() -> None:
    """A setuid program keeps its system calls to itself, even when it waits for a password."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        foreign = shutil.copy(shutil.which("cat") or "cat", folder)
        os.chown(foreign, 0, 0)
        Path(foreign).chmod(0o4755)
        own = shutil.copy(shutil.which("cat") or "cat", f"{folder}/own")
        assert _works_for_somebody(foreign)
        assert not _works_for_somebody(own)


@pytest.mark.timing
def test_probe_takes_less_than_a_millisecond_among_200_processes(tmp_path: Path) -> None:
    """It is asked once a second in every session, on the relay's thread."""
    crowd = [subprocess.Popen(["sleep", "100"]) for _ in range(200)]
    try:
        with terminal(*BASH, folder=tmp_path) as shell:
            shell.sendline('echo g""o; sleep 100 | cat | cat')
            shell.expect("go\r\n")
            assert stays(shell, working=True)
            assert statistics.median(_seconds(shell) for _ in range(100)) < 0.001
    finally:
        for process in crowd:
            process.kill()
            process.wait()


def _seconds(program: "pexpect.spawn[str]") -> float:
    started = time.perf_counter()
    looks_like_work(program)
    return time.perf_counter() - started


def _works_for_somebody(program: str) -> bool:
    """What a recorder without root finds out about a program that waits at its terminal."""
    pid = os.fork()
    if pid == 0:
        os._exit(_look_as_somebody(program))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1


def _look_as_somebody(program: str) -> int:
    """1 for work, 0 for none."""
    os.setgroups([])
    os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
    pid, master = pty.fork()
    if pid == 0:
        os.execv(program, [program])
    os.write(master, b"x\n")
    shown = b""
    while shown.count(b"x") < 2:  # the echo, then what cat says, after which it waits
        shown += os.read(master, 100)
    deadline = time.monotonic() + 1.0  # for a busy machine to let it come to its next read
    while (working := is_working(master, pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.close(master)
    os.waitpid(pid, 0)
    return int(working)
