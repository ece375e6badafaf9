"""Megabytes through `kubectl exec`: they pass unharmed, and are recorded as name, size and hash."""

import hashlib
import io
import os
import tarfile

import pytest
from casts import Cast
from shelf import Shelf
from toolbox import Toolbox

SIZE = 3_000_000
LARGEST_CAST = 2_000


@pytest.fixture(scope="module")
def content() -> bytes:
    """What no terminal could show and no compression would shorten."""
    return os.urandom(SIZE)


def packed(content: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("random")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def unpacked(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile(name)
        assert member is not None
        return member.read()


def test_upload_and_download(toolbox: Toolbox, shelf: Shelf, content: bytes) -> None:
    """There and back with the words that `kubectl cp` uses; both archives are told by their hashes."""
    archive = packed(content)
    up = toolbox.run("shell", "--user=alice", "--", "tar", "-xmf", "-", "-C", "/home", stdin=archive)
    assert (up.returncode, up.stdout, up.stderr) == (0, b"", b"")
    assert_told(shelf.new_cast(), "upload", "/home", archive)
    down = toolbox.run("shell", "--user=alice", "--", "tar", "cf", "-", "-C", "/home", "random")
    assert (down.returncode, down.stderr) == (0, b"")
    assert unpacked(down.stdout, "random") == content
    assert_told(shelf.new_cast(), "download", "/home random", down.stdout)


def assert_told(cast: Cast, direction: str, name: str, archive: bytes) -> None:
    """By two markers and the summary, and not byte by byte."""
    sha256 = hashlib.sha256(archive).hexdigest()
    told = {"direction": direction, "name": name, "bytes": len(archive), "sha256": sha256}
    assert cast.markers == [
        "recording started",
        f"transfer: {direction} of {name}",
        f"transfer: {direction} of {name}: {len(archive)} bytes, sha256 {sha256}",
        "session ended: exit status 0",
    ]
    assert cast.summary["transfer"] == told
    assert cast.shown == ""
    assert cast.path.stat().st_size < LARGEST_CAST
    assert cast.cat() == b""


def test_failure_of_a_transfer_has_its_words_and_its_status(toolbox: Toolbox, shelf: Shelf) -> None:
    """What tar says on its standard error is recorded and shown."""
    result = toolbox.run("shell", "--", "tar", "cf", "-", "/nowhere")
    assert result.returncode == 2
    assert b"/nowhere: Cannot stat" in result.stderr
    assert "/nowhere: Cannot stat" in shelf.new_cast().shown


def test_binary_that_is_no_transfer_is_recorded_byte_by_byte(
    toolbox: Toolbox, shelf: Shelf, content: bytes
) -> None:
    """Another program's output could be anything, so it is on the recording, and exactly so."""
    part = content[:100_000]
    assert toolbox.run("shell", "--", "dd", "of=/home/part", stdin=part).returncode == 0
    shelf.new_cast()
    result = toolbox.run("shell", "--", "cat", "/home/part")
    assert result.stdout == part
    cast = shelf.new_cast()
    assert cast.summary["transfer"] is None
    raw = toolbox.run("troubleshooter-agent", "cat", "--raw", cast.id)
    assert raw.stdout == part
