"""Pictures of a cast, by programs that people have or have not; small ones stand in for them here."""

import stat
from pathlib import Path

import pytest

from troubleshooter_cli.errors import BrokenError, NotFoundError
from troubleshooter_cli.pictures import PROGRAMS, Program, draw, program_for


def program(folder: Path, text: str) -> Program:
    path = folder / "drawer"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)
    return Program((str(path), "{cast}", "{picture}"), "from here")


@pytest.mark.parametrize(
    ("form", "installed", "chosen"),
    [
        ("gif", {"agg"}, ("agg", "a.cast", "b")),
        ("svg", {"svg-term", "termtosvg"}, ("svg-term", "--in", "a.cast", "--out", "b")),
        ("svg", {"termtosvg"}, ("termtosvg", "render", "a.cast", "b")),
    ],
)
def test_the_first_program_that_is_installed_draws(
    form: str, installed: set[str], chosen: tuple[str, ...]
) -> None:
    found = program_for(form, which=lambda name: name if name in installed else None)
    assert tuple(found.line(Path("a.cast"), Path("b"))) == chosen


@pytest.mark.parametrize("form", PROGRAMS)
def test_where_none_is_the_answer_says_which_could_be(form: str) -> None:
    with pytest.raises(NotFoundError, match=f"no program that makes {form} is installed") as raised:
        program_for(form, which=lambda _: None)
    assert all(each.name in raised.value.remedy for each in PROGRAMS[form])


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "a.cast").write_text("the cast")
    draw(program(tmp_path, 'cp "$1" "$2"'), tmp_path / "a.cast", tmp_path / "b.gif")
    assert (tmp_path / "b.gif").read_text() == "the cast"


@pytest.mark.parametrize("text", ["echo no font here >&2; exit 3", "echo no font here"])
def test_what_was_not_drawn_is_told_in_the_programs_own_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(BrokenError, match="no font here"):
        draw(program(tmp_path, text), tmp_path / "a.cast", tmp_path / "b.gif")
