"""asciinema-player in a real Chromium: whether a recording loads and plays, and the text of its last screen.

The page, the player and the recordings come from this process over loopback. Only the long tests use it:
`make soak` puts browser and player there first.
"""

import contextlib
import http.server
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import wait_for
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

DRIVER = "/usr/bin/chromedriver"
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PAGE = b"""<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/player.css">
<div id="player"></div><script src="/player.js"></script>
"""
PLAY = """
const seen = window.seen = {ended: false, error: ""};
const place = document.getElementById("player");
place.replaceChildren();
const quiet = {log() {}, debug() {}, info() {}, warn() {}};
const logger = {...quiet, error(...words) { seen.error += words.join(" ") + ";"; }};
const player = AsciinemaPlayer.create("/cast", place, {speed: 1000, idleTimeLimit: 0.01, logger});
player.addEventListener("ended", () => setTimeout(() => { seen.ended = true; }, 100));  // once it is drawn
player.play().catch((error) => { seen.error += String(error); });
"""
LOOK = """
const lines = [...document.querySelectorAll("#player .ap-line")].map((line) => line.textContent.trimEnd());
return {...window.seen, lines: lines};
"""
SECONDS = 60.0


@dataclass(frozen=True)
class Played:
    """Whether a recording played to its end, what the player complained of, and the last screen."""

    ended: bool
    error: str
    lines: tuple[str, ...]


@dataclass
class Browser:
    """A running browser that shows one recording after another."""

    driver: webdriver.Chrome
    address: str
    files: dict[str, bytes] = field(repr=False)

    def play(self, cast: bytes, seconds: float = SECONDS) -> Played:
        """Play a recording at a speed that needs no patience."""
        self.files["/cast"] = cast
        self.driver.get(self.address)
        self.driver.execute_script(PLAY)
        with contextlib.suppress(AssertionError):
            wait_for(self._is_over, "the end of the recording", seconds)
        found = self._look()
        return Played(found["ended"], found["error"], tuple(found["lines"]))

    def _is_over(self) -> bool:
        found = self._look()
        return bool(found["ended"] or found["error"])

    def _look(self) -> Any:
        return self.driver.execute_script(LOOK)


@contextlib.contextmanager
def browser(player: Path) -> Iterator[Browser]:
    """A browser with the player whose files are in the folder `player`."""
    files = {
        "/": PAGE,
        "/player.js": (player / "asciinema-player.min.js").read_bytes(),
        "/player.css": (player / "asciinema-player.css").read_bytes(),
    }
    with _serving(files) as address, tempfile.TemporaryDirectory() as profile:
        options = Options()
        for switch in (*SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        try:
            yield Browser(driver, address, files)
        finally:
            driver.quit()


@contextlib.contextmanager
def _serving(files: dict[str, bytes]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(200 if content is not None else 404)
            kind = {".css": "text/css", ".js": "text/javascript"}.get(Path(self.path).suffix, "text/html")
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_words: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
