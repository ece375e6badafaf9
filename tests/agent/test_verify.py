"""Verifying: what is told of recordings that are good, damaged, changed, missing, or of another volume."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from volumes import ENDED, HEADER, HELLO, ID, STARTED, WHOLE, locked, put

from agent import RunningAgent
from troubleshooter_agent.audit import Audit
from troubleshooter_agent.chains import Link, chain_of, not_in
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.verify import WARNING, verify

WHOLE_SHA = hashlib.sha256(WHOLE.encode()).hexdigest()
LATER = "2026-11-22T19-00-00Z-aaaaaaaa"


def sha(*texts: str) -> str:
    """The chain rule of docs/recording-format.md, spelled out."""
    chain = ""
    for text in texts:
        chain = hashlib.sha256((chain + text).encode()).hexdigest()
    return chain


def shelved(root: Path, cast: str = WHOLE, *, name: str = "", run: int = 1, **changes: Any) -> Path:
    """A recording with its summary and its line in the index; `changes` are of both."""
    path = put(root, cast, **({"name": name} if name else {}))
    content = path.read_bytes()
    summary = {
        "id": path.stem[-8:], "run": run, "endedAt": "2026-11-22T18:41:08Z", "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "file": str(path.relative_to(root)), "repaired": False,
    } | changes  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(summary))
    with (path.parent / "index.jsonl").open("a") as index:
        index.write(json.dumps(summary) + "\n")
    return path


def verified(root: Path, wanted: str = "", chain: str = "") -> tuple[int, list[str]]:
    """The status, and what is told, without the warning."""
    out = io.StringIO()
    status = verify(root, wanted, out, chain=chain)
    assert WARNING in out.getvalue()
    return status, out.getvalue().replace(WARNING, "").splitlines()


def test_good_recordings_and_the_chain_of_their_run(tmp_path: Path) -> None:
    """One line each, and the hash to compare."""
    shelved(tmp_path)
    shelved(tmp_path, HEADER + STARTED + ENDED, name=LATER, run=2)
    status, told = verified(tmp_path)
    other = hashlib.sha256((HEADER + STARTED + ENDED).encode()).hexdigest()
    assert status == 0
    assert sorted(told[:2]) == [
        f"{ID}   good      shop/box/2026-11-22T18-40-03Z-{ID}.cast",
        f"aaaaaaaa   good      shop/box/{LATER}.cast",
    ]
    assert told[2:] == [f"shop/box run 1: chain {sha(WHOLE_SHA)}", f"shop/box run 2: chain {sha(other)}"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (WHOLE + "\n", "line 7: it comes after the end of the session"),
        (HEADER + STARTED + HELLO, "it has no end: its last line is no `session ended`"),
        (WHOLE[:-2], "line 6: it is torn"),
        (HEADER + STARTED + "\n" + ENDED, "line 3: not a line of a cast"),
        (HEADER + STARTED + "# comment\n" + ENDED, "line 3: not a line of a cast"),
        (HEADER + STARTED + '[0.5,"o","x",1]\n' + ENDED, "line 3: not an event of a cast"),
        (HEADER + STARTED + '[0.5,"o",{}]\n' + ENDED, "line 3: not an event of a cast"),
        (HEADER + STARTED + '[0.5,"o",null]\n' + ENDED, "line 3: not an event of a cast"),
        (HEADER + STARTED + '[0.5,"o","\\ud800"]\n' + ENDED, "line 3: not a line of a cast"),
        (HEADER + STARTED + '[5,"o","x"]\n[4,"o","x"]\n' + ENDED, "line 4: its time 4 is before 5"),
        (HEADER + STARTED + '[-1,"o","x"]\n' + ENDED, "line 3: its time -1 is before 0"),
        (HEADER + STARTED + '[1,"r","0x0"]\n' + ENDED, "line 3: '0x0' is no size"),
        (HEADER + STARTED + '[1,"r","120"]\n' + ENDED, "line 3: '120' is no size"),
        (HEADER + STARTED + '[1,"r","70000x5"]\n' + ENDED, "line 3: '70000x5' is no size"),
        (HEADER + STARTED + '[1,"b","Zv9i#"]\n' + ENDED, "line 3: its bytes are no base64"),
        (
            HEADER + STARTED + '[1,"b","Zv9i"]\n[1,"o","x"]\n' + ENDED,
            "line 4: its text is not that of the bytes before it",
        ),
        (HEADER + STARTED + '[1,"o","a\u2028b"]\n' + ENDED, "line 3: some readers would see two lines in it"),
        (HEADER + ENDED, "line 2: it is not the marker `recording started`"),
        (HEADER.replace("80", "0") + STARTED + ENDED, "line 1: its width is not 1 to 65535"),
        (HEADER.replace("24", "65536") + STARTED + ENDED, "line 1: its height is not 1 to 65535"),
        (HEADER.replace("1795372803", "1.5") + STARTED + ENDED, "line 1: its timestamp is no integer"),
        (HEADER.replace('"/bin/bash"', "7") + STARTED + ENDED, "line 1: its env is not made of strings"),
        ("", "it has no end: its last line is no `session ended`"),
        ("something else\n", "line 1: not a line of a cast"),
    ],
)  # fmt: skip
def test_first_line_against_the_rules_is_named(tmp_path: Path, content: str, fault: str) -> None:
    """Each rule of what readers take, and what the recorder promises beyond it."""
    shelved(tmp_path, content)
    status, told = verified(tmp_path, ID)
    assert status == 1
    assert told[0] == f"{ID}   differs   shop/box/2026-11-22T18-40-03Z-{ID}.cast: {fault}"


def test_unknown_events_and_bytes_whose_output_never_came_are_fine(tmp_path: Path) -> None:
    """A recorder that was killed between the two; a later version's event."""
    shelved(tmp_path, HEADER + STARTED + '[1,"zz","x"]\n[1,"b","Zv9i"]\n' + ENDED)
    assert verified(tmp_path)[0] == 0


