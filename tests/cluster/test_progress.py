"""What a person is told while the harness works."""

from pathlib import Path

import pytest
from progress import HarnessError, output, run, step, tail, wait_until


def test_a_failed_program_is_named_with_its_last_words_and_its_log(tmp_path: Path) -> None:
    """The whole output is in the log; the end of it, the status and the command are in the error."""
    log = tmp_path / "logs" / "build.log"
    with pytest.raises(HarnessError) as failure:
        run(["sh", "-c", "seq 100; echo no such module >&2; exit 3"], log)
    lines = str(failure.value).splitlines()
    assert lines[0] == "82"
    assert lines[-3] == "no such module"
    assert lines[-2].startswith("This failed with status 3: sh -c seq 100")
    assert lines[-1] == f"Its whole output: {log}"
    assert log.read_text().startswith("1\n2\n")


def test_a_failed_question_is_named_with_its_complaint() -> None:
    """A short program has no log; what it said is in the error."""
    assert output(["echo", "here"]) == "here"
    with pytest.raises(HarnessError, match=r"status 4: sh -c .*\nwho are you"):
        output(["sh", "-c", "echo who are you >&2; exit 4"])


def test_a_step_says_how_it_went_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout is for what a shell evaluates."""
    with step("building"):
        pass
    with pytest.raises(HarnessError), step("loading"):
        raise HarnessError("no")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "building …",
        "building: done in 0.0 s",
        "loading …",
        "loading: failed after 0.0 s",
    ]


def test_a_wait_ends_at_its_deadline() -> None:
    """What was waited for, and how long, is in the error."""
    wait_until(lambda: True, "nothing", 0)
    with pytest.raises(HarnessError, match="the end of time: not within 0 s"):
        wait_until(lambda: False, "the end of time", 0)


def test_the_tail_of_no_log_is_empty(tmp_path: Path) -> None:
    """A log that is not there yet is no error."""
    assert tail(tmp_path / "none") == ""
