"""Memory as a container's files tell it, in both versions of control groups."""

from collections.abc import Callable
from pathlib import Path

import pytest

from troubleshooter_agent.cgroup import Memory, folder_of, read_memory, read_usage

MIB = 1 << 20
UNLIMITED_V1 = 9223372036854771712


def version_2(folder: Path, *, used: object, limit: object) -> Path:
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.max").write_text(f"{limit}\n")
    stat = {"anon": 90 * MIB, "inactive_anon": 80 * MIB, "inactive_file": 50 * MIB, "active_file": 25 * MIB}
    (folder / "memory.stat").write_text("".join(f"{name} {size}\n" for name, size in stat.items()))
    return folder


def version_1(folder: Path, *, used: object, limit: object) -> Path:
    (folder / "memory.usage_in_bytes").write_text(f"{used}\n")
    (folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
    stat = {
        "inactive_file": 1, "active_file": 2,  # of the group alone, without the groups in it
        "hierarchical_memory_limit": 512 * MIB,
        "total_inactive_file": 50 * MIB, "total_active_file": 25 * MIB,
    }  # fmt: skip
    (folder / "memory.stat").write_text("".join(f"{name} {size}\n" for name, size in stat.items()))
    return folder


@pytest.mark.parametrize("write", [version_1, version_2])
def test_pages_of_files_are_not_in_use(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write(tmp_path, used=400 * MIB, limit=512 * MIB)
    assert read_usage(folder) == Memory(400 * MIB, 512 * MIB)
    assert read_memory(folder) == Memory(325 * MIB, 512 * MIB)


def test_usage_that_has_sunk_since_is_not_below_zero(tmp_path: Path) -> None:
    assert read_memory(version_2(tmp_path, used=10 * MIB, limit=512 * MIB)) == Memory(0, 512 * MIB)


def test_without_a_limit_there_is_nothing_to_watch(tmp_path: Path) -> None:
    for folder in (tmp_path / "v1", tmp_path / "v2", tmp_path / "nonsense", tmp_path / "none"):
        folder.mkdir()
    version_1(tmp_path / "v1", used=5, limit=UNLIMITED_V1)
    version_2(tmp_path / "v2", used=5, limit="max")
    version_2(tmp_path / "nonsense", used="x", limit="")
    for name in ("v1", "v2", "nonsense", "none"):
        assert read_usage(tmp_path / name) is None
        assert read_memory(tmp_path / name) is None


def test_group_without_statistics_is_not_watched(tmp_path: Path) -> None:
    """Without them the cache of files would be taken for memory in use, and sessions be ended for it."""
    folder = version_2(tmp_path, used=500 * MIB, limit=512 * MIB)
    (folder / "memory.stat").unlink()
    assert read_memory(folder) is None


def test_version_1_has_a_folder_of_its_own_for_memory(tmp_path: Path) -> None:
    assert folder_of(tmp_path) == tmp_path
    (tmp_path / "memory").mkdir()
    assert folder_of(tmp_path) == tmp_path
    version_1(tmp_path / "memory", used=5, limit=50)
    assert folder_of(tmp_path) == tmp_path / "memory"
