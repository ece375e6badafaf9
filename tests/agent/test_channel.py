"""Packets between processes, of which one may be hostile."""

import array
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from troubleshooter_agent import channel
from troubleshooter_agent.channel import ChannelClosedError

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = channel.pair()
    with ours, theirs:
        ours.settimeout(0)
        theirs.settimeout(0)
        yield ours, theirs


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def pass_descriptors(sender: socket.socket, text: bytes, number: int) -> None:
    rights = array.array("i", [0] * number)
    sender.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def test_packets_keep_apart_and_in_order(pair: Pair) -> None:
    for number in range(3):
        channel.send(pair[0], {"number": number, "text": "é\n\0"})
    received = [channel.receive(pair[1]).message for _ in range(3)]
    assert received == [{"number": number, "text": "é\n\0"} for number in range(3)]
    with pytest.raises(BlockingIOError):
        channel.receive(pair[1])


def test_descriptors_arrive_with_their_packet_and_do_not_leak_into_programs(
    pair: Pair, tmp_path: Path
) -> None:
    with (tmp_path / "file").open("w+b") as file:
        channel.send(pair[0], {}, (file.fileno(), file.fileno(), file.fileno()))
    packet = channel.receive(pair[1])
    assert len(packet.descriptors) == 3
    os.write(packet.descriptors[2], b"through")
    assert (tmp_path / "file").read_bytes() == b"through"
    assert [os.get_inheritable(fd) for fd in packet.descriptors] == [False, False, False]
    for fd in packet.descriptors:
        os.close(fd)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"garbage", b"\xff\xfe", b"[]", b"3", b'"open"', b"null", b"{", b"[" * 10_000,
        b'{"a":"\\ud800"}', b" " * 131_073,
    ],
)  # fmt: skip
def test_nonsense_is_the_end_of_the_conversation_and_leaves_no_descriptor_behind(
    pair: Pair, text: bytes
) -> None:
    before = open_descriptors()
    pass_descriptors(pair[0], text, 3)
    with pytest.raises(ChannelClosedError):
        channel.receive(pair[1])
    assert open_descriptors() == before


def test_more_descriptors_than_anybody_needs_are_nonsense_too(pair: Pair) -> None:
    before = open_descriptors()
    pass_descriptors(pair[0], b"{}", 200)
    with pytest.raises(ChannelClosedError):
        channel.receive(pair[1])
    assert open_descriptors() == before


def test_closed_end_is_told_to_reader_and_writer(pair: Pair) -> None:
    pair[0].close()
    with pytest.raises(ChannelClosedError):
        channel.receive(pair[1])
    with pytest.raises(ChannelClosedError):
        channel.send(pair[1], {"late": True})


def test_slow_reader_blocks_nobody(pair: Pair) -> None:
    def send_for_ever() -> None:
        while True:
            channel.send(pair[0], {"text": "x" * 1000})

    with pytest.raises(BlockingIOError):
        send_for_ever()


def test_packet_that_nobody_would_receive_whole_is_not_sent(pair: Pair) -> None:
    channel.send(pair[0], {"text": "x" * (128 * 1024 - 11)})
    assert len(channel.receive(pair[1]).message["text"]) == 131_061
    with pytest.raises(OSError, match="too long") as refused:
        channel.send(pair[0], {"text": "x" * (128 * 1024 - 10)})
    assert refused.value.errno == errno.EMSGSIZE


@pytest.mark.parametrize("prefix", ["@troubleshooter-test-{}", "{}/socket"], ids=["abstract", "path"])
def test_client_is_known_by_the_kernel(prefix: str, tmp_path: Path) -> None:
    address = prefix.format(tmp_path)
    with channel.listen(address) as listener, channel.connect(address) as client:
        accepted, _ = listener.accept()
        with accepted:
            channel.send(client, {"hello": 1})
            accepted.settimeout(0)
            assert channel.receive(accepted).message == {"hello": 1}
            assert channel.peer(accepted) == channel.Peer(os.getpid(), os.getuid())


def test_address_where_nobody_listens_is_refused() -> None:
    with pytest.raises(ConnectionRefusedError):
        channel.connect("@troubleshooter-test-nobody")
