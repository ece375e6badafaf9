"""The plugin as a person of the cluster runs it, with their kubeconfig and their kubectl."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubectl import Kubectl
from terminal import Terminal

RUN_SECONDS = 180
PROGRAM = Path(sys.executable).with_name("kubectl-troubleshoot")


@dataclass(frozen=True)
class Plugin:
    """`user` is who runs it, and where; `kubectl` is another program of that name, first on the PATH."""

    user: Kubectl
    kubectl: Path | None = None

    def through(self, kubectl: Path) -> "Plugin":
        return replace(self, kubectl=kubectl)

    def run(self, *words: str, fine: Sequence[int] = (0,)) -> "subprocess.CompletedProcess[str]":
        """What it prints; AssertionError with what it says if it ends with another status than those."""
        result = subprocess.run(
            self._command(*words), env=self._environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=RUN_SECONDS, check=False,
        )  # fmt: skip
        assert result.returncode in fine, f"{words}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "-o", "json").stdout)

    def terminal(self, *words: str, cols: int = 80, rows: int = 24) -> Terminal:
        """The same at a real terminal."""
        return Terminal(self._command(*words), cols=cols, rows=rows, env=self._environment(), timeout=60)

    def _command(self, *words: str) -> list[str]:
        where = [f"--namespace={self.user.namespace}", f"--kubeconfig={self.user.kubeconfig}"]
        return [str(PROGRAM), *words[:1], *where, *words[1:]]

    def _environment(self) -> dict[str, str]:
        first = [str(self.kubectl.parent)] if self.kubectl else []
        path = os.pathsep.join([*first, str(self.user.program.parent), os.environ["PATH"]])
        return {"PATH": path, "HOME": os.environ["HOME"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
