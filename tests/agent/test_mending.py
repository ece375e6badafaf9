"""Mending by hand: what is torn becomes whole, and nothing else is touched."""

import io
import json
import sys
from pathlib import Path

import players
import pytest
from volumes import ENDED, FILE, HEADER, HELLO, ID, STARTED, WHOLE, locked, put

from agent import RunningAgent
from troubleshooter_agent.mending import repair
from troubleshooter_agent.verify import verify
from troubleshooter_agent.volume import ReadingError

LOST = "the recorder ended without a word (a lost node or a killed pod)"
MENDED = HEADER + STARTED + HELLO + f'[0.5,"m","session ended: {LOST}"]\n'


def repaired(root: Path, wanted: str = "") -> tuple[int, str]:
    out = io.StringIO()
    return repair(root, wanted, out), out.getvalue()


@pytest.mark.parametrize("wanted", ["", ID, FILE])
def test_torn_recording_becomes_whole_and_gets_its_summary(tmp_path: Path, wanted: str) -> None:
    torn = HEADER + STARTED + HELLO + '[0.7,"o","half'
    cast = put(tmp_path, torn)
    sizes = f"from {len(torn.encode())} to {len(MENDED.encode())} bytes"
    assert repaired(tmp_path, wanted) == (0, f"{FILE}: mended ({sizes}), and its summary is written\n")
    assert cast.read_text() == MENDED
    assert players.refuses(cast.read_bytes()) == ""
    assert json.loads(cast.with_suffix(".json").read_text())["repaired"] is True
    assert verify(tmp_path, "", io.StringIO()) == 0


def test_whole_recording_gets_the_summary_it_lacks(tmp_path: Path) -> None:
    cast = put(tmp_path, WHOLE)
    assert repaired(tmp_path) == (0, f"{FILE}: mended (it was whole), and its summary is written\n")
    assert cast.read_text() == WHOLE


def test_recording_whose_recorder_lives_is_left_alone(tmp_path: Path) -> None:
    torn = HEADER + STARTED + HELLO + '[0.7,"o","half'
    cast = put(tmp_path, torn)
    with locked(cast):
        assert repaired(tmp_path) == (0, f"{tmp_path}: there is nothing to mend\n")
        assert repaired(tmp_path, ID) == (0, f"{FILE}: it is being recorded, so it is left alone\n")
    assert cast.read_text() == torn
    assert not cast.with_suffix(".json").exists()


def test_recording_that_has_its_summary_is_left_alone_even_if_torn(tmp_path: Path) -> None:
    """Somebody changed it afterwards: mending would hide that."""
    cast = put(tmp_path, WHOLE[:-10])
    cast.with_suffix(".json").write_text('{"id":"3f9k2m1x"}')
    status, told = repaired(tmp_path, ID)
    assert (status, told.startswith(f"{FILE}: it has its summary, so it is left as it is")) == (0, True)
    assert cast.read_text() == WHOLE[:-10]
    assert repaired(tmp_path) == (0, f"{tmp_path}: there is nothing to mend\n")


def test_what_cannot_be_mended_is_told_and_the_others_are(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + HELLO)
    trapped = put(tmp_path, HEADER + STARTED + ENDED, folder="shop/other")
    (trapped.parent / "index.jsonl").mkdir()
    status, told = repaired(tmp_path)
    assert status == 1
    assert "shop/other/" in told
    assert "its summary could not be written" in told
    assert f"{FILE}: mended" in told


def test_recording_elsewhere_is_mended_by_its_path(tmp_path: Path) -> None:
    cast = put(tmp_path / "volume", HEADER + STARTED + HELLO)
    assert repaired(tmp_path / "nowhere", str(cast))[0] == 0
    assert cast.read_text() == MENDED
    assert json.loads(cast.with_suffix(".json").read_text())["file"] == FILE


def test_recording_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match="there is no recording zzzzzzzz under"):
        repaired(tmp_path, "zzzzzzzz")


def test_sessions_that_run_are_left_alone_by_a_real_repair(agent: RunningAgent) -> None:
    """It is a command like others, and so recorded itself."""
    with agent.bash("--user=alice") as shell:
        folder = str(agent.folder / "recordings")
        words = (sys.executable, "-m", "troubleshooter_agent", "repair", "--recordings", folder)
        result = agent.run("--user=bob", "--", *words)
        assert (result.returncode, result.stdout.decode()) == (0, f"{folder}: there is nothing to mend\n")
        assert shell.type("echo still here") == "still here\r\n"
        shell.sendline("exit")
        shell.wait()
    assert agent.wait_until_closed(2)["sessionCount"] == 2