def test_changed_recording_differs_from_its_summary(tmp_path: Path) -> None:
    cast = shelved(tmp_path)
    changed = WHOLE.replace("hello", "hallo!")
    cast.write_text(changed)
    status, told = verified(tmp_path, ID)
    found = hashlib.sha256(changed.encode()).hexdigest()
    assert status == 1
    assert told[0].endswith(
        f": it has {len(WHOLE.encode()) + 1} bytes, by its summary {len(WHOLE.encode())}; "
        f"its sha256 is {found}, by its summary {WHOLE_SHA}"
    )


def test_changed_summary_differs_from_the_index(tmp_path: Path) -> None:
    cast = shelved(tmp_path, user="alice")
    summary = json.loads(cast.with_suffix(".json").read_text())
    cast.with_suffix(".json").write_text(json.dumps({**summary, "user": "mallory\x1b[2J"}))
    status, told = verified(tmp_path)
    assert status == 1
    assert told[0].endswith(r": user is mallory\x1b[2J by its summary, alice by index.jsonl")


def test_summary_of_another_recording_is_told(tmp_path: Path) -> None:
    shelved(tmp_path, id="zzzzzzzz", file="shop/box/other.cast")
    told = verified(tmp_path, ID)[1][0]
    assert "its summary is that of zzzzzzzz; its summary is that of the file shop/box/other.cast" in told


