"""What PID 1 decides about its toolbox; the clock counts seconds from the machine's start."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from troubleshooter_agent.annotations import Projected
from troubleshooter_agent.contract import EndReason, Retained, Status, TerminationMessage
from troubleshooter_agent.request import Request
from troubleshooter_agent.session import printable
from troubleshooter_agent.summary import Summary
from troubleshooter_agent.toolbox import Ending, ToolboxState

PROJECTED = Projected(
    namespace="shop",
    name="box",
    pod="box-pod",
    pod_uid="uid-1",
    purpose="DNS is slow",
    image="toolbox:1",
    run=2,
    time_to_live=3600.0,
    idle_timeout=900.0,
    retained=Retained.YES,
)
REQUEST = Request(("bash",), "alice", {"TERM": "xterm"}, "/tmp", (120, 40))  # noqa: S108 - only a name
SUMMARY = Summary(
    id="00000001", user="alice", verified=False, run=2, startedAt="", endedAt="", exitCode=0,
    why="exit status 0", bytes=812, sha256=None, file="x.cast",
)  # fmt: skip
UNTIL = "until 2026-11-22T19:40:03Z at the latest; without a key it ends after 15m"
BORN = 1795372803.0 - 100.0  # the epoch at the clock's 0; the toolbox began at its 100: 18:40:03


@pytest.fixture
def state() -> ToolboxState:
    """A toolbox that has run for 10 s and has been ready for 5."""
    state = ToolboxState(started_at=100.0, wall=BORN, root=Path("/recordings"), projected=PROJECTED)
    state.learn(PROJECTED, 105.0)
    return state


def test_shells_open_only_where_their_recordings_stay(state: ToolboxState) -> None:
    assert state.refusal() is None
    state.learn(replace(PROJECTED, retained=None), 110.0)
    waiting = state.refusal()
    assert waiting is not None
    assert (waiting.status, waiting.wait) == (74, True)
    assert waiting.sentence == "waiting until the volume of the recordings is known to be retained"


@pytest.mark.parametrize("told", [Retained.NOT_PERMITTED, Retained.NOT_REQUESTED])
def test_shells_open_where_the_class_asks_for_no_retention(state: ToolboxState, told: Retained) -> None:
    state.learn(replace(PROJECTED, retained=told), 110.0)
    assert state.refusal() is None


def test_ending_toolbox_opens_no_shell(state: ToolboxState) -> None:
    state.ending = Ending(EndReason.STOPPED, "stopped", 110.0)
    refusal = state.refusal()
    assert refusal is not None
    assert (refusal.status, refusal.sentence, refusal.wait) == (124, "this toolbox is ending: stopped", False)


def test_idle_clock_starts_when_the_toolbox_is_ready() -> None:
    """Nobody can be idle before a shell can be opened."""
    state = ToolboxState(100.0, BORN, Path("/recordings"), replace(PROJECTED, retained=None))
    assert [deadline.reason for deadline in state.deadlines()] == ["TimeToLiveReached"]
    state.learn(PROJECTED, 200.0)
    state.learn(PROJECTED, 300.0)  # further changes do not start it again
    assert [(deadline.reason, deadline.at) for deadline in state.deadlines()] == [
        ("IdleTimeout", 1100.0),
        ("TimeToLiveReached", 3700.0),
    ]


@pytest.mark.parametrize(
    ("projected", "at", "reason", "why"),
    [
        ({}, 1005.0, "IdleTimeout", "idle for 15m"),
        ({"time_to_live": 600.0}, 700.0, "TimeToLiveReached", "time to live of 10m reached"),
    ],
)
def test_end_is_due_at_its_instant_and_not_before(
    state: ToolboxState, projected: dict[str, Any], at: float, reason: str, why: str
) -> None:
    state.learn(replace(PROJECTED, **projected), 110.0)
    assert state.due(at - 0.001) is None
    assert state.due(at) == Ending(EndReason(reason), why, at)


# What happens to a toolbox that is ready at 105, and when and why it is over: idle after 15m, or at 3700.
Story = Sequence[tuple[float, str, Mapping[str, float]]]
STORIES: dict[str, tuple[Story, float, str]] = {
    "nobody comes": ([], 1005.0, "idle for 15m"),
    "a shell is opened, and nothing is typed": ([(200.0, "open", {})], 1100.0, "idle for 15m"),
    "a key": ([(200.0, "open", {}), (500.0, "heard", {"key": 499.8})], 1399.8, "idle for 15m"),
    "output for ever": (
        [(200.0, "open", {}), *((float(at), "heard", {"bytes": at}) for at in range(201, 1100))],
        1100.0,
        "idle for 15m",
    ),
    "all shells are closed": (
        [(200.0, "open", {}), (400.0, "heard", {"key": 390.0}), (1000.0, "done", {})],
        1290.0,
        "idle for 15m",
    ),
    "work of ten minutes": (
        [(200.0, "open", {}), *((float(at), "heard", {"working": at}) for at in range(201, 801))],
        1700.0,
        "idle for 15m",
    ),
    "work for ever counts for half an hour": (
        [(200.0, "open", {}), *((float(at), "heard", {"working": at}) for at in range(201, 2900))],
        2900.0,
        "idle for 15m",
    ),
    "work for ever, and a key now and then": (
        [
            (200.0, "open", {}),
            *((float(at), "heard", {"working": at}) for at in range(201, 3700)),
            *((at, "heard", {"key": at}) for at in (1900.5, 3000.5)),
        ],
        3700.0,
        "time to live of 1h reached",
    ),
    "suspended for hours": (
        [(200.0, "open", {}), (20000.0, "heard", {"key": 20000.0})],
        1100.0,
        "idle for 15m",
    ),
}


@pytest.mark.parametrize(("story", "at", "why"), STORIES.values(), ids=STORIES.keys())
def test_end_of_a_story(state: ToolboxState, story: Story, at: float, why: str) -> None:
    """PID 1 looks when it is told something, and at the instant it has set itself."""
    for now, what, message in sorted(story, key=lambda event: event[0]):
        if state.deadlines()[0].at <= now:
            break
        tell(state, now, what, message)
    assert state.due(at - 0.001) is None
    ending = state.due(at)
    assert ending is not None
    assert ending.why == why


def tell(state: ToolboxState, now: float, what: str, message: Mapping[str, float]) -> None:
    if what == "open":
        state.sessions.opened(
            {"id": "00000001", "user": "alice", "file": "x.cast", "at": BORN + now, "terminal": True}, now
        )
    elif what == "done":
        state.sessions.done(SUMMARY, None)
    else:
        state.sessions.heard("00000001", dict(message))


def test_clock_on_the_wall_ends_nothing() -> None:
    """Somebody sets it by years: all deadlines are on the clock of the machine's life."""
    ends = []
    for wall in (0.0, BORN, BORN + 1e9):
        state = ToolboxState(started_at=100.0, wall=wall, root=Path("/recordings"), projected=PROJECTED)
        state.learn(PROJECTED, 105.0)
        ends.append([deadline.at for deadline in state.deadlines()])
    assert ends == [[1005.0, 3700.0]] * 3


