"""Reading a volume: what is shown of good recordings, and that bad ones harm nobody.

The casts here are literals as asciicast v2 has them; the reference player reads the same files.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import players
import pytest
from kubelet import AGENT_ROOT
from volumes import (
    BROKEN_UTF8,
    ENDED,
    FILE,
    HEADER,
    HELLO,
    ID,
    NAME,
    STARTED,
    WHOLE,
    environment,
    locked,
    put,
)  # fmt: skip

from troubleshooter_agent import library
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.volume import ReadingError

TEXT = "hello \x1b[1mwörld\x1b[0m\r\nf\ufffdb".encode()
RAW = "hello \x1b[1mwörld\x1b[0m\r\nf".encode() + b"\xffb"
SUMMARY = {
    "id": ID,
    "user": "alice",
    "verified": False,
    "run": 1,
    "startedAt": "2026-11-22T18:40:03Z",
    "endedAt": "2026-11-22T18:41:08Z",
    "exitCode": 7,
    "why": "exit status 7",
    "bytes": 345,
    "sha256": "00",
    "file": FILE,
    "repaired": False,
    "failure": None,
}


def listed(root: Path) -> list[list[str]]:
    """The table's lines, split into their cells."""
    out = io.StringIO()
    assert library.list_recordings(root, out) == 0
    return [line.split() for line in out.getvalue().splitlines()]


def catted(root: Path, wanted: str, *, raw: bool = False) -> bytes:
    out = io.BytesIO()
    assert library.cat(root, wanted, out, raw=raw) == 0
    return out.getvalue()


