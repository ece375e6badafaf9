"""`make picture`: draws README's picture, from the recording in docs/assets; a test compares.

The recording is the product's own, of a toolbox in a cluster. The picture moves by CSS and loads nothing.
"""

from pathlib import Path
from typing import Final

import drawing
import replaying

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "assets"
CAST: Final = FOLDER / "session.cast"
PICTURE: Final = FOLDER / "session.svg"


def main() -> None:
    recording = replaying.replayed(CAST.read_text().splitlines())
    PICTURE.write_text(drawing.picture(recording.title, recording.columns, recording.frames))


if __name__ == "__main__":
    main()
