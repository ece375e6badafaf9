"""A container registry on this host, Debian's: unpacked, never installed, gone with the block."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import debian
import lifecycle
import places
from kubectl import wait_until

START_SECONDS = 20.0
END_SECONDS = 10.0


@contextmanager
def running_registry(folder: Path, host: str) -> Iterator[str]:
    """Its address, HOST:PORT, without TLS; what it is given is in the folder, and the log too."""
    address = f"{host}:{_free_port(host)}"
    config = {
        "version": "0.1",
        "log": {"accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": address},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        command = [str(_program()), "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: _answers(address), timeout=START_SECONDS, what=f"the registry at {address}")
        yield address
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def let_the_node_pull(node_root: Path, address: str) -> None:
    """Tell the test node's containerd that there is no TLS; it looks there at each pull."""
    folder = node_root / "containerd" / "hosts" / address
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts.toml").write_text(f'[host."http://{address}"]\n')


def _program() -> Path:
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        files = debian.unpacked(debian.REGISTRY, cache / debian.REGISTRY, cache / "logs" / "apt.log")
    return files / "usr" / "bin" / "docker-registry"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
