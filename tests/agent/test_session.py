"""What a session is before it starts: its names, and what its recording says of it."""

import re
from dataclasses import replace
from pathlib import Path

from troubleshooter_agent.session import Job, Program, Toolbox, cast_name, new_id

JOB = Job(
    id="3f9k2m1x",
    started=1795372803.5,
    user="alice",
    verified=True,
    toolbox=Toolbox("shop", "box", 2, "box-pod", "uid-1", "DNS is slow", "toolbox@sha256:1"),
    program=Program(("bash",), {"SHELL": "/bin/bash", "TERM": "xterm", "SECRET": "hunter2"}, "/"),
    size=(120, 40),
    root=Path("/recordings"),
    cast=Path("/recordings/shop/box/2026-11-22T18-40-03Z-3f9k2m1x.cast"),
)


def test_id_is_eight_of_letters_and_digits_and_never_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[a-z0-9]{8}", each) for each in ids)


def test_name_of_a_cast_tells_when_it_began_and_needs_no_quoting() -> None:
    assert cast_name(1795372803.9, "3f9k2m1x") == "2026-11-22T18-40-03Z-3f9k2m1x.cast"


def test_file_is_told_relative_to_the_volume() -> None:
    assert JOB.file == "shop/box/2026-11-22T18-40-03Z-3f9k2m1x.cast"


def test_header_says_whose_the_recording_is() -> None:
    header = JOB.header()
    header["agentVersion"] = re.sub(r"\d+", "N", header["agentVersion"])
    assert header == {
        "namespace": "shop",
        "name": "box",
        "run": 2,
        "pod": "box-pod",
        "podUID": "uid-1",
        "user": "alice",
        "verified": True,
        "purpose": "DNS is slow",
        "image": "toolbox@sha256:1",
        "agentVersion": "N.N.N",
    }


def test_only_what_a_player_wants_of_the_environment_is_recorded() -> None:
    """The other variables may hold secrets."""
    assert JOB.recorded_environment() == {"SHELL": "/bin/bash", "TERM": "xterm"}
    bare = replace(JOB, program=Program(("bash",), {"TERM": "xterm"}, "/"))
    assert bare.recorded_environment() == {"TERM": "xterm"}
