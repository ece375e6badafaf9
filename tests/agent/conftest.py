"""Real agents for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import RunningAgent, running_agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    """An agent of the test's own, with an empty volume; it ends of itself only after an hour."""
    with running_agent(tmp_path, time_to_live="1h", idle_timeout="1h") as running:
        yield running


@pytest.fixture
def me(request: pytest.FixtureRequest) -> str:
    """A user's name of the test's own, by which it finds its recording among those of others."""
    return str(request.node.nodeid)


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent that the tests of a module share, for those that look at their own session only."""
    folder = tmp_path_factory.mktemp("toolbox")
    with running_agent(folder, time_to_live="1h", idle_timeout="1h") as running:
        yield running
