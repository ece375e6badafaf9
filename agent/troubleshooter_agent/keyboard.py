"""Passes the person's keys on to the program, as fast as its terminal takes them; called by `relay`."""

import os
from dataclasses import dataclass, field


@dataclass
class Keyboard:
    """Keys for the terminal behind `master`, which does not block."""

    master: int
    was_pressed: bool = False  # since the last `expects_echo`
    _typed: bytearray = field(default_factory=bytearray)

    @property
    def is_waiting(self) -> bool:
        """Whether the program has to read before more keys are worth reading."""
        return bool(self._typed)

    def press(self, keys: bytes) -> None:
        self.was_pressed = True
        self._typed += keys
        self.pump()

    def expects_echo(self) -> bool:
        """Whether keys have gone to the program since this was last asked."""
        was_pressed, self.was_pressed = self.was_pressed, False
        return was_pressed

    def pump(self) -> None:
        """Write on; called when the terminal takes something, and after `press`."""
        try:
            while self._typed:
                del self._typed[: os.write(self.master, self._typed)]
        except BlockingIOError:
            return
        except OSError:  # the program has closed its terminal
            self._typed.clear()

    def clear(self) -> None:
        """Forget what a person typed who is gone."""
        self._typed.clear()
