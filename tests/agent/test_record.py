"""`troubleshooter-agent record`: the same recorder for a session of this machine, without a toolbox."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from casts import Cast
from kubelet import AGENT_ROOT
from processes import child_of, is_running, wait_for
from recorded import BASHRC, Shell
from terminal import Terminal

RECORD = (sys.executable, "-m", "troubleshooter_agent", "record")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".bashrc").write_text(BASHRC)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "SHELL": "/bin/bash",
        "USER": "alice",
        "PYTHONPATH": str(AGENT_ROOT),
    }


@pytest.fixture
def cast(tmp_path: Path) -> Path:
    return tmp_path / "session.cast"


def run(
    *arguments: str, environment: dict[str, str], cwd: Path | None = None, stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*RECORD, *arguments],
        input=stdin,
        capture_output=True,
        env=environment,
        cwd=cwd,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", 143)]
)
def test_exit_status_is_the_command_s_with_and_without_a_terminal(
    environment: dict[str, str], tmp_path: Path, script: str, status: int
) -> None:
    command = ("--", "bash", "-c", script)
    assert run("-o", str(tmp_path / "pipes.cast"), *command, environment=environment).returncode == status
    with Terminal([*RECORD, "-o", str(tmp_path / "terminal.cast"), *command], env=environment) as person:
        assert person.wait() == status


def test_shell_is_recorded_as_the_terminal_showed_it(environment: dict[str, str], cast: Path) -> None:
    with Terminal([*RECORD, "-o", str(cast)], cols=100, rows=30, env=environment) as person:
        person.expect("$ ")
        person.sendline("stty size; exit 5")
        person.expect("30 100")
        assert person.wait() == 5
        said = f"troubleshooter: recorded in {cast}; play it with: asciinema play {cast}\r\n".encode()
        assert person.shown.endswith(said)
        assert Cast.read(cast).cat() + said == person.shown
    found = Cast.read(cast)
    assert (found.header["width"], found.header["height"]) == (100, 30)
    assert found.header["troubleshooter"]["user"] == "alice"
    assert found.markers == ["recording started", "session ended: exit status 5"]
    assert found.play() == 0


def test_local_recording_is_one_file(environment: dict[str, str], tmp_path: Path) -> None:
    """Without -o it is named for when it began, in the folder where the person is."""
    folder = tmp_path / "here"
    folder.mkdir()
    result = run("--", "echo", "hello", environment=environment, cwd=folder)
    (file,) = folder.iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[a-z0-9]{8}\.cast", file.name)
    assert result.stdout == b"hello\n"
    assert (
        result.stderr.decode() == f"troubleshooter: recorded in {file}; play it with: asciinema play {file}\n"
    )
    assert Cast.read(file).shown == "hello\n"


def test_no_recording_is_overwritten(environment: dict[str, str], cast: Path, tmp_path: Path) -> None:
    cast.write_text("kept")
    result = run("-o", str(cast), "--", "touch", str(tmp_path / "ran"), environment=environment)
    assert (result.returncode, result.stdout) == (64, b"")
    assert result.stderr.decode() == (
        f"troubleshooter: {cast} exists (no recording is ever overwritten: name another file with -o)\n"
    )
    assert cast.read_text() == "kept"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("place", "said"),
    [("/proc/x.cast", "No such file or directory"), ("/etc/passwd/x.cast", "Not a directory")],
)
def test_place_that_cannot_be_written_starts_nothing(
    environment: dict[str, str], tmp_path: Path, place: str, said: str
) -> None:
    result = run("-o", place, "--", "touch", str(tmp_path / "ran"), environment=environment)
    assert result.returncode == 74
    assert (
        f"no shell without a recording: cannot write the recording {place}: {said}" in result.stderr.decode()
    )
    assert not (tmp_path / "ran").exists()


def test_input_and_both_outputs_pass_through_pipes(environment: dict[str, str], cast: Path) -> None:
    content = bytes(range(256)) * 1000
    result = run(
        "-o", str(cast), "--", "sh", "-c", "echo err >&2; cat", environment=environment, stdin=content
    )
    assert result.stdout == content
    assert result.stderr.startswith(b"err\ntroubleshooter: recorded in")


def test_output_into_a_file_is_not_torn(environment: dict[str, str], cast: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        out.write(b"before\n")
        out.flush()
        command = [*RECORD, "-o", str(cast), "--", "seq", "100000"]
        subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, env=environment, check=True)
    assert (tmp_path / "out").read_text() == "before\n" + "".join(f"{n}\n" for n in range(1, 100_001))


@pytest.mark.parametrize("name", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_client_that_is_ended_takes_its_program_along(
    environment: dict[str, str], cast: Path, tmp_path: Path, name: signal.Signals
) -> None:
    """On one's own machine nobody else would end it; the program hears SIGHUP and the recording is whole."""
    report = tmp_path / "report"
    script = f"trap 'echo hung up > {report}; exit 3' HUP; echo ready; while :; do sleep 0.05; done"
    command = [*RECORD, "-o", str(cast), "--", "sh", "-c", script]
    with Terminal(command, env=environment) as person:
        person.expect("ready")
        recorder = child_of(person.pid)
        assert recorder
        os.kill(person.pid, name)
        assert person.wait() == 128 + name
        wait_for(lambda: not is_running(recorder), "the end of the recorder")
    assert report.read_text() == "hung up\n"
    assert Cast.read(cast).markers == ["recording started", "terminal gone", "session ended: exit status 3"]


def test_closed_window_ends_the_program(environment: dict[str, str], cast: Path) -> None:
    command = [*RECORD, "-o", str(cast), "--", "sh", "-c", "echo ready; exec sleep 1000"]
    with Shell(command, env=environment) as person:
        person.expect("ready")
        recorder = child_of(person.pid)
        assert recorder
        person.close()
    wait_for(lambda: not is_running(recorder), "the end of the recorder")
    assert Cast.read(cast).markers[-1] == "session ended: exit status 129"


def test_interrupt_key_in_a_pipeline_ends_program_and_recording(
    environment: dict[str, str], cast: Path
) -> None:
    """There the key is a signal to all three: client, recorder and whoever reads."""
    words = " ".join([*RECORD, "-o", str(cast), "--", "sh", "-c", "'echo ready; sleep 1000'"])
    with Terminal(["bash"], env=environment) as person:
        person.expect("$ ")
        person.sendline(f"{words} | cat")
        person.expect("ready\r\n")
        person.send("\x03")
        person.expect("$ ")
        assert b"Traceback" not in person.shown
    wait_for(lambda: b"session ended" in cast.read_bytes(), "the end of the recording")
