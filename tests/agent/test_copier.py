"""A terminal of another user cannot be reopened, so the client copies for the recorder."""

import os
import subprocess
import sys
from pathlib import Path

import pexpect

# Root without capabilities may not open what belongs to somebody else.
WITHOUT_CAPABILITIES = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--")
SOMEBODY_ELSE = 10001


def test_terminal_of_another_user_is_recorded_and_resized(tmp_path: Path) -> None:
    """What the terminal shows is in the cast byte for byte, sizes and the exit status included."""
    cast = tmp_path / "session.cast"
    program, *arguments = (
        *WITHOUT_CAPABILITIES,
        sys.executable,
        "-m",
        "troubleshooter_agent",
        "record",
        "-o",
        str(cast),
    )
    person = pexpect.spawn(
        program,
        [*arguments, "--", "bash", "--norc"],
        dimensions=(30, 100),
        timeout=15,
        env={**os.environ, "PS1": "$ ", "PYTHONPATH": str(Path(__file__).parents[2] / "agent")},
        preexec_fn=lambda: os.fchown(0, SOMEBODY_ELSE, -1),
    )
    person.expect(r"\$ ")
    person.sendline("stty size")
    person.expect("30 100")
    person.setwinsize(40, 120)
    person.sendline("until stty size | grep 40; do :; done")
    person.expect("40 120")
    person.sendline("exit 5")
    person.expect(pexpect.EOF)
    person.close()
    assert person.exitstatus == 5
    shown = subprocess.run(
        [Path(sys.executable).parent / "asciinema", "cat", cast], capture_output=True, check=True
    )
    assert b"30 100" in shown.stdout
    assert b'"r","120x40"' in cast.read_bytes()
    assert cast.read_bytes().rstrip().endswith(b'"session ended: exit status 5"]')
