"""Who is ended when something runs out, and when it is looked at: on sizes and clocks by hand."""

import pytest

from troubleshooter_agent.scarcity import (
    FolderRule,
    MemoryRule,
    Writer,
    folder_sentence,
    largest,
    largest_writer,
    least_pause,
    memory_pause,
    memory_sentence,
)

MIB = 1 << 20


def there(stored: int, called: int) -> Writer:
    """A session with a file open in the folder."""
    return Writer(stored, called, is_there=True)


def away(stored: int, called: int) -> Writer:
    return Writer(stored, called, is_there=False)


@pytest.mark.parametrize(("share", "wants"), [(0.0, False), (0.899, False), (0.9, True), (1.2, True)])
def test_memory_is_short_at_nine_tenths(share: float, *, wants: bool) -> None:
    assert MemoryRule().wants_end(share, 100.0) is wants


def test_after_an_end_memory_may_stay_short_for_six_seconds() -> None:
    rule = MemoryRule()
    rule.ended(100.0)
    assert not rule.wants_end(0.95, 100.2)
    assert not rule.wants_end(0.95, 105.9)
    assert rule.wants_end(0.95, 106.0)


def test_memory_that_was_free_in_between_is_short_again_at_once() -> None:
    rule = MemoryRule()
    rule.ended(100.0)
    assert not rule.wants_end(0.5, 100.2)
    assert rule.wants_end(0.9, 100.4)


@pytest.mark.parametrize(("share", "pause"), [(0.19, 1.0), (0.2, 0.2), (0.69, 0.2), (0.7, 0.1), (1.0, 0.1)])
def test_memory_is_read_the_more_often_the_less_is_left(share: float, pause: float) -> None:
    assert memory_pause(share) == pause


def measured(*sizes: int) -> list[bool]:
    """Whether a folder with a limit of 100 wants an end at each size; each wish is answered."""
    rule = FolderRule("/tmp", 100)  # noqa: S108 - only a name
    wishes = []
    for size in sizes:
        rule.measured(size)
        wishes.append(rule.wants_end)
        if rule.wants_end:
            rule.answered()
    return wishes


@pytest.mark.parametrize(
    ("sizes", "wishes"),
    [
        pytest.param([0, 50, 89], [False, False, False], id="below"),
        pytest.param([0, 90], [False, True], id="nine tenths"),
        pytest.param([95], [True], id="full from the start"),
        pytest.param([90, 90, 91], [True, False, False], id="what is full stays full"),
        pytest.param([90, 91, 92, 93, 94], [True, False, True, False, True], id="each two hundredths more"),
        pytest.param([120, 121, 122], [True, False, True], id="beyond the limit"),
        pytest.param([95, 80, 90], [True, False, True], id="emptied and filled again"),
    ],
)
def test_full_folder_ends_somebody_once_and_again_only_if_it_grows(
    sizes: list[int], wishes: list[bool]
) -> None:
    assert measured(*sizes) == wishes


@pytest.mark.parametrize(
    ("before", "used", "seconds", "pause"),
    [
        pytest.param(0, 0, 5.0, 5.0, id="empty"),
        pytest.param(40, 40, 5.0, 5.0, id="rests"),
        pytest.param(60, 60, 5.0, 1.0, id="rests above half"),
        pytest.param(60, 50, 5.0, 1.0, id="sinks"),
        pytest.param(0, 10, 1.0, 2.0, id="80 to go at 10 a second: a quarter of 8 s"),
        pytest.param(10, 40, 1.0, pytest.approx(0.4167, abs=0.001), id="50 to go at 30 a second"),
        pytest.param(0, 85, 1.0, 0.2, id="nearly there"),
        pytest.param(80, 81, 1.0, 1.0, id="slowly"),
        pytest.param(85, 95, 1.0, 1.0, id="over it"),
    ],
)
def test_folder_is_measured_the_more_often_the_sooner_it_may_be_full(
    before: int, used: int, seconds: float, pause: float
) -> None:
    rule = FolderRule("/tmp", 100)  # noqa: S108 - only a name
    rule.measured(before)
    rule.measured(used)
    assert rule.pause(seconds) == pause


@pytest.mark.parametrize(
    ("free", "is_news"),
    [
        ([1000, 985], False),  # a busy node
        ([1000, 984], True),
        ([1000, 990, 983], True),  # bit by bit
        ([1000, 5000, 4984], True),  # what somebody else has deleted hides nothing
    ],
)
def test_what_is_written_to_a_disk_is_news_from_16_mib_on(free: list[int], *, is_news: bool) -> None:
    rule = FolderRule("/tmp", 100 * MIB)  # noqa: S108 - only a name
    rule.most_free = free[0] * MIB
    assert [rule.is_news(size * MIB) for size in free[1:]][-1] is is_news


def test_measuring_takes_a_tenth_of_the_time_at_most() -> None:
    assert least_pause(took=5.0) == 45.0


@pytest.mark.parametrize(
    ("sizes", "found"), [({}, None), ({"a": 0}, None), ({"a": 1}, "a"), ({"a": 1, "b": 3, "c": 2}, "b")]
)
def test_largest(sizes: dict[str, int], found: str | None) -> None:
    assert largest(sizes) == found


@pytest.mark.parametrize(
    ("writers", "grown", "found"),
    [
        pytest.param({}, 100, None, id="no session"),
        pytest.param({"a": away(100, 100)}, 100, "a", id="the only writer"),
        pytest.param({"a": away(30, 30), "b": away(70, 70)}, 100, "b", id="the larger one"),
        pytest.param({"a": there(0, 0)}, 100, None, id="nobody wrote"),
        pytest.param({"a": away(0, 900)}, 100, None, id="to a terminal"),
        pytest.param({"a": away(0, 900), "b": there(0, 100)}, 100, "b", id="in memory: who is there"),
        pytest.param({"a": away(4, 4), "b": there(0, 100)}, 100, "b", id="too little to explain it"),
        pytest.param({f"{number}": away(2, 2) for number in range(50)}, 100, "0", id="many small ones"),
        pytest.param({"a": there(-50, -50)}, 100, None, id="a writer that has ended elsewhere"),
    ],
)
def test_largest_writer(writers: dict[str, Writer], grown: int, found: str | None) -> None:
    assert largest_writer(writers, grown) == found


def test_sentences() -> None:
    assert memory_sentence(412 * MIB, 0.904, 512 * MIB) == (
        "it used the most memory (412 MiB) when the toolbox had 90 % of its 512 MiB in use"
    )
    rule = FolderRule("/tmp", 512 * MIB)  # noqa: S108 - only a name
    rule.measured(471 * MIB)
    assert folder_sentence(rule) == "it wrote the most when /tmp had 92 % of its 512 MiB in use"
