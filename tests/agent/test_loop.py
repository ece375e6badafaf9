"""What is called when a descriptor is ready, on real pipes and sockets."""

import os
import socket
from collections.abc import Iterator

import pytest

from troubleshooter_agent.loop import READ, WRITE, Loop


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def test_handler_gets_the_events_it_wants_and_no_others(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """From one turn to the next another set of them."""
    loop, got = Loop(), list[int]()
    ours, theirs = pair
    theirs.send(b"x")
    for events in (READ, READ | WRITE, WRITE, 0, READ):
        loop.want(ours, events, got.append)
        loop.turn(0)
    assert got == [READ, READ | WRITE, WRITE, READ]


@pytest.mark.parametrize("events", [READ, WRITE, READ | WRITE])
def test_hang_up_is_told_as_what_was_wanted(pair: tuple[socket.socket, socket.socket], events: int) -> None:
    """The other side has gone: whichever is tried next says so."""
    loop, got = Loop(), list[int]()
    loop.want(pair[0], events, got.append)
    pair[1].close()
    loop.turn(0)
    assert got == [events]


def test_source_forgotten_by_another_handler_is_not_called(pipe: tuple[int, int]) -> None:
    """Both were ready in the same turn."""
    loop, called = Loop(), list[str]()
    reading, writing = pipe
    os.write(writing, b"x")
    other = os.dup(reading)

    def first(name: str, victim: int) -> None:
        called.append(name)
        loop.forget(victim)

    loop.watch(reading, lambda: first("one", other))
    loop.watch(other, lambda: first("other", reading))
    loop.turn(0)
    assert len(called) == 1
    os.close(other)


def test_closed_source_is_never_watched_again_until_released(pipe: tuple[int, int]) -> None:
    """A number that is given back may belong to something else next time."""
    loop, got = Loop(), list[int]()
    reading, writing = pipe
    os.write(writing, b"x")
    loop.close(reading)
    loop.want(reading, READ, got.append)
    loop.turn(0)
    assert (got, loop.is_closed(reading), loop.descriptors()) == ([], True, [])
    loop.release(reading)
    loop.want(reading, READ, got.append)
    loop.turn(0)
    assert (got, loop.is_closed(reading), loop.descriptors()) == ([READ], False, [reading])


def test_descriptor_closed_before_it_is_forgotten_does_no_harm(pipe: tuple[int, int]) -> None:
    """The kernel forgets it by itself, and the number comes back with another meaning."""
    loop, got = Loop(), list[int]()
    gone, other = os.pipe()
    loop.watch(gone, lambda: None)
    os.close(gone)
    os.close(other)
    loop.forget(gone)
    again = os.dup(pipe[0])
    assert again == gone
    os.write(pipe[1], b"x")
    loop.want(again, READ, got.append)
    loop.turn(0)
    assert got == [READ]
    os.close(again)


def test_time_that_is_over_does_not_mean_for_ever(pipe: tuple[int, int]) -> None:
    """A patience below zero is none."""
    loop = Loop()
    loop.watch(pipe[0], lambda: None)
    loop.turn(-1.0)