class TestList:
    def test_shows_what_the_summary_says(self, tmp_path: Path) -> None:
        """One line a recording, under titles."""
        put(tmp_path, WHOLE).with_suffix(".json").write_text(json.dumps(SUMMARY))
        assert listed(tmp_path) == [
            ["ID", "STARTED", "USER", "LENGTH", "EXIT", "BYTES", "FILE"],
            [ID, "2026-11-22T18:40:03Z", "alice", "1m5s", "7", "345", FILE],
        ]

    def test_falls_back_to_the_cast(self, tmp_path: Path) -> None:
        """The summary of a lost session is not there: its header and its last event tell."""
        put(tmp_path, WHOLE)
        assert listed(tmp_path)[1] == [
            ID, "2026-11-22T18:40:03Z", "alice", "1m5s", "-", str(len(WHOLE.encode())), FILE,
        ]  # fmt: skip

    def test_length_is_known_after_a_long_last_line(self, tmp_path: Path) -> None:
        """64 KiB of control characters take six bytes each."""
        put(tmp_path, HEADER + STARTED + '[65.0,"o","' + "\\u0000" * 65_536 + '"]\n')
        assert listed(tmp_path)[1][3] == "1m5s"

    def test_columns_stand_under_each_other(self, tmp_path: Path) -> None:
        """Whatever their widths."""
        put(tmp_path, WHOLE).with_suffix(".json").write_text(json.dumps(SUMMARY))
        put(tmp_path, WHOLE, folder="shop/other-box", name="2026-11-22T19-00-00Z-aaaaaaaa")
        out = io.StringIO()
        library.list_recordings(tmp_path, out)
        title, *lines = out.getvalue().splitlines()
        assert {line.index("shop/") for line in lines} == {title.index("FILE")}

    def test_newest_is_last(self, tmp_path: Path) -> None:
        """Where the eye is after a long list."""
        for name in ("2026-11-23T00-00-00Z-bbbbbbbb", NAME, "2025-01-01T00-00-00Z-cccccccc"):
            put(tmp_path, WHOLE, name=name)
        assert [line[0] for line in listed(tmp_path)[1:]] == ["cccccccc", ID, "bbbbbbbb"]

    def test_running_session_is_marked(self, tmp_path: Path) -> None:
        """Its recorder holds a lock for as long as it lives; when it is killed, the lock is gone."""
        cast = put(tmp_path, HEADER + STARTED + HELLO)
        with locked(cast):
            assert listed(tmp_path)[1][3:5] == ["0s", "running"]
        assert listed(tmp_path)[1][3:5] == ["0s", "-"]

    def test_empty_volume_has_titles_only(self, tmp_path: Path) -> None:
        """No error: there is just nothing yet."""
        assert listed(tmp_path) == [["ID", "STARTED", "USER", "LENGTH", "EXIT", "BYTES", "FILE"]]

    def test_volume_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        """With the option that helps."""
        with pytest.raises(
            ReadingError, match=r"there is no folder .*/missing \(name .* with --recordings\)"
        ):
            library.list_recordings(tmp_path / "missing", io.StringIO())

    @pytest.mark.parametrize(
        "summary",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"{", id="torn"),
            pytest.param(b"[1]", id="no object"),
            pytest.param(json.dumps({**SUMMARY, "bytes": "many"}).encode(), id="of other types"),
            pytest.param(b'{"a":' * 5000, id="deep"),
            pytest.param(b" " * 1_000_000, id="long"),
        ],
    )
    def test_bad_summary_counts_as_none(self, tmp_path: Path, summary: bytes) -> None:
        """The cast still tells."""
        put(tmp_path, WHOLE).with_suffix(".json").write_bytes(summary)
        assert listed(tmp_path)[1][2:5] == ["alice", "1m5s", "-"]

    def test_control_characters_of_strangers_are_escaped(self, tmp_path: Path) -> None:
        """A name or a user cannot move the cursor of whoever lists."""
        user = "\x1b[2J\u202eeve\n\x07"
        summary = json.dumps({**SUMMARY, "user": user})
        put(tmp_path, WHOLE, folder="shop/\x1b[31mred").with_suffix(".json").write_text(summary)
        out = io.StringIO()
        library.list_recordings(tmp_path, out)
        assert "\x1b" not in out.getvalue()
        assert r"\x1b[2J\u202eeve\n\x07" in out.getvalue()
        assert rf"shop/\x1b[31mred/{NAME}.cast" in out.getvalue()

    def test_long_text_is_cut(self, tmp_path: Path) -> None:
        """One stranger's name does not push everything else off the screen."""
        put(tmp_path, WHOLE).with_suffix(".json").write_text(json.dumps({**SUMMARY, "user": "x" * 10_000}))
        assert listed(tmp_path)[1][2] == "x" * 199 + "…"

    def test_name_that_is_not_utf8_is_escaped(self, tmp_path: Path) -> None:
        """File systems take any bytes."""
        put(tmp_path, WHOLE, folder=os.fsdecode(b"shop/\xff"))
        assert listed(tmp_path)[1][6] == rf"shop/\udcff/{NAME}.cast"

    def test_what_is_no_recording_is_left_out(self, tmp_path: Path) -> None:
        """Other names, parts of recordings that never began, what lies deeper than recordings do."""
        for name in (f".{NAME}.cast.part", "notes", "2026-11-22T18-40-03Z-UPPERCAS"):
            put(tmp_path, WHOLE, name=name)
        put(tmp_path, WHOLE, folder="shop/box/deeper")
        assert len(listed(tmp_path)) == 1

    def test_links_and_devices_are_not_followed(self, tmp_path: Path) -> None:
        """A link leads out of the volume, a FIFO would hang whoever lists."""
        outside = tmp_path / "outside"
        put(outside, WHOLE)
        root = tmp_path / "volume"
        (root / "shop" / "fifo").mkdir(parents=True)
        os.mkfifo(root / "shop" / "fifo" / f"{NAME}.cast")
        (root / "shop" / "link").mkdir()
        (root / "shop" / "link" / f"{NAME}.cast").symlink_to(outside / FILE)
        (root / "shop" / "folder").symlink_to(outside / "shop" / "box")
        (root / "all").symlink_to(outside / "shop")
        assert sorted(line[-1] for line in listed(root)[1:]) == [
            f"shop/fifo/{NAME}.cast",
            f"shop/link/{NAME}.cast",
        ]
        assert [line[4] for line in listed(root)[1:]] == ["unreadable", "unreadable"]

    def test_summary_that_is_a_link_counts_as_none(self, tmp_path: Path) -> None:
        """What it says is not from this volume."""
        (tmp_path / "foreign").write_text(json.dumps({**SUMMARY, "user": "mallory"}))
        put(tmp_path, WHOLE).with_suffix(".json").symlink_to(tmp_path / "foreign")
        assert listed(tmp_path)[1][2] == "alice"


