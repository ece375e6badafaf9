"""Copies bytes between the person's terminal and a socket, where the agent may not open the terminal.

A terminal that belongs to another user, as after su, cannot be reopened through /proc. Then the client
hands over a socket in its place, and this copies until the session ends. Nothing is looked at.
"""

import os
import socket
from typing import Final

_BYTES: Final = 65536
STDIN: Final = 0
STDOUT: Final = 1


def can_be_reopened(fd: int) -> bool:
    """Whether our user may open a terminal by its descriptor's path, as the recorder will."""
    try:
        os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except PermissionError:
        return False
    return True


class Copier:
    """Both directions; `theirs` goes to the recorder, and `sources` are to be polled."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self.sources = [STDIN, self._ours.fileno()]

    def copy(self, fd: int) -> None:
        """One piece from a source that can be read; a source at its end is left out from then on."""
        content = os.read(STDIN, _BYTES) if fd == STDIN else self._ours.recv(_BYTES)
        if not content:
            self._ended(fd)
        elif fd == STDIN:
            self._ours.sendall(content)
        else:
            _write_all(content)

    def _ended(self, fd: int) -> None:
        self.sources.remove(fd)
        if fd == STDIN:
            self._ours.shutdown(socket.SHUT_WR)  # the recorder sees that the terminal is gone

    def drain(self) -> None:
        """What the recorder wrote before it told the exit status."""
        self.theirs.close()
        self._ours.settimeout(0)
        try:
            while content := self._ours.recv(_BYTES):
                _write_all(content)
        except BlockingIOError:
            return


def _write_all(content: bytes) -> None:
    while content:
        content = content[os.write(STDOUT, content) :]
