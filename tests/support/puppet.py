"""A recorded program that does what it is told to; run by its path, so it imports nothing of ours.

It says `ready` once its terminal is quiet and its signals are caught. Then each line on its standard
input is an order, and each order is answered in a file, so that what it prints is what was ordered alone:

    write HEX      write these bytes to standard output
    error HEX      write these bytes to standard error
    exit STATUS    end

With a path as its argument it appends there `done` after each order and the names of the signals it gets.
"""

import os
import signal
import sys
import termios
import types


def main() -> int:
    report = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT) if sys.argv[1:] else -1

    def tell(word: str) -> None:
        if report >= 0:
            os.write(report, f"{word}\n".encode())

    def caught(number: int, _frame: types.FrameType | None) -> None:
        tell(signal.Signals(number).name)

    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGWINCH, signal.SIGCONT):
        signal.signal(number, caught)
    if os.isatty(0):
        quieten()
    os.write(1, b"ready\n")
    for line in sys.stdin:
        verb, _, argument = line.strip().partition(" ")
        if verb == "exit":
            return int(argument)
        os.write(1 if verb == "write" else 2, bytes.fromhex(argument))
        tell("done")
    return 0


def quieten() -> None:
    """No echo, and no translation of what is printed."""
    mode = termios.tcgetattr(0)
    mode[1] &= ~termios.OPOST
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, mode)


if __name__ == "__main__":
    sys.exit(main())
