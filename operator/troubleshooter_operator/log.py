"""Log lines: one event, one line, key=value. Values are untrusted, so what is not plain is quoted as JSON."""

import json
import logging
import re
import sys
import time
import traceback
from typing import Any, Final, TextIO

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:+@-]+")
_LOGGER: Final = logging.getLogger("troubleshooter_operator")


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)


def configure(stream: TextIO = sys.stderr) -> None:
    """Once, by main."""
    handler = logging.StreamHandler(stream)
    shape = "time=%(asctime)s.%(msecs)03dZ level=%(levelname)s %(message)s"
    handler.setFormatter(_Formatter(shape, "%Y-%m-%dT%H:%M:%S"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def info(event: str, **fields: Any) -> None:
    _LOGGER.info(line(event, **fields))


def warning(event: str, **fields: Any) -> None:
    _LOGGER.warning(line(event, **fields))


def bug(event: str, error: BaseException, **fields: Any) -> None:
    """Something nobody expected: the traceback is in the line, as one value."""
    trace = "".join(traceback.format_exception(error))
    _LOGGER.error(line(event, **fields, error=error, traceback=trace))


def line(event: str, **fields: Any) -> str:
    """`event="pod created" name=toolbox`; None and empty values are left out."""
    shown = {"event": event} | {name: value for name, value in fields.items() if value not in {None, ""}}
    return " ".join(f"{name}={_value(value)}" for name, value in shown.items())


def _value(value: Any) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