class TestCat:
    def test_gives_what_asciinema_cat_gives(self, tmp_path: Path) -> None:
        """The text of the output, and nothing else."""
        cast = put(tmp_path, WHOLE)
        assert catted(tmp_path, ID) == TEXT
        assert players.cat(cast) == TEXT

    def test_what_would_do_more_than_paint_is_left_out(self, tmp_path: Path) -> None:
        """Also when two events share it; colours that are still on at the end are switched off."""
        evil = '[0.1,"o","a\\u001b]52;c;ZXZp"]\n[0.2,"o","bA==\\u0007b\\u001b[6n\\u001b[31m"]\n'
        put(tmp_path, HEADER + STARTED + evil + ENDED)
        assert catted(tmp_path, ID) == b"ab\x1b[31m\x1b[0m"
        assert catted(tmp_path, ID, raw=True) == b"a\x1b]52;c;ZXZpbA==\x07b\x1b[6n\x1b[31m"

    def test_raw_gives_the_exact_bytes(self, tmp_path: Path) -> None:
        """Also those that were no UTF-8."""
        put(tmp_path, WHOLE)
        assert catted(tmp_path, ID, raw=True) == RAW

    def test_raw_bytes_without_their_output_were_never_shown(self, tmp_path: Path) -> None:
        """A kill between the two lines: neither was relayed."""
        put(tmp_path, HEADER + STARTED + HELLO + '[1.0,"b","Zv9i"]\n')
        assert catted(tmp_path, ID, raw=True) == "hello \x1b[1mwörld\x1b[0m\r\n".encode()

    def test_raw_takes_the_text_where_the_bytes_are_nonsense(self, tmp_path: Path) -> None:
        """A stranger's file."""
        put(tmp_path, HEADER + '[1.0,"b","Zv9i#"]\n[1.0,"o","x"]\n')
        assert catted(tmp_path, ID, raw=True) == b"x"

    @pytest.mark.parametrize("cut", [1, 10, 30, len(ENDED)])
    def test_torn_end_is_left_out(self, tmp_path: Path, cut: int) -> None:
        """As of a session that runs."""
        put(tmp_path, WHOLE.encode()[:-cut])
        assert catted(tmp_path, ID) == TEXT

    def test_damage_amid_good_lines_is_told_after_them(self, tmp_path: Path) -> None:
        """What is whole is printed, and that it is not all."""
        put(tmp_path, HEADER + STARTED + HELLO + '[0.7,"o","lo\n\x00\x00\n' + BROKEN_UTF8 + ENDED)
        out = io.BytesIO()
        with pytest.raises(ReadingError, match=f"^damaged lines of {ID} were left out: 2$"):
            library.cat(tmp_path, ID, out)
        assert out.getvalue() == TEXT

    def test_line_too_long_for_a_recorder_is_damage(self, tmp_path: Path) -> None:
        """It is skipped without being kept in memory."""
        long = '[0.7,"o","' + "x" * (9 << 20) + '"]\n'
        put(tmp_path, HEADER + STARTED + HELLO + long + BROKEN_UTF8)
        out = io.BytesIO()
        with pytest.raises(ReadingError, match=r": 1$"):
            library.cat(tmp_path, ID, out)
        assert out.getvalue() == TEXT

    def test_large_recording_takes_little_memory(self, tmp_path: Path) -> None:
        """200 MB of output leave the process as small as it began."""
        cast = put(tmp_path, HEADER + STARTED)
        line = ('[1.0,"o","' + "x" * 65_500 + '"]\n').encode()
        with cast.open("ab") as file:
            for _ in range(3_200):
                file.write(line)
        program = (
            "import sys; from pathlib import Path\n"
            "from troubleshooter_agent import library\n"
            "library.cat(Path(sys.argv[1]), sys.argv[2], open('/dev/null', 'wb'))\n"
            "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
        )
        result = run_python(program, str(tmp_path), ID)
        assert int(result.stdout) < 60_000  # KiB

    def test_what_is_no_cast_is_refused(self, tmp_path: Path) -> None:
        """By its header."""
        put(tmp_path, "something else\n")
        with pytest.raises(ReadingError, match=f"cannot read {ID}: not a line of a cast"):
            catted(tmp_path, ID)

    def test_path_of_a_cast_will_do(self, tmp_path: Path) -> None:
        """Anywhere, or as the list shows it."""
        cast = put(tmp_path / "volume", WHOLE)
        assert catted(tmp_path / "nowhere", str(cast)) == TEXT
        assert catted(tmp_path / "volume", FILE) == TEXT

    def test_id_that_is_not_there(self, tmp_path: Path) -> None:
        """One sentence with what helps."""
        with pytest.raises(ReadingError, match=r"there is no recording zzzzzzzz under .* \(`list` shows"):
            catted(tmp_path, "zzzzzzzz")

    @pytest.mark.parametrize("wanted", ["", "ABCDEFGH", "3f9k2m1", "3f9k2m1xy", "../3f9k2", "\x1b[2Jabcd"])
    def test_what_is_no_id(self, tmp_path: Path, wanted: str) -> None:
        """The value, the accepted form; nothing of it reaches the terminal as it is."""
        with pytest.raises(UsageError, match="an id is 8 of a-z and 0-9") as error:
            catted(tmp_path, wanted)
        assert str(error.value).startswith(f"{wanted!r} is no id of a recording")
        assert "\x1b" not in str(error.value)

    def test_id_that_two_recordings_have(self, tmp_path: Path) -> None:
        """Somebody copied one: nobody can say which was meant."""
        put(tmp_path, WHOLE)
        put(tmp_path, WHOLE, folder="shop/copy")
        with pytest.raises(ReadingError, match=f"2 recordings have the id {ID}: .*give the path of one"):
            catted(tmp_path, ID)

    @pytest.mark.parametrize("wanted", [ID, FILE])
    def test_link_is_not_followed(self, tmp_path: Path, wanted: str) -> None:
        """Not even to a good recording."""
        cast = put(tmp_path / "outside", WHOLE)
        link = tmp_path / "volume" / FILE
        link.parent.mkdir(parents=True)
        link.symlink_to(cast)
        with pytest.raises(ReadingError, match="it is a symbolic link"):
            catted(tmp_path / "volume", wanted)

    def test_fifo_does_not_hang_its_reader(self, tmp_path: Path) -> None:
        """It is no ordinary file."""
        (tmp_path / "shop" / "box").mkdir(parents=True)
        os.mkfifo(tmp_path / FILE)
        with pytest.raises(ReadingError, match="it is no ordinary file"):
            catted(tmp_path, ID)

    def test_reader_who_leaves_ends_it_quietly(self, tmp_path: Path) -> None:
        """`cat ID | head` is no failure."""
        put(tmp_path, HEADER + '[1.0,"o","xxxxxxxxxxxxxxxx\\n"]\n' * 100_000)
        agent = [sys.executable, "-m", "troubleshooter_agent", "cat", "--recordings", str(tmp_path), ID]
        with subprocess.Popen(
            agent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b"xxxxxxxxxxxxxxxx\n"
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 0


class TestNote:
    def test_reading_leaves_one_line(self, tmp_path: Path) -> None:
        """Who, when, what; 2026-11-22T18:40:03Z is 1795372803."""
        for verb in ("list", "play"):
            words = ("troubleshooter-agent", verb, "x\udcff")
            library.note_reading(tmp_path / "shop/box", "alice", words, 1795372803.9)
        assert (tmp_path / "shop/box/access.jsonl").read_text() == (
            '{"at":"2026-11-22T18:40:03Z","user":"alice","argv":["troubleshooter-agent","list","x?"]}\n'
            '{"at":"2026-11-22T18:40:03Z","user":"alice","argv":["troubleshooter-agent","play","x?"]}\n'
        )

    def test_link_is_not_written_through(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The reading goes on, and says that it left no note."""
        (tmp_path / "shop/box").mkdir(parents=True)
        (tmp_path / "foreign").touch()
        (tmp_path / "shop/box/access.jsonl").symlink_to(tmp_path / "foreign")
        library.note_reading(tmp_path / "shop/box", "alice", ("list",), 0.0)
        assert (tmp_path / "foreign").read_bytes() == b""
        assert "could not be noted in access.jsonl" in capsys.readouterr().err

    def test_fifo_does_not_hang_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody reads it."""
        (tmp_path / "shop/box").mkdir(parents=True)
        os.mkfifo(tmp_path / "shop/box/access.jsonl")
        library.note_reading(tmp_path / "shop/box", "alice", ("list",), 0.0)
        assert "could not be noted in access.jsonl" in capsys.readouterr().err


def run_python(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(AGENT_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
