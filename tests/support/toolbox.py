"""A toolbox as its user sees it: a pod whose shells are recorded."""

import subprocess
from dataclasses import dataclass
from typing import Any

from kubectl import Kubectl
from terminal import Terminal

COMMAND_SECONDS = 60
PROMPT = ":~$ "


@dataclass(frozen=True)
class Toolbox:
    """A toolbox that is Ready; `user` is who works in it."""

    user: Kubectl
    name: str

    @property
    def pod(self) -> Any:
        """The pod as it is now; None once it is gone."""
        return self.user.get("pod", self.name)

    def exec(self, *command: str, cols: int = 80, rows: int = 24) -> Terminal:
        """`kubectl exec -it` of any command, on a real terminal."""
        return Terminal(self.user.command("exec", "-it", self.name, "--", *command), cols=cols, rows=rows)

    def shell(self, *arguments: str, cols: int = 80, rows: int = 24) -> Terminal:
        """A recorded shell on a real terminal."""
        return self.exec("shell", *arguments, cols=cols, rows=rows)

    def prompt(self, *arguments: str, cols: int = 80, rows: int = 24) -> Terminal:
        """A recorded shell that waits for a command; what is typed before, the local terminal echoes too."""
        terminal = self.shell(*arguments, cols=cols, rows=rows)
        terminal.expect(PROMPT)
        return terminal

    def prompt_beside(self, *arguments: str) -> Terminal:
        """The same while other sessions of this user are open: not to go on with one of them."""
        terminal = self.shell(*arguments)
        terminal.expect("open a new shell (n)? ")
        terminal.sendline("n")
        terminal.expect(PROMPT)
        return terminal

    def run(self, *command: str, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
        """`kubectl exec` of a command without a terminal; with `stdin`, through a pipe."""
        interactive = [] if stdin is None else ["-i"]
        return subprocess.run(
            self.user.command("exec", *interactive, self.name, "--", *command),
            input=stdin,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def screen(self) -> str:
        """What runs in the toolbox: a line a process, with its state first."""
        return self.run("ps", "-A", "-o", "stat=,pid=,ppid=,comm=").stdout.decode()
