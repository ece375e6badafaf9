"""The long tests: their tools, the table at their end, and the results for the page of the benchmarks."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asciinema3
import places
import pytest
import soak
import webplayer
from browser import Browser, browser
from programs import Asciinema3


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Says what was found, as numbers that are added up over all tests; `slowest` ones are compared."""

    def say(table: str, **numbers: float) -> None:
        record_property("soak", [table, numbers])

    return say


@pytest.fixture
def asciinema_3(tmp_path: Path) -> Asciinema3:
    return Asciinema3(asciinema3.find(places.cache()), tmp_path)


@pytest.fixture(scope="session")
def player() -> Iterator[Browser]:
    """One browser for all tests of a worker."""
    with browser(webplayer.find(places.cache())) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what all tests said."""
    tables: dict[str, dict[str, float]] = {}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "soak" and report.when == "call":
                _add(tables.setdefault(value[0], {}), value[1])
    if not tables:
        return
    terminalreporter.section(f"found by make soak, at scale {soak.SCALE:g}")
    for table, numbers in sorted(tables.items()):
        figures = ", ".join(f"{name.replace('_', ' ')} {value:,.6g}" for name, value in numbers.items())
        terminalreporter.write_line(f"{table:12} {figures}")
        _keep(table, numbers)


def _add(sums: dict[str, float], numbers: dict[str, float]) -> None:
    for name, value in numbers.items():
        known = sums.get(name, 0)
        sums[name] = max(known, value) if name.startswith("slowest") else known + value


def _keep(table: str, numbers: dict[str, Any]) -> None:
    day = dt.datetime.now(dt.UTC).date().isoformat()
    text = json.dumps({**numbers, "scale": soak.SCALE, "date": day}, indent=1)
    (soak.results() / f"{table}.json").write_text(f"{text}\n")
