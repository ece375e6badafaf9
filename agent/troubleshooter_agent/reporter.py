"""The reporter process: serves HTTP and watches the annotations, so that PID 1 and recorders need not.

PID 1 forks it, and again when it dies. It alone imports prometheus_client, http.server and watchdog
(30 MB that every recorder would carry too), and only after that fork. It knows what PID 1 tells it,
never a recording; however slow its clients are, no recording waits for them.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from troubleshooter_agent import channel
from troubleshooter_agent.annotations import StartObserver, observe, watch
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.effort import Effort
from troubleshooter_agent.log import Log

ALIVE_SECONDS: Final = 10.0  # since the last word of PID 1, which speaks every second


def run(
    ours: socket.socket,
    *,
    annotations: Path,
    address: tuple[str, int],
    start_observer: StartObserver = observe,
    alive_seconds: float = ALIVE_SECONDS,
) -> int:
    """Serve and watch until PID 1 closes the channel; the exit code, 0.

    To PID 1 go {"annotations": {file: text}}, at the start and at each change, and {"listening": port}.
    From it comes {"status": Status, "failures": {kind: count}, "effort": Effort, "dropped": lines}.
    """
    import threading  # noqa: PLC0415 - PID 1 and recorders do without: see `syncer`

    from troubleshooter_agent import endpoints, webserver  # noqa: PLC0415 - only after the fork

    heard = endpoints.Heard(time.monotonic())

    def answer(path: str) -> webserver.Answer | None:
        return endpoints.answer(path, heard, is_alive=time.monotonic() - heard.at < alive_seconds)

    def tell(message: dict[str, Any]) -> None:
        with contextlib.suppress(channel.ChannelClosedError):  # which ends the loop below
            channel.send(ours, message)

    def learn(files: dict[str, str]) -> None:
        tell({"annotations": files})

    def listening(port: int) -> None:
        tell({"listening": port})

    stopped = threading.Event()
    _in_thread(ours, lambda: watch(annotations, learn, stopped, start_observer=start_observer))
    _in_thread(ours, lambda: webserver.serve(address, answer, listening, Log()))
    while True:
        try:
            message = channel.receive(ours).message
        except channel.ChannelClosedError:
            return ExitCode.OK
        effort = Effort.from_dict(message["effort"])
        heard = endpoints.Heard(
            time.monotonic(), message["status"], message["failures"], effort, message["dropped"]
        )


def _in_thread(ours: socket.socket, work: Callable[[], None]) -> None:
    """Do `work` beside; if it ever ends, so does the reporter, and PID 1 starts a new one."""

    def run_then_close() -> None:
        try:
            work()
        finally:
            ours.shutdown(socket.SHUT_RDWR)

    import threading  # noqa: PLC0415 - as above

    threading.Thread(target=run_then_close, daemon=True).start()
