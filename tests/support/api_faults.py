"""What `api_proxy` can do to a request, each a function of the exchange: as a bad server or network does."""

import json
from collections.abc import Callable

from api_exchange import Exchange

GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


def refuse(status: int, reason: str = "", **headers: str) -> Callable[[Exchange], None]:
    """An answer before the API server has seen the request."""
    return lambda exchange: exchange.answer(status, f"injected {status}", reason, **headers)


def lose_answer(exchange: Exchange) -> None:
    """The server has done the work, and the connection ends."""
    exchange.forward().read()
    exchange.hang_up()


def keep_answer(exchange: Exchange) -> None:
    """The server has done the work, and nothing comes until the client has given up."""
    exchange.forward().read()
    exchange.proxy.closing.wait(GIVE_UP_SECONDS)
    exchange.hang_up()


def say_gone(exchange: Exchange) -> None:
    """A watch whose place is no longer known."""
    exchange.begin_stream()
    exchange.send_line(json.dumps(GONE).encode() + b"\n")
    exchange.end_stream()


def cut_in_mid_line(exchange: Exchange) -> None:
    """A watch whose first event comes by half."""
    exchange.begin_stream()
    for line in exchange.forward():
        exchange.send_line(line[: len(line) // 2])
        break
    exchange.hang_up()


def stall(exchange: Exchange) -> None:
    """A watch that stays open and tells nothing."""
    exchange.forward()
    exchange.begin_stream()
    exchange.proxy.closing.wait(GIVE_UP_SECONDS)
    exchange.hang_up()


def repeat(exchange: Exchange) -> None:
    """A watch that tells each event twice, and then the one before it once more."""
    exchange.begin_stream()
    before = b""
    for line in exchange.forward():
        for each in (line, line, before):
            if each:
                exchange.send_line(each)
        before = line
    exchange.end_stream()


GIVE_UP_SECONDS = 30.0
