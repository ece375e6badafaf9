"""`make bench` runs, and its page has every figure that was asked for."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import figures
import kills
import page
import product
import pytest
from figures import Limit, Row

CHECKOUT = Path(__file__).parents[1]
ASKED_FOR = (
    "throughput of `cat`",
    "`cat` through `kubectl exec -it`",
    "echo of a key, p50, added",
    "echo of a key, p99, added",
    "echo of a key while another session floods, p99, added",
    "start to prompt, added",
    "start to prompt through `kubectl exec -it`, added",
    "PID 1: start to the first client let in",
    "PID 1: start to the first good /readyz",
    "memory (Pss)",
    "processor",
    "lateness of the end, life time",
    "lateness of the end, idle",
    "kill -9 under load: files that do not open",
    "kill -9 under load: shown but not recorded",
)


@pytest.mark.timing
def test_a_short_run_measures_every_figure(tmp_path: Path) -> None:
    """With what is on this machine: nothing is installed, built or started for it, and nothing is left."""
    written = tmp_path / "benchmarks.md"
    roots = ("agent", "tests/support", "tests/cluster")
    result = subprocess.run(
        [sys.executable, "tools/bench", "--short", "--output", written],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": ":".join(roots), "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert figures_of(written) >= set(ASKED_FOR)
    assert " of this host, not the product's: a short run builds nothing |\n" in written.read_text()
    assert list((tmp_path / "cache" / "troubleshooter" / "bench").iterdir()) == []


def test_the_page_in_the_documents_has_every_figure() -> None:
    """It was not written by a short run."""
    committed = CHECKOUT / "docs" / "benchmarks.md"
    assert figures_of(committed) >= set(ASKED_FOR)
    assert "BENCH=short" not in committed.read_text()


def figures_of(path: Path) -> set[str]:
    """The first column of all tables of a page."""
    lines = path.read_text().splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("| ")}


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [((30.0, 20.0, 90.0), "aim"), ((90.0, 45.0, 30.0), "must"), ((51.0, 20.0, 90.0), "**missed**"), ((), "")],
)
def test_the_median_is_what_counts(samples: tuple[float, ...], verdict: str) -> None:
    """Neither the best nor the worst round."""
    assert Row("a", "us", "ms", samples, Limit(50), Limit(30)).verdict == verdict


@pytest.mark.parametrize(("value", "reached"), [(1.5, True), (1.49, False)])
def test_a_floor_is_reached_from_above(value: float, reached: bool) -> None:  # noqa: FBT001 - a table's column
    """As throughput is."""
    assert figures.at_least(1.5).is_reached(value) is reached


def test_kills_are_those_that_make_soak_left(tmp_path: Path) -> None:
    """Before, the page says what to run."""
    assert [(row.samples, row.note) for row in kills.rows(tmp_path)] == [((), "run `make soak`")] * 2
    (tmp_path / "soak").mkdir()
    left = '{"instants": 1000, "unopened": 0, "lost_bytes": 68, "date": "2026-11-25"}'
    (tmp_path / "soak" / "kill.json").write_text(left)
    found = [(row.who, row.samples, row.verdict) for row in kills.rows(tmp_path)]
    who = "troubleshooter, 1000 kills on 2026-11-25"
    assert found == [(who, (0.0,), "aim"), (who, (68.0,), "**missed**")]


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (1, 1.0)])
def test_percentiles_are_samples(percent: float, expected: float) -> None:
    """By nearest rank, of 1 to 100 in any order."""
    assert figures.percentile([float(number) for number in range(100, 0, -1)], percent) == expected


def test_a_row_shows_least_median_and_most() -> None:
    """With what was asked for and what was reached."""
    row = Row("speed", "us", "times", (1.0, 1.6, 123.4), figures.at_least(1.5), figures.at_least(2))
    text = page.page([row], {"machine": "a stone"}, command="make bench", date="2026-11-22")
    assert "| speed | us | 1 | 1.6 | 123 | times | ≥ 1.5 | ≥ 2 | must |\n" in text
    assert "| machine | a stone |\n" in text


def test_the_agents_tree_is_what_the_layers_of_the_image_make_of_it(tmp_path: Path) -> None:
    """Later ones replace and take away what is in earlier ones, and nothing else is unpacked."""
    tree = "opt/troubleshooter"
    write_tar(tmp_path / "1", {f"{tree}/bin/python3": b"old", f"{tree}/lib/gone": b"", "etc/passwd": b"root"})
    write_tar(tmp_path / "2", {f"{tree}/agent/old": b"", f"{tree}/agent/deep/old": b"", "opt/other": b""})
    write_tar(tmp_path / "3", {f"{tree}/lib/.wh.gone": b"", f"{tree}/bin/python3": b"new"})
    write_tar(tmp_path / "4", {f"{tree}/agent/new": b"", f"{tree}/agent/.wh..wh..opq": b""})
    write_tar(tmp_path / "5", {"etc/.wh.passwd": b""})
    layers = {name: (tmp_path / name).read_bytes() for name in "12345"}
    manifest = json.dumps([{"Layers": list(layers)}]).encode()
    write_tar(tmp_path / "image", {**layers, "manifest.json": manifest})
    (tmp_path / "root").mkdir()
    product.unpack(tmp_path / "image", tmp_path / "root")
    found = [path for path in (tmp_path / "root").rglob("*") if path.is_file()]
    names = sorted(str(path.relative_to(tmp_path / "root")) for path in found)
    assert names == [f"{tree}/agent/new", f"{tree}/bin/python3"]
    assert (tmp_path / "root" / tree / "bin/python3").read_bytes() == b"new"


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    """As an image's layer and archive have their files."""
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
