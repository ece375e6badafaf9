"""README's picture is drawn from the recording beside it, and loads nothing."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PICTURE = CHECKOUT / "docs" / "assets" / "session.svg"
CAST = PICTURE.with_suffix(".cast")
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_up_to_date() -> None:
    before = PICTURE.read_text()
    subprocess.run([sys.executable, CHECKOUT / "tools" / "picture" / "picture.py"], check=True)
    assert PICTURE.read_text() == before, (
        "the recording or the drawing has changed: make picture has drawn it"
    )


def test_it_loads_nothing_and_is_small() -> None:
    text = PICTURE.read_text()
    assert len(text) < 200_000
    elements = list(ET.fromstring(text).iter())  # noqa: S314 - our own file
    assert {each.tag.removeprefix(SVG) for each in elements} <= {
        "svg", "title", "style", "rect", "circle", "g", "text",
    }  # fmt: skip
    assert [name for each in elements for name in each.attrib if name.endswith(("href", "src"))] == []
    assert (
        re.findall(r"url\(|@import", next(each.text or "" for each in elements if each.tag == f"{SVG}style"))
        == []
    )


def test_a_still_picture_has_the_last_screen() -> None:
    """What knows no animation shows what was on the screen in the end."""
    groups = ET.fromstring(PICTURE.read_text()).findall(f"{SVG}g")  # noqa: S314 - our own file
    last = ["".join(group.itertext()) for group in groups if group.get("class") == "end"]
    output = "".join(
        event[2] for event in map(json.loads, CAST.read_text().splitlines()[1:]) if event[1] == "o"
    )
    assert last[-2:] == ["web [59m]:~$ exit", "exit"]
    assert [line for line in last if line.startswith("[troubleshooter]") and line[:60] in output]