def test_raised_time_to_live_counts_from_the_start(state: ToolboxState) -> None:
    state.learn(replace(PROJECTED, time_to_live=7200.0, idle_timeout=7200.0), 3000.0)
    assert state.due(7299.0) is None
    assert state.due(7300.0) == Ending(EndReason.TIME_TO_LIVE_REACHED, "time to live of 2h reached", 7300.0)


@pytest.mark.parametrize(
    ("end", "reason", "why"),
    [
        ("", "PodDeleted", "pod deleted"),
        ("Stopped", "Stopped", "stopped"),
        ("TimeToLiveReached", "TimeToLiveReached", "time to live reached"),
        ("Evicted", "Evicted", "Evicted"),
        ("nonsense", "PodDeleted", "pod deleted"),
    ],
)
def test_reason_of_a_sigterm_is_what_the_operator_wrote(
    state: ToolboxState, end: str, reason: str, why: str
) -> None:
    state.learn(replace(PROJECTED, end=end), 110.0)
    assert state.terminated(120.0) == Ending(EndReason(reason), why, 120.0)


def test_warnings_are_given_once_each(state: ToolboxState) -> None:
    assert state.warnings(700.0) == []
    assert state.warnings(705.0) == ["idle: this toolbox ends in 5m; press any key to keep it"]
    assert state.warnings(706.0) == []
    assert state.next_look(706.0) == 945.0


@pytest.mark.parametrize(
    ("user", "exec_identity", "entered_at", "recorded", "verified"),
    [
        ("alice", "enforced", 111.0, "alice", True),
        ("alice", "enforced", None, "alice", False),
        ("alice", "enforced", 109.9, "alice", False),
        ("alice", "none", 111.0, "alice", False),
        ("alice", "", 111.0, "alice", False),
        ("", "enforced", 111.0, "unknown", False),
    ],
)
def test_user_is_verified_only_where_the_cluster_writes_the_name(
    state: ToolboxState,
    user: str,
    exec_identity: str,
    entered_at: float | None,
    recorded: str,
    *,
    verified: bool,
) -> None:
    state.learn(replace(PROJECTED, exec_identity=exec_identity), 110.0)
    job = state.job(replace(REQUEST, user=user), 110.0, entered_at=entered_at)
    assert (job.user, job.verified) == (recorded, verified)