def test_what_has_no_summary_or_is_in_no_index_is_told(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    status, told = verified(tmp_path)
    assert status == 1
    assert told[0].endswith(
        ": it has no summary (troubleshooter-agent repair writes one); index.jsonl does not name it"
    )


def test_removed_recording_is_missed(tmp_path: Path) -> None:
    shelved(tmp_path)
    shelved(tmp_path, name=LATER).unlink()
    status, told = verified(tmp_path)
    assert status == 1
    assert f"aaaaaaaa   differs   shop/box: index.jsonl names shop/box/{LATER}.cast, which is gone" in told


def test_running_session_is_good_so_far(tmp_path: Path) -> None:
    """It has no end, no summary, and perhaps half a line; what is whole is looked at."""
    cast = put(tmp_path, HEADER + STARTED + HELLO + '[1.0,"o","half')
    with locked(cast):
        assert verified(tmp_path) == (0, [f"{ID}   running   shop/box/{cast.name}"])
        cast.write_text(HEADER + STARTED + "\n" + HELLO)
        assert verified(tmp_path)[0] == 1


def test_torn_line_of_the_index_is_no_fault(tmp_path: Path) -> None:
    """A full volume tore it; the next line stands for itself."""
    (tmp_path / "shop/box").mkdir(parents=True)
    (tmp_path / "shop/box/index.jsonl").write_text('{"id":"torn\n\nnull\n[]\n')
    shelved(tmp_path)
    assert verified(tmp_path)[0] == 0


def test_path_will_do(tmp_path: Path) -> None:
    cast = shelved(tmp_path)
    assert verified(tmp_path / "nowhere", str(cast))[0] == 0


@pytest.mark.parametrize(
    ("wanted", "chain", "sentence"),
    [
        ("", "xyz", "'xyz' is no chain hash"),
        ("", "A" * 64, "is no chain hash"),
        (ID, "0" * 64, "--chain is over all recordings of a run"),
        ("nonsense!", "", "'nonsense!' is no id of a recording"),
    ],
)
def test_mistake_is_told_in_one_sentence(tmp_path: Path, wanted: str, chain: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        verify(tmp_path, wanted, io.StringIO(), chain=chain)


def test_chain_from_elsewhere_proves_it_or_not(tmp_path: Path) -> None:
    """Also against one who changed recording, summary and index alike."""
    chain = sha(WHOLE_SHA)
    shelved(tmp_path)
    assert verified(tmp_path, chain=chain) == (
        0,
        [*verified(tmp_path)[1], f"{chain} is the chain of shop/box run 1"],
    )
    (tmp_path / "shop/box/index.jsonl").unlink()
    shelved(tmp_path, WHOLE.replace("hello", "hallo"))
    status, told = verified(tmp_path, chain=chain)
    assert status == 1
    assert told[-1].startswith(f"{chain} is the chain of no run here")


def test_recording_that_the_chain_leaves_out_is_named(tmp_path: Path) -> None:
    """One that was added, or that the next agent mended."""
    shelved(tmp_path)
    shelved(tmp_path, name=LATER)
    status, told = verified(tmp_path, chain=sha(WHOLE_SHA))
    assert status == 1
    assert (
        told[-1]
        == f"{sha(WHOLE_SHA)} is the chain of shop/box run 1, but without aaaaaaaa: added or mended later"
    )


def links(*ends: float, repaired: int = -1) -> list[Link]:
    return [Link(str(n), f"sha{n}", end, n == repaired) for n, end in enumerate(ends)]


@pytest.mark.parametrize(
    ("ends", "order", "left"),
    [
        ((1, 2, 3), (0, 1, 2), ()),
        ((5, 5, 5), (2, 0, 1), ()),
        ((5, 6, 7), (1, 0, 2), ()),
        ((5, 6, 7), (2, 1, 0), None),
        ((1, 9), (1, 0), None),
        ((1, 3, 5), (0, 1), ("2",)),
        ((1, 3, 5), (0, 2), None),
        ((), (), ()),
    ],
)
def test_orders_that_lead_to_a_chain(ends: tuple[float, ...], order: tuple[int, ...], left: Any) -> None:
    """Of ends within a second PID 1 may have seen another order than the index."""
    found = not_in(links(*ends), sha(*(f"sha{n}" for n in order)))
    assert (None if found is None else tuple(link.id for link in found)) == left


def test_recording_mended_later_is_in_no_chain() -> None:
    found = not_in(links(1, 2, 3, repaired=1), sha("sha0", "sha2"))
    assert found is not None
    assert [link.id for link in found] == ["1"]


def test_very_many_ends_at_once_do_not_take_for_ever() -> None:
    assert not_in(links(*[5.0] * 60), "0" * 64) is None


def test_chain_of_a_thousand_is_found() -> None:
    found = links(*map(float, range(1000)))
    assert not_in(found, chain_of(found)) == ()


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_no_bytes_break_the_audit(parts: list[bytes]) -> None:
    audit = Audit()
    for part in parts:
        audit.take(part + b"\n")
    audit.finish()


def test_real_recordings_are_good_and_lead_to_the_chain_of_the_agent(agent: RunningAgent) -> None:
    """Of ordinary, binary and killed sessions, as the status tells it."""
    agent.run("-c", "printf 'f\\377b'")
    agent.run("-c", "echo hello; exit 3")
    with agent.bash() as shell:
        shell.type("stty size")
        status, told = verified(agent.recordings)
        assert status == 0
        assert sum("   running   " in line for line in told) == 1
        shell.sendline("exit")
        shell.wait()
    chain = agent.wait_until_closed(3)["chain"]
    status, told = verified(agent.recordings, chain=chain)
    assert (status, told[-1].startswith(f"{chain} is the chain of ")) == (0, True)
    assert not told[-1].endswith("later")
