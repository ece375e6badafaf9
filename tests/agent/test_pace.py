"""When the events of a recording are shown."""

from troubleshooter_agent.asciicast import Event
from troubleshooter_agent.pace import Pace

EVENTS = [Event(time, "o", "x") for time in (1.0, 2.0, 12.0, 13.0)]


def times(pace: Pace) -> list[float]:
    return [event.time for event in pace.of(iter(EVENTS))]


def test_as_recorded() -> None:
    assert times(Pace()) == [1.0, 2.0, 12.0, 13.0]


def test_twice_as_fast() -> None:
    assert times(Pace(speed=2.0)) == [0.5, 1.0, 6.0, 6.5]


def test_no_pause_is_longer_than_the_limit() -> None:
    assert times(Pace(idle_limit=3.0)) == [1.0, 2.0, 5.0, 6.0]


def test_from_an_instant_on_what_was_before_is_there_at_once() -> None:
    assert times(Pace(at=12.0)) == [0.0, 0.0, 0.0, 1.0]


def test_a_limit_holds_for_the_time_before_it_is_sped_up() -> None:
    assert times(Pace(speed=2.0, idle_limit=4.0)) == [0.5, 1.0, 3.0, 3.5]
