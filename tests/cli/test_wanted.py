"""Which recording is meant by what a person types."""

import pytest

from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.recordings import Recording
from troubleshooter_cli.wanted import Wanted, choose, not_found, parse


def recording(name: str, session: str, hour: int) -> Recording:
    return Recording(session, "", "shop", name, "alice", f"2026-11-22T{hour:02}:00:00Z")


SHOP = [
    recording("web", "aaaa1111", 1),
    recording("web", "aaab2222", 3),
    recording("db", "bbbb3333", 2),
    recording("db", "cccc4444", 4),
]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("last", Wanted(is_one=True)),
        ("3f9k2m1x", Wanted(id="3f9k2m1x", is_one=True)),
        ("3f", Wanted(id="3f", is_one=True)),
        ("web", Wanted(name="web")),  # a toolbox is called so
        ("web/last", Wanted(name="web", is_one=True)),
        ("a-long-name", Wanted(name="a-long-name")),
        ("db/cc", Wanted(name="db", id="cc", is_one=True)),
        ("3f9k2m1xy", Wanted(name="3f9k2m1xy")),  # longer than an id
    ],
)
def test_what_is_typed_has_one_meaning(text: str, wanted: Wanted) -> None:
    assert parse(text, {"web", "db"}) == wanted


@pytest.mark.parametrize("text", ["../x", "web/", "/last", "web/UPPER", "Web", "a b", "web/a/b", "-web"])
def test_what_has_none_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError) as found:
        parse(text)
    assert found.value.sentence == f"{text!r} is no recording"
    assert "NAME/last" in found.value.remedy


@pytest.mark.parametrize(
    ("text", "session"),
    [
        ("", "cccc4444"),
        ("web", "aaab2222"),
        ("web/last", "aaab2222"),
        ("aaaa", "aaaa1111"),
        ("aaab2222", "aaab2222"),
        ("db/b", "bbbb3333"),
        ("db/aaaa", None),
        ("zzzz", None),
        ("nobody/last", None),
    ],
)
def test_the_latest_or_the_one_that_begins_so_is_chosen(text: str, session: str | None) -> None:
    chosen = choose(parse(text, {"web", "db"}), SHOP)
    assert (chosen.id if chosen else None) == session


def test_a_beginning_of_several_is_a_question() -> None:
    with pytest.raises(UsageError) as found:
        choose(Wanted(id="aaa"), SHOP)
    assert found.value.sentence == "2 recordings begin with aaa: web/aaaa1111, web/aaab2222"
    assert found.value.remedy == "write more of the id"


def test_what_is_not_found_is_named() -> None:
    assert not_found(Wanted("web", "zz"), "in namespace shop").sentence == (
        "there is no recording web/zz in namespace shop"
    )
    assert not_found(Wanted("web"), "in namespace shop").sentence == (
        "there is no recording of web in namespace shop"
    )
    assert not_found(Wanted(), "in any namespace").sentence == "there is no recording in any namespace"
