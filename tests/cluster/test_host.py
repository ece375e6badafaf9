"""What the harness reads of the host: packages, control groups, mounts."""

import os
from pathlib import Path

from cgroups import trees
from debian import missing
from leftovers import keep_latest, mounts_below

HYBRID = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
42 31 0:39 / /srv/cluster/kubelet/pods rw,relatime - tmpfs tmpfs rw
43 31 0:40 / /srv/cluster-2/volume rw,relatime - ext4 /dev/vda rw
"""
UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_missing_packages_are_those_that_dpkg_does_not_show_as_installed() -> None:
    """A removed package whose configuration is left is missing too; the order is kept."""
    status = "openssl installed\nrunc config-files\ncontainerd installed\n\n"
    assert missing(["runc", "openssl", "buildah", "containerd"], status) == ["runc", "buildah"]
    assert missing(["openssl"], status) == []


def test_every_tree_of_control_groups_is_found() -> None:
    """Those of v1 with the one of v2 beside them, and v2 alone."""
    assert trees(HYBRID) == [Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/unified")]
    assert trees(UNIFIED) == [Path("/sys/fs/cgroup")]


def test_mounts_below_a_folder_are_found() -> None:
    """They stop the removal of what a node left; a neighbour's do not."""
    assert mounts_below(Path("/srv/cluster"), HYBRID) == ["/srv/cluster/kubelet/pods"]
    assert mounts_below(Path("/srv/other"), HYBRID) == []


def test_the_latest_builds_are_kept(tmp_path: Path) -> None:
    """Files and folders alike, whatever their names."""
    for age, name in enumerate(["new", "older", "oldest"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "ancient").touch()
    os.utime(tmp_path / "ancient", (1, 1))
    keep_latest(tmp_path.iterdir(), 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "older"]
