"""README.txt: says to whoever finds a folder of recordings what it is, how to play it and how to check it.

A recorder writes it once, when the first session of a folder begins; it is never changed afterwards, so
what somebody else has put in its place stays.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

from troubleshooter_agent.recording import write_all

README: Final = "README.txt"
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE: Final = 0o660

_TEXT: Final = """\
Recorded troubleshooting shells: {namespace}/{name}

Whoever opened a shell in the toolbox {name}, namespace {namespace}, was recorded. Each session is one file,
named by the time at which it began (UTC) and an id, so that sorted names are in order of time:

  TIME-ID.cast    what the terminal showed, and when: an asciicast v2, which is text
  TIME-ID.json    who it was, from when to when, how it ended, and the sha256 of the cast
  index.jsonl     the same of all sessions that have ended, one a line
  access.jsonl    who has read recordings in a toolbox here

What was typed is not in it, only what the terminal showed of it. That may well be confidential.

Play it from where it lies, also when the toolbox is gone (kubectl's plugin):

  kubectl troubleshoot sessions {name} -n {namespace}
  kubectl troubleshoot play {name}/ID -n {namespace}
  kubectl troubleshoot search TEXT {name} -n {namespace}
  kubectl troubleshoot save {name} -n {namespace}

Play a copy of it on any machine, without a cluster (asciinema 2 or 3, or asciinema-player in a browser):

  asciinema play TIME-ID.cast

That passes on to your terminal whatever the recorded program printed. The plugin leaves out what does more
than paint, and so does, in a toolbox:

  troubleshooter-agent play ID

Check that it is what was recorded:

  kubectl troubleshoot verify {name} -n {namespace}     against the cluster, out of reach of who was recorded
  sha256sum TIME-ID.cast                  is sha256 in TIME-ID.json
  jq -r '"\\(.sha256)  \\(.file | split("/") | last)"' index.jsonl | sha256sum -c

A cast without a .json is of a session that runs, or whose end nobody has written down yet.
"""


def text(namespace: str, name: str) -> str:
    """What README.txt says in the folder of a toolbox."""
    return _TEXT.format(namespace=namespace, name=name)


def leave(folder: Path, session_id: str, namespace: str, name: str) -> None:
    """Put README.txt into `folder`, whole, unless something of that name is there; OSError as it comes.

    `session_id` keeps two recorders apart that are the first ones at once.
    """
    path = folder / README
    if os.path.lexists(path):
        return
    part = folder / f".{README}.{session_id}.part"
    fd = os.open(part, _CREATE, _MODE)
    try:
        write_all(fd, text(namespace, name).encode())
        os.fdatasync(fd)
        with contextlib.suppress(FileExistsError):
            os.link(part, path, follow_symlinks=False)  # unlike rename, never over another file
    finally:
        os.close(fd)
        part.unlink()
