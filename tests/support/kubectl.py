"""kubectl as tests use it: as one user, in one namespace, with waiting on conditions instead of sleeping."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

POLL_SECONDS = 0.2
RUN_SECONDS = 60.0

T = TypeVar("T")
Manifest = str | Mapping[str, Any]
Result = subprocess.CompletedProcess[str]


class KubectlError(AssertionError):
    """kubectl ended with another status than 0 where the test needs it to succeed."""


@dataclass(frozen=True)
class Kubectl:
    """A user at the cluster. `namespace` is where its commands look unless they say otherwise."""

    program: Path
    kubeconfig: Path
    namespace: str = "default"

    def in_namespace(self, namespace: str) -> "Kubectl":
        return replace(self, namespace=namespace)

    def command(self, *arguments: str) -> list[str]:
        """The whole command line, for tests that start it themselves."""
        who = ["--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace]
        return [str(self.program), *who, *arguments]

    def attempt(self, *arguments: str, stdin: str = "", timeout: float = RUN_SECONDS) -> Result:
        """Run a command that may fail; the test looks at returncode, stdout and stderr."""
        command = self.command(*arguments)
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )

    def run(self, *arguments: str, stdin: str = "", timeout: float = RUN_SECONDS) -> Result:
        """Run a command that must succeed; KubectlError with what it said otherwise."""
        result = self.attempt(*arguments, stdin=stdin, timeout=timeout)
        if result.returncode:
            said = f"{result.stdout}{result.stderr}".strip()
            raise KubectlError(f"kubectl {' '.join(arguments)} ended with {result.returncode}: {said}")
        return result

    def json(self, *arguments: str) -> Any:
        """The parsed answer of a command that takes `--output json`."""
        return json.loads(self.run(*arguments, "--output=json").stdout)

    def get(self, *arguments: str) -> Any | None:
        """The object, such as get("pod", "name"); None where there is none."""
        result = self.run("get", "--ignore-not-found", "--output=json", *arguments)
        return json.loads(result.stdout) if result.stdout else None

    def apply(self, *manifests: Manifest) -> Result:
        """Apply manifests, as text or as objects; KubectlError if the API server refuses one."""
        return self.run("apply", "--filename=-", stdin=documents(manifests))

    def refuse(self, *manifests: Manifest) -> str:
        """What the API server says against these manifests; KubectlError if it takes them."""
        result = self.attempt("apply", "--filename=-", stdin=documents(manifests))
        if result.returncode == 0:
            raise KubectlError(f"nothing was refused: {result.stdout.strip()}")
        return result.stderr

    def wait_for(
        self, kind: str, name: str, ready: Callable[[Any], bool], *, timeout: float, what: str = ""
    ) -> Any:
        """The object once it is as wanted (a missing one never is); AssertionError with its last state."""

        def probe() -> Any:
            found = self.get(kind, name)
            return found if found is not None and ready(found) else None

        try:
            return wait_until(probe, timeout=timeout, what=what or f"{kind} {name}")
        except TimeoutError as error:
            last = json.dumps(self.get(kind, name), indent=1)
            raise AssertionError(f"{error}; last seen: {last}") from None

    def wait_gone(self, kind: str, name: str, *, timeout: float) -> None:
        """Return once there is no such object; TimeoutError if it stays."""
        wait_until(lambda: self.get(kind, name) is None, timeout=timeout, what=f"the end of {kind} {name}")

    def wait_condition(self, kind: str, name: str, condition: str, *, timeout: float) -> None:
        """Return once `kubectl wait --for=condition=...` is content, such as "Ready" or "Ready=False"."""
        limit = f"--timeout={timeout:g}s"
        self.run("wait", f"--for=condition={condition}", f"{kind}/{name}", limit, timeout=timeout + 10)

    @contextmanager
    def watch(self, *arguments: str) -> Iterator["Watch"]:
        """Watch objects, such as watch("pv"), until the end of the block; the API server gives the order."""
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            command = self.command("get", *arguments, "--watch", "--output-watch-events", "--output=json")
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file)
            try:
                yield Watch(Path(file.name))
            finally:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class Watch:
    """The events that a running watch has brought so far."""

    file: Path

    def events(self) -> list[tuple[str, Any]]:
        """ADDED, MODIFIED or DELETED, each with the object; a half-written last one is left for later."""
        decoder = json.JSONDecoder()
        text = self.file.read_text()
        found: list[tuple[str, Any]] = []
        position = 0
        while True:
            try:
                event, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError:
                return found
            position = len(text) - len(text[position:].lstrip())
            found.append((event["type"], event["object"]))


def wait_until(probe: Callable[[], T], *, timeout: float, what: str, every: float = POLL_SECONDS) -> T:
    """What the probe gives, as soon as that is true; TimeoutError at the deadline, in seconds."""
    deadline = time.monotonic() + timeout
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(every)
    return found


def documents(manifests: Sequence[Manifest]) -> str:
    """Several manifests as one text for kubectl; JSON is YAML."""
    texts = [manifest if isinstance(manifest, str) else json.dumps(manifest) for manifest in manifests]
    return "\n---\n".join(texts)


def condition(found: Any, kind: str) -> dict[str, Any]:
    """The condition of an object by its type; empty where it has none."""
    conditions: list[dict[str, Any]] = found.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), {})
