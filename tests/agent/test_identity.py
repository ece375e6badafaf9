"""A name for whatever uid the pod runs as."""

import os
from pathlib import Path

from troubleshooter_agent import identity


def test_entry_is_one_line_of_passwd() -> None:
    assert identity.passwd_line(1000650000, 0, "/home") == "toolbox:x:1000650000:0:toolbox:/home:/bin/bash\n"


def test_both_files_of_libnss_extrausers_are_written_and_only_for_reading(tmp_path: Path) -> None:
    before = os.umask(0)  # as PID 1 has it
    try:
        identity.write(tmp_path, uid=10001, gid=10001, home="/home")
    finally:
        os.umask(before)
    assert (tmp_path / "passwd").read_text() == "toolbox:x:10001:10001:toolbox:/home:/bin/bash\n"
    assert (tmp_path / "group").read_text() == "toolbox:x:10001:\n"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}
