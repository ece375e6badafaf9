"""What a terminal shows after so many bytes: pyte, an emulator that the recorder itself does without."""

from dataclasses import dataclass
from typing import Any

import pyte


@dataclass(frozen=True)
class Painted:
    """The rows without spaces at their ends, and the cursor as column and row, both from 0."""

    rows: tuple[str, ...]
    cursor: tuple[int, int]

    @property
    def text(self) -> str:
        return "\n".join(self.rows).rstrip("\n")


class _Screen(pyte.Screen):
    def __init__(self, columns: int, rows: int) -> None:
        self.answers: list[str] = []
        super().__init__(columns, rows)

    def write_process_input(self, data: str) -> None:
        self.answers.append(data)

    def select_graphic_rendition(self, *attributes: int, private: bool = False, **_: Any) -> None:
        """Vim sends `CSI ? 4 m`, a question, which pyte takes for attributes and dies of."""
        if not private:
            super().select_graphic_rendition(*attributes)


class Paint:
    """A terminal that is shown bytes piece by piece."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def answers(self) -> list[str]:
        """What the terminal has typed by itself, because it was asked."""
        return self._screen.answers

    def show(self, output: bytes) -> Painted:
        self._stream.feed(output)
        rows = tuple(row.rstrip() for row in self._screen.display)
        return Painted(rows, (self._screen.cursor.x, self._screen.cursor.y))

    def is_reverse(self, row: int) -> bool:
        """Whether all of a row is drawn in reverse video."""
        return all(self._screen.buffer[row][column].reverse for column in range(self._screen.columns))


def painted(output: bytes, columns: int = 80, rows: int = 24) -> Painted:
    """What a new terminal shows after `output`."""
    return Paint(columns, rows).show(output)
