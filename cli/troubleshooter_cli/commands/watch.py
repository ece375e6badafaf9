"""`watch`: a session that runs, live."""

import sys

from troubleshooter_cli import options, talk
from troubleshooter_cli.selection import selection, session_argument
from troubleshooter_cli.sources import Sources


@options.command("watch", "watch web/last")
@session_argument()
@selection
def command(sources: Sources, *, session: str) -> int:
    """Look on at a session that runs, from its present screen on. Ctrl-C leaves it.

    SESSION is an id, how an id begins, NAME/last or NAME/ID (NAME being the toolbox's); without it the
    latest that runs.
    """
    shelf, found = sources.find(session, running=True)
    whose = talk.printable(f"{found.user} in {found.namespace}/{found.name}")
    talk.hint(f"session {found.id} of {whose}; Ctrl-C leaves it")
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return sources.open(shelf).show("follow", found.id, terminal=is_terminal)
