"""File transfers pass unharmed, and are told by name, direction, size and sha256."""

import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from agent import RunningAgent
from troubleshooter_agent.transfer import transfer_of


@pytest.mark.parametrize(
    ("line", "direction", "name"),
    [
        ("tar cf - /etc/hosts", "download", "/etc/hosts"),  # kubectl cp POD:/etc/hosts .
        ("tar -cf - etc/hosts -C /", "download", "etc/hosts /"),
        ("tar -xmf - -C /target", "upload", "/target"),  # kubectl cp . POD:/target
        ("tar -xmf - --no-same-permissions --no-same-owner -C /target", "upload", "/target"),
        ("/usr/bin/tar xf -", "upload", "."),
    ],
)
def test_what_kubectl_cp_runs_is_a_transfer(line: str, direction: str, name: str) -> None:
    found = transfer_of(line.split())
    assert found is not None
    assert (found.direction, found.name) == (direction, name)


@pytest.mark.parametrize(
    "line",
    [
        "bash", "tar", "tar cf -f", "tar tf -", "tar cf x.tar /etc", "tar cxf - /etc", "tar f - /etc",
        "tar xf - --to-command=sh", "tar xf - --checkpoint-action=exec=sh --checkpoint=1",
        "tar -I sh -cf - x", "tar xf - -I sh", "tar czf - /etc", "tar xf - --use-compress-program=sh",
        "tar xFf - sh", "tar cf - -T /list", "tar cf - --rsh-command=sh", "./tar cf - x", "/home/tar xf -",
        "busybox tar cf - x", "sh -c tar", "tar xf - -C", "tar -fc - x",
    ],
)  # fmt: skip
def test_what_could_run_another_program_is_an_ordinary_session(line: str) -> None:
    assert transfer_of(line.split()) is None


def archive(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("random")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_download_passes_unharmed_and_is_told_not_recorded(agent: RunningAgent, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    (tmp_path / "random").write_bytes(content)
    result = agent.run("--", "tar", "-cf", "-", "-C", str(tmp_path), "random")
    assert result.returncode == 0
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as tar:
        member = tar.extractfile("random")
        assert member is not None
        assert member.read() == content
    sha256 = hashlib.sha256(result.stdout).hexdigest()
    cast = agent.cast()
    assert cast.markers == [
        "recording started",
        f"transfer: download of {tmp_path} random",
        f"transfer: download of {tmp_path} random: {len(result.stdout)} bytes, sha256 {sha256}",
        "session ended: exit status 0",
    ]
    assert cast.shown == ""
    assert cast.path.stat().st_size < 2000
    assert cast.summary["transfer"] == {
        "direction": "download", "name": f"{tmp_path} random", "bytes": len(result.stdout), "sha256": sha256,
    }  # fmt: skip


@pytest.mark.parametrize("way", ["pipe", "file"])
def test_upload_arrives_unharmed_and_is_told(agent: RunningAgent, tmp_path: Path, way: str) -> None:
    content = os.urandom(3_000_000)
    packed = archive(content)
    target = tmp_path / "target"
    target.mkdir()
    command = ("--user=alice", "--", "tar", "-xmf", "-", "-C", str(target))
    if way == "pipe":
        assert agent.run(*command, stdin=packed).returncode == 0
    else:
        (tmp_path / "packed").write_bytes(packed)
        with (tmp_path / "packed").open("rb") as file:
            session = agent.open(*command, stdin=file)
            session.communicate(timeout=20)
            assert session.returncode == 0
    assert (target / "random").read_bytes() == content
    told = agent.cast().summary["transfer"]
    assert (told["direction"], told["name"]) == ("upload", str(target))
    if way == "pipe":  # tar may stop reading at the archive's end mark
        assert told["bytes"] <= len(packed)
    assert agent.cast().markers[-1] == "session ended: exit status 0"


def test_failure_of_a_transfer_is_recorded_with_its_words_and_status(agent: RunningAgent) -> None:
    result = agent.run("--", "tar", "cf", "-", "/nowhere")
    assert result.returncode == 2
    assert b"/nowhere: Cannot stat" in result.stderr
    assert "/nowhere: Cannot stat" in agent.cast().shown


def test_reader_that_leaves_ends_a_download(agent: RunningAgent, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(50_000_000))
    session = agent.open("--", "tar", "cf", "-", str(tmp_path / "large"))
    assert session.stdout is not None
    session.stdout.read(1000)
    session.stdout.close()
    assert session.wait(20) == 141
    assert session.stderr is not None
    session.stderr.close()


def test_program_of_the_person_s_does_not_run_in_place_of_tar(agent: RunningAgent, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "tar"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho fake; exit 9\n")
    fake.chmod(0o755)
    environment = {
        **agent.environment,
        "PATH": f"{fake.parent}:{agent.environment['PATH']}",
        "TAR_OPTIONS": f"--checkpoint=1 --checkpoint-action=exec={fake}",
    }
    result = subprocess.run(
        agent.shell_command("--", "tar", "cf", "-", "/etc/hosts"),
        env=environment, capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert result.returncode == 0
    assert b"fake" not in result.stdout


def test_tar_on_a_terminal_is_an_ordinary_session(agent: RunningAgent) -> None:
    with agent.shell("--", "tar", "cf", "-", "/nowhere") as shell:
        assert shell.wait() != 0
    assert agent.cast().markers[0] == "recording started"
    assert not any(text.startswith("transfer") for text in agent.cast().markers)
    assert agent.cast().summary["transfer"] is None
