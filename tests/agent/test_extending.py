"""`shell extend`: the end moves when the pod's annotation does; the test is the operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for

from agent import RunningAgent, running_agent
from troubleshooter_agent import cli, extending
from troubleshooter_agent.commands import ExtendBy


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path, time_to_live="1h") as agent:
        yield agent


def wanted(agent: RunningAgent) -> str:
    return str(agent.status()["wantedTimeToLive"])


def test_time_to_extend_by_is_read_as_the_api_reads_it() -> None:
    assert cli.parse(["shell", "--user=alice", "extend", "1h15m"]) == ExtendBy(
        4500, "alice", "@troubleshooter-agent"
    )


def test_end_moves_once_the_operator_grants_it(agent: RunningAgent) -> None:
    before = agent.status()
    with agent.open("--user=alice", "extend", "15m", stderr=-1) as asking:
        wait_for(lambda: wanted(agent) == "1h15m", "the wish")
        assert agent.status()["expiresAt"] == before["expiresAt"]
        agent.annotate(time_to_live="1h15m")
        _, said = asking.communicate()
    after = agent.status()
    assert (asking.returncode, after["timeToLiveSeconds"], after["wantedTimeToLive"]) == (0, 4500.0, "")
    assert said.decode() == f"troubleshooter: this toolbox lives until {after['expiresAt']} at the latest\n"
    assert len(agent.logged("extension-wanted")) == 1


def test_refusal_is_told_in_the_words_of_the_operator(agent: RunningAgent) -> None:
    with agent.open("extend", "3h", stderr=-1) as asking:
        wait_for(lambda: wanted(agent) == "4h", "the wish")
        agent.annotate(extension="4h: timeToLive 4h is above the 2h that class default allows; ask for less")
        _, said = asking.communicate()
    assert asking.returncode == 1
    assert said.decode() == (
        "troubleshooter: not granted: timeToLive 4h is above the 2h that class default allows; ask for less\n"
    )
    assert agent.status()["timeToLiveSeconds"] == 3600.0


def test_refusal_of_another_wish_is_none_of_this(agent: RunningAgent) -> None:
    agent.annotate(extension="4h: too long")
    with agent.open("extend", "30m", stderr=-1) as asking:
        wait_for(lambda: wanted(agent) == "1h30m", "the wish")
        agent.annotate(time_to_live="1h30m")
        asking.communicate()
    assert asking.returncode == 0


def test_who_hears_nothing_for_30_seconds_is_told_that_the_wish_stands(
    agent: RunningAgent, capfd: pytest.CaptureFixture[str]
) -> None:
    """The pauses are counted instead of slept."""
    passed: list[float] = []
    address = agent.environment["TROUBLESHOOTER_SOCKET"]
    assert extending.extend(900, "alice", address, clock=lambda: sum(passed), pause=passed.append) == 1
    assert sum(passed) == 30.0
    assert capfd.readouterr().err == (
        "troubleshooter: the operator has not answered yet whether this toolbox may live 1h15m; "
        "the wish stands, and until it is granted the toolbox ends "
        f"at {agent.status()['expiresAt']} at the latest\n"
    )
    wait_for(lambda: wanted(agent) == "1h15m", "the wish")
