"""The recording: what was shown, no more and no less, in a file that the reference player opens."""

import base64

import images
import pytest
from shelf import Shelf
from stage import Stage
from toolbox import Toolbox

PURPOSE = "Checkout times out towards the payment service"
# printf's own octal notation of: é € 😀, then a letter in two parts, a red word, a line without its end.
COLOURFUL = (
    r"printf 'caf\303\251 \342\202\254 \360\237\230\200\n'; printf '\303'; sleep 0.3; printf '\251\n'; "
    r"printf '\033[31mred\033[0m\nno''end'"
)


@pytest.fixture(scope="module")
def toolbox(operator: None, stage: Stage) -> Toolbox:
    return stage.start("records", purpose=PURPOSE)


def test_asciinema_shows_byte_for_byte_what_the_terminal_showed(toolbox: Toolbox, shelf: Shelf) -> None:
    """From the first line to the last byte, with characters of two to four bytes, colours and the prompt."""
    with toolbox.prompt() as terminal:
        terminal.sendline(COLOURFUL)
        terminal.expect("noend")
        terminal.sendline("exit")
        assert terminal.wait() == 0
    cast = shelf.new_cast()
    assert "café € 😀\r\né\r\n\x1b[31mred\x1b[0m\r\nnoend".encode() in terminal.shown
    assert cast.cat() == terminal.shown
    assert cast.play() == 0


def test_the_recording_says_whose_it_is(stage: Stage, toolbox: Toolbox, shelf: Shelf) -> None:
    """In its header and in the summary beside it, without the cluster that it came from."""
    assert toolbox.run("shell", "-c", "echo done").stdout == b"done\n"
    cast = shelf.new_cast()
    told = cast.header["troubleshooter"]
    assert cast.header["title"] == PURPOSE
    assert (told["namespace"], told["name"], told["run"]) == (stage.namespace, "records", 1)
    assert (told["pod"], told["podUID"]) == ("records", toolbox.pod["metadata"]["uid"])
    assert (told["user"], told["verified"], told["purpose"]) == ("alice", True, PURPOSE)
    assert told["image"] == images.names().of("toolbox")
    assert cast.summary["user"] == "alice"
    assert cast.summary["bytes"] == cast.path.stat().st_size
    assert cast.path.parent.relative_to(shelf.folder).parts == (stage.namespace, "records")


def test_bytes_that_are_no_text_are_kept_as_they_were(toolbox: Toolbox, shelf: Shelf) -> None:
    """Shown as replacement characters, with the raw bytes beside them."""
    assert toolbox.run("shell", "-c", r"printf '\377\376ok'").stdout == b"\xff\xfeok"
    cast = shelf.new_cast()
    raw = [text for _, code, text in cast.events if code == "b"]
    assert b"".join(map(base64.b64decode, raw)) == b"\xff\xfeok"
    assert cast.shown == "��ok"


@pytest.mark.parametrize(
    ("program", "keys", "sign"),
    [
        ("less /etc/services", "q", "Network services"),
        ("top", "q", "PID USER"),
        ("vi /tmp/note", "ihello from vi\x1b:wq\r", "hello from vi"),
    ],
    ids=["less", "top", "vi"],
)
def test_a_full_screen_program_is_recorded(
    toolbox: Toolbox, shelf: Shelf, program: str, keys: str, sign: str
) -> None:
    """It has the whole screen, ends by its own keys, and plays again."""
    with toolbox.shell("-c", program, cols=100, rows=30) as terminal:
        terminal.expect("~" if program.startswith("vi") else sign)
        terminal.send(keys)
        assert terminal.wait() == 0
    cast = shelf.new_cast()
    assert sign in cast.shown
    assert cast.cat() == terminal.shown
    assert cast.play() == 0
    assert cast.summary["exitCode"] == 0


def test_reading_a_recording_is_not_recorded(toolbox: Toolbox, shelf: Shelf) -> None:
    """list, cat and verify through `shell` leave no cast, but a line that says who asked."""
    assert toolbox.run("shell", "-c", "echo a word").returncode == 0
    cast = shelf.new_cast()
    listed = toolbox.run("shell", "--", "troubleshooter-agent", "list")
    assert (listed.returncode, cast.id.encode() in listed.stdout) == (0, True)
    shown = toolbox.run("shell", "--", "troubleshooter-agent", "cat", cast.id)
    assert (shown.returncode, shown.stdout) == (0, b"a word\n")
    checked = toolbox.run("shell", "--", "troubleshooter-agent", "verify", cast.id)
    assert (checked.returncode, b"   good   " in checked.stdout) == (0, True)
    assert shelf.new_casts() == []
    notes = [path.read_text() for path in shelf.folder.rglob("access.jsonl")]
    assert notes[0].count('"alice"') == 3


def test_the_toolbox_replays_its_own_recordings(toolbox: Toolbox, shelf: Shelf) -> None:
    """With asciinema from the image, where the volume is."""
    assert toolbox.run("shell", "-c", "echo seen again").returncode == 0
    cast = shelf.new_cast()
    with toolbox.shell("--", "troubleshooter-agent", "play", cast.id) as terminal:
        assert terminal.wait() == 0
    assert b"seen again" in terminal.shown
