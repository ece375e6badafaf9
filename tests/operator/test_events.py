"""One Event for each change of a condition: what is news, and how repeats are counted."""

from collections.abc import Iterator

import pytest
from api_server import FakeApi, running
from kubernetes.client.configuration import Configuration
from resource_objects import OWNER, troubleshooter

from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.events import Events, Pace
from troubleshooter_operator.kinds import TROUBLESHOOTER, Json
from troubleshooter_operator.news import News, news


def told(**reasons: str) -> Json:
    """A status with these conditions."""
    found = [{"type": kind, "reason": reason, "message": "because"} for kind, reason in reasons.items()]
    return {"conditions": found}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, told(Ready="Provisioning", Recorded="Running", Ended="Running"), []),
        ({}, told(Ready="ClassNotFound"), [("Ready", "ClassNotFound", False)]),
        (told(Ready="ClassNotFound"), told(Ready="ClassNotFound"), []),
        (told(Ready="Provisioning"), told(Ready="ShellAvailable"), [("Ready", "ShellAvailable", True)]),
        (
            told(Ready="ShellAvailable", RecordingsRetained="Pending"),
            told(Ready="ShellAvailable", RecordingsRetained="NotPermitted"),
            [("RecordingsRetained", "NotPermitted", False)],
        ),
        (
            told(Ready="ShellAvailable", Recorded="Running", Ended="Running"),
            told(Ready="Ended", Recorded="Truncated", Ended="Evicted"),
            [("Recorded", "Truncated", False)],
        ),
        (told(Recorded="Running"), told(Recorded="Complete"), [("Recorded", "Complete", True)]),
    ],
)
def test_a_change_is_told_once(before: Json, after: Json, expected: list[tuple[str, str, bool]]) -> None:
    found = [(heard.condition, heard.reason, heard.normal) for heard in news(before, after)]
    assert found == expected


def test_what_is_told_is_one_line_of_at_most_1024_characters() -> None:
    after = {"conditions": [{"type": "Ready", "reason": "Forbidden", "message": "a\n\x1b[31m" + "b" * 2000}]}
    (heard,) = news({}, after)
    assert heard.message.startswith("Ready: a \ufffd[31mbbb")
    assert len(heard.message) <= 1024
    assert "\x1b" not in heard.message


@pytest.fixture
def events(api: FakeApi) -> Iterator[Events]:
    with running(api) as address:
        cluster = ApiServer(Configuration(host=address, retries=False), ServerClock(), 5)
        yield Events(cluster)
        cluster.close()


def made(api: FakeApi) -> list[tuple[str, str, int]]:
    found = [thing for (kind, _, _), thing in api.objects.items() if kind == "events"]
    return [(event["reason"], event["message"], event["count"]) for event in found]


def test_the_same_again_raises_the_count(api: FakeApi, events: Events) -> None:
    events.tell(TROUBLESHOOTER, troubleshooter(), News("Ready", "NotAllowed", "Ready: first", normal=False))
    events.tell(TROUBLESHOOTER, troubleshooter(), News("Ready", "NotAllowed", "Ready: then", normal=False))
    events.tell(TROUBLESHOOTER, troubleshooter(), News("Recorded", "Complete", "Recorded: all", normal=True))
    assert made(api) == [("NotAllowed", "Ready: then", 2), ("Complete", "Recorded: all", 1)]


def test_an_event_names_the_troubleshooter(api: FakeApi, events: Events) -> None:
    events.tell(TROUBLESHOOTER, troubleshooter(), News("Ready", "NotAllowed", "Ready: why", normal=False))
    (event,) = [thing for (kind, _, _), thing in api.objects.items() if kind == "events"]
    assert (event["involvedObject"]["uid"], event["type"]) == (OWNER, "Warning")


@pytest.mark.parametrize("status", [403, 500])
def test_an_event_that_fails_stops_nothing(api: FakeApi, events: Events, status: int) -> None:
    api.fail("POST .*/events", status, "no", times=1)
    events.tell(TROUBLESHOOTER, troubleshooter(), News("Ready", "NotAllowed", "Ready: why", normal=False))
    assert made(api) == []


def test_six_a_minute_for_each_and_no_more() -> None:
    pace = Pace()
    assert [pace.take("web", 100.0 + second) for second in range(7)] == [True] * 6 + [False]
    assert pace.take("other", 107.0)
    assert pace.take("web", 160.0)
    assert not pace.take("web", 160.5)


def test_who_told_nothing_for_a_minute_is_forgotten() -> None:
    """Else the operator would remember every toolbox there ever was."""
    pace = Pace()
    for number in range(5):
        assert pace.take(f"web-{number}", 100.0 + number)
    assert pace.take("web-0", 130.0)
    assert pace.take("other", 162.5)
    assert list(pace._taken) == ["web-3", "web-4", "web-0", "other"]
