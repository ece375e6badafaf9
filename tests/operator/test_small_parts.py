"""The server's clock, the log lines, the arguments, the time policy."""

from itertools import pairwise

import pytest

from troubleshooter_operator import log
from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.expiry import Verdict, judge
from troubleshooter_operator.main import Arguments, parse

DATE = "Sun, 22 Nov 2026 18:40:{:02} GMT"
AT_03 = 1795372803.0


class Ticking:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_servers_time_follows_its_date_header() -> None:
    ticking = Ticking()
    clock = ServerClock(ticking, wall=lambda: 0.0)
    assert clock.now() == 0.0
    clock.observe(DATE.format(3))
    ticking.now += 7
    assert clock.now() == AT_03 + 7


def test_dropped_parts_of_a_second_do_not_make_the_clock_jitter() -> None:
    """Headers that lag by up to a second, as the real ones do; the estimate never goes back."""
    ticking = Ticking()
    clock = ServerClock(ticking, wall=lambda: 0.0)
    seen = []
    for tenth in range(30):  # the server's clock began at 18:40:03.7
        ticking.now = 1000 + tenth / 10
        clock.observe(DATE.format(int(3.7 + tenth / 10)))
        seen.append(clock.now())
    assert all(before <= after for before, after in pairwise(seen))
    assert abs(seen[-1] - (AT_03 + 0.7 + 2.9)) < 0.11


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_missing_or_broken_date_header_changes_nothing(date: str | None) -> None:
    ticking = Ticking()
    clock = ServerClock(ticking, wall=lambda: 0.0)
    clock.observe(DATE.format(3))
    clock.observe(date)
    assert clock.now() == AT_03


def test_a_log_line_is_one_line_whatever_is_in_it() -> None:
    line = log.line("pod created", name="web", error='a "b"\nlevel=ERROR', nothing=None, empty="")
    assert line == 'event="pod created" name=web error="a \\"b\\"\\nlevel=ERROR"'


@pytest.mark.parametrize(
    ("argv", "port"),
    [([], 8080), (["--port", "9090"], 9090)],
)
def test_the_port_can_be_chosen(argv: list[str], port: int) -> None:
    assert parse(argv) == Arguments(kubeconfig=None, port=port)


@pytest.mark.parametrize(
    ("now", "accepted", "seen", "verdict"),
    [
        pytest.param(100, None, None, Verdict(), id="no kubelet has it"),
        pytest.param(699, 100, None, Verdict(look_again=700), id="starting"),
        pytest.param(700, 100, None, Verdict(end="StartFailed"), id="start deadline"),  # type: ignore[arg-type] # equal
        pytest.param(164.9, 0, 100, Verdict(look_again=165), id="running, 60 s of life"),
        pytest.param(165, 0, 100, Verdict(end="TimeToLiveReached"), id="5 s after it"),  # type: ignore[arg-type] # equal
    ],
)
def test_the_time_policy(now: float, accepted: float | None, seen: float | None, verdict: Verdict) -> None:
    assert judge(now=now, accepted_at=accepted, seen_running_at=seen, life_seconds=60) == verdict