def test_session_is_recorded_in_the_toolbox_s_folder(state: ToolboxState) -> None:
    job = state.job(REQUEST, 110.0, entered_at=110.0)
    assert job.file == f"shop/box/2026-11-22T18-40-13Z-{job.id}.cast"
    assert job.program.environment == {"TERM": "xterm", "TROUBLESHOOTER_SESSION": job.id}
    assert job.toolbox.run == 2
    assert not job.hang_up_when_left


def test_greeting_says_that_it_is_recorded_as_whom_and_until_when(state: ToolboxState) -> None:
    greeting = state.greeting(state.job(REQUEST, 110.0, entered_at=110.0))
    assert greeting == f"this shell is recorded as alice (not verified), {UNTIL}"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"save_to_disk": False, "retained": Retained.NOT_REQUESTED},
            f"this shell of alice (not verified) is NOT recorded, {UNTIL}",
        ),
        (
            {"save_to_disk": False, "log_to_stdout": True, "retained": Retained.NOT_REQUESTED},
            f"this shell is recorded as alice (not verified) in the container's log alone, {UNTIL}",
        ),
        (
            {"log_to_stdout": True},
            f"this shell is recorded as alice (not verified), {UNTIL}; it is also in the container's log",
        ),
        (
            {"retained": Retained.NOT_PERMITTED},
            f"this shell is recorded as alice (not verified), {UNTIL}; the volume of the recordings goes",
        ),
        (
            {"notice": "Recordings are kept for a year.\x1b[2J"},
            f"this shell is recorded as alice (not verified), {UNTIL}. Recordings are kept for a year.",
        ),
    ],
    ids=["not recorded", "in the log alone", "also in the log", "not retained", "notice"],
)
def test_greeting_says_what_is_not_as_usual(state: ToolboxState, fields: dict[str, Any], line: str) -> None:
    state.learn(replace(PROJECTED, **fields), 110.0)
    assert state.greeting(state.job(REQUEST, 110.0, entered_at=110.0)).startswith(line)


def test_session_that_is_not_saved_has_no_file_and_little_room(state: ToolboxState) -> None:
    state.learn(replace(PROJECTED, save_to_disk=False, retained=Retained.NOT_REQUESTED), 110.0)
    job = state.job(REQUEST, 110.0, entered_at=110.0)
    assert (job.file, job.recorded, job.saved, job.logged) == ("", False, False, False)
    assert job.limits.size == 134_217_728


def test_status_has_the_keys_and_instants_of_the_contract(state: ToolboxState) -> None:
    status = state.status()
    assert set(status) == set(Status.__annotations__)
    assert status["startedAt"] == "2026-11-22T18:40:03Z"
    assert status["expiresAt"] == "2026-11-22T19:40:03Z"
    assert status["idleSince"] == "2026-11-22T18:40:08Z"
    assert (status["timeToLiveSeconds"], status["idleTimeoutSeconds"]) == (3600.0, 900.0)
    assert (status["ready"], status["end"], status["sessions"]) == (True, "", [])


@pytest.mark.parametrize(
    ("end", "shown"), [("", "IdleTimeout"), ("Stopped", "Stopped")], ids=["own reason", "the operator's"]
)
def test_status_shows_the_end_that_the_operator_waits_for(state: ToolboxState, end: str, shown: str) -> None:
    state.learn(replace(PROJECTED, end=end), 110.0)
    state.ending = Ending(EndReason.IDLE_TIMEOUT, "idle for 15m", 1005.0)
    assert state.status()["end"] == shown
    assert state.status()["ready"] is False


def test_last_words_have_the_keys_and_the_reason_of_the_contract(state: ToolboxState) -> None:
    state.ending = Ending(EndReason.IDLE_TIMEOUT, "idle for 15m", 1005.0)
    words = state.last_words(1006.0)
    assert set(words) == set(TerminationMessage.__annotations__)
    assert (words["reason"], words["message"]) == ("IdleTimeout", "idle for 15m")
    assert words["endedAt"] == "2026-11-22T18:55:09Z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("alice@example.org", "alice@example.org"), ("josé", "josé"), ("a\r\nb", "a??b"), ("\x1b[31m", "?[31m"),
     ("\u202eevil", "?evil"), ("\x9b31m", "?31m")],
)  # fmt: skip
def test_name_of_a_stranger_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
