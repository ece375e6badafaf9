"""A name for whatever user the pod runs as: programs such as ssh and bash ask for one.

The image's libnss-extrausers reads these two files, which PID 1 writes before the first shell.
"""

from pathlib import Path
from typing import Final

USER_NAME: Final = "toolbox"


def passwd_line(uid: int, gid: int, home: str) -> str:
    """An entry of passwd(5)."""
    return f"{USER_NAME}:x:{uid}:{gid}:{USER_NAME}:{home}:/bin/bash\n"


def write(folder: Path, *, uid: int, gid: int, home: str) -> None:
    """Write passwd and group into `folder`; OSError as it comes."""
    texts = {"passwd": passwd_line(uid, gid, home), "group": f"{USER_NAME}:x:{gid}:\n"}
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
