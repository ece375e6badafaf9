"""Saving over connections that break off: it goes on, and is believed only when the hashes are right."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cutting import cutting, hanging, kubectl_here

from troubleshooter_cli.download import MOST_FRUITLESS, Download, Source, StallError
from troubleshooter_cli.errors import BrokenError, NotReadyError, TroubleshootError
from troubleshooter_cli.kubectl import Kubectl, Pod
from troubleshooter_cli.landing import Landing
from troubleshooter_cli.manifest import Entry
from troubleshooter_cli.readings import Readings
from troubleshooter_cli.saving import Report, entries_of, save

CUTS = 50
SEED = 20261125
CAST = "shop/web/2026-11-22T18-40-03Z-3f9k2m1x.cast"


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Recordings, a large one among them."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    folder = tmp_path / "volume/shop/web"
    folder.mkdir(parents=True)
    (tmp_path / "volume" / CAST).write_bytes(chance.randbytes(3_000_000))
    (folder / "2026-11-22T18-40-03Z-3f9k2m1x.json").write_bytes(b'{"id": "3f9k2m1x"}\n')
    (folder / "index.jsonl").write_bytes(b'{"id": "3f9k2m1x"}\n')
    (folder / "README.txt").write_bytes(b"what this is\n")
    return tmp_path / "volume"


def readings(program: Path) -> Readings:
    return Readings(Kubectl(program=str(program)), "alice", Pod("shop", "web"))


def download(program: Path, landing: Landing, renew: Callable[[], Readings] | None = None) -> Download:
    source = Source(readings(program), renew or (lambda: readings(program)))
    return Download(source, landing, pause=lambda _: None)


def everything(program: Path) -> list[Entry]:
    entries, wrong = entries_of(list(readings(program).objects("export", "--manifest")))
    assert not wrong
    return entries


def told(report: Report) -> tuple[int, int, int, int]:
    return len(report.saved), len(report.had), len(report.running), len(report.failed)


def same(volume: Path, saved: Path) -> bool:
    """Whether both folders have the same files, and nothing else is there."""
    files = {path.relative_to(volume): path.read_bytes() for path in volume.rglob("*") if path.is_file()}
    copies = {path.relative_to(saved): path.read_bytes() for path in saved.rglob("*") if path.is_file()}
    return files == copies


def test_all_files_are_saved_and_the_next_time_they_are_there(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    assert told(save(everything(program), download(program, landing))) == (4, 0, 0, 0)
    assert same(volume, landing.root)
    assert told(save(everything(program), download(program, landing))) == (0, 4, 0, 0)


def test_fifty_connections_that_break_off_at_random_points_lose_nothing(volume: Path, tmp_path: Path) -> None:
    whole = kubectl_here(tmp_path, volume)
    broken = cutting(tmp_path, whole, cuts=CUTS, most=60_000, seed=SEED)
    landing = Landing(tmp_path / "saved")
    counted: list[int] = []
    line = download(broken.program, landing)
    line.on_bytes = counted.append
    entries = everything(broken.program)
    assert told(save(entries, line)) == (4, 0, 0, 0)
    assert broken.cuts == CUTS
    assert same(volume, landing.root)
    assert sum(counted) == sum(entry.bytes for entry in entries)


def test_a_save_that_was_ended_goes_on_with_what_is_here(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    part = landing.root / f"{CAST}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((volume / CAST).read_bytes()[:2_000_000])
    counted: list[int] = []
    line = download(program, landing)
    line.on_bytes = counted.append
    (cast,) = [entry for entry in everything(program) if entry.file == CAST]
    assert told(save([cast], line)) == (1, 0, 0, 0)
    assert counted[0] == 2_000_000
    assert (landing.root / CAST).read_bytes() == (volume / CAST).read_bytes()


def test_a_part_of_something_else_is_given_up(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    part = landing.root / f"{CAST}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    assert told(save(everything(program), download(program, landing))) == (4, 0, 0, 0)
    assert same(volume, landing.root)


def test_what_has_another_hash_than_was_told_is_not_saved(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    entries = everything(program)
    (volume / "shop/web/README.txt").write_bytes(b"another here\n")
    report = save(entries, download(program, landing))
    assert told(report) == (3, 0, 0, 1)
    assert report.failed[0].sentence == (
        "shop/web/README.txt is not saved: what arrived has another hash than what was recorded"
    )
    assert not list(landing.root.rglob("README*")) or not (landing.root / "shop/web/README.txt").exists()


def test_a_different_file_of_that_name_is_kept(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    mine = landing.root / CAST
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    report = save(everything(program), download(program, landing))
    assert told(report) == (3, 0, 0, 1)
    assert "is another file, and is kept as it is" in report.failed[0].sentence
    assert mine.read_bytes() == b"mine"


def test_an_index_that_has_grown_takes_the_place_of_its_beginning(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    save(everything(program), download(program, landing))
    with (volume / "shop/web/index.jsonl").open("ab") as index:
        index.write(b'{"id": "00000000"}\n')
    assert told(save(everything(program), download(program, landing))) == (1, 3, 0, 0)
    assert same(volume, landing.root)


def test_an_index_of_others_stays(volume: Path, tmp_path: Path) -> None:
    program, landing = kubectl_here(tmp_path, volume), Landing(tmp_path / "saved")
    (landing.root / "shop/web").mkdir(parents=True)
    (landing.root / "shop/web/index.jsonl").write_bytes(b"mine\n")
    report = save(everything(program), download(program, landing))
    assert told(report) == (3, 0, 0, 1)
    assert (landing.root / "shop/web/index.jsonl").read_bytes() == b"mine\n"


def test_a_connection_that_hangs_is_made_again(volume: Path, tmp_path: Path) -> None:
    text = (volume / CAST).read_bytes()
    whole, stuck = kubectl_here(tmp_path, volume), hanging(tmp_path, "")
    landing = Landing(tmp_path / "saved")

    def another() -> Readings:
        line.stall_seconds = 60  # this one comes, however slow the machine
        return readings(whole)

    line = download(stuck, landing, renew=another)
    line.stall_seconds = 0.2
    (cast,) = [entry for entry in everything(whole) if entry.file == CAST]
    line.fetch(cast)
    assert (landing.root / CAST).read_bytes() == text


def test_what_never_comes_is_given_up_with_what_is_here_kept(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "saved")
    tries: list[None] = []
    stuck = hanging(tmp_path, "")
    (landing.root / "shop/web").mkdir(parents=True)
    (landing.root / f"{CAST}.part").write_bytes(b"some")

    def again() -> Readings:
        tries.append(None)
        return readings(stuck)

    line = download(stuck, landing, renew=again)
    line.stall_seconds = 0.05
    with pytest.raises(StallError, match="nothing has come"):
        line.fetch(Entry(CAST, 9, "0" * 64))
    assert (landing.root / f"{CAST}.part").read_bytes() == b"some"
    assert len(tries) == MOST_FRUITLESS - 1


def test_where_nothing_can_be_read_any_more_that_is_the_answer(volume: Path, tmp_path: Path) -> None:
    def gone() -> Readings:
        raise NotReadyError("the recordings cannot be read: no node (Unschedulable)")

    whole = kubectl_here(tmp_path, volume)
    broken = cutting(tmp_path, whole, cuts=CUTS, most=10_000, seed=SEED)
    report = save(everything(whole), download(broken.program, Landing(tmp_path / "saved"), renew=gone))
    kinds: set[type[TroubleshootError]] = {type(error) for error in report.failed}
    assert kinds == {NotReadyError}


def test_lines_that_are_no_files_are_told_and_the_rest_is_saved() -> None:
    good = {"file": "README.txt", "bytes": 0, "sha256": "0" * 64}
    entries, wrong = entries_of([good, {"file": "../../x", "bytes": 0, "sha256": "0" * 64}])
    assert [entry.file for entry in entries] == ["README.txt"]
    assert [type(error) for error in wrong] == [BrokenError]


def test_ctrl_c_ends_it_at_once_and_keeps_what_is_here(tmp_path: Path) -> None:
    """A connection that hangs does not delay it."""
    landing = Landing(tmp_path / "saved")
    line = download(hanging(tmp_path, "some"), landing)

    def interrupted(count: int) -> None:
        if count == 4:
            raise KeyboardInterrupt

    line.on_bytes = interrupted
    entries = [Entry(f"shop/web/{name}.cast", 9, "0" * 64) for name in "abcdef"]
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        save(entries, line)
    assert time.monotonic() - began < 30
    assert (landing.root / "shop/web/a.cast.part").read_bytes() == b"some"
