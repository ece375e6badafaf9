"""Programs that stand in for kubectl: one that reads from a folder here, and one whose streams break off.

Both are processes of their own with kubectl's command line, since that is how the plugin meets it.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

_HERE = """#!{python} -IS
import hashlib, json, os, shutil, sys
words = sys.argv[sys.argv.index("--") + 1:]
reading = words[words.index("--") + 2:]
os.chdir({volume!r})
if reading[:2] == ["export", "--manifest"]:
    for top, _, names in os.walk("."):
        for path in (os.path.relpath(os.path.join(top, name)) for name in names):
            text = open(path, "rb").read()
            print(json.dumps({{"file": path, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest(),
                              "running": False, "id": ""}}))
elif reading[:2] == ["export", "--file"] and reading[3] == "--from":
    with open(reading[2], "rb") as file:
        file.seek(int(reading[4]))
        shutil.copyfileobj(file, sys.stdout.buffer)
else:
    sys.exit("error: " + repr(reading))
"""

_CUT = """#!{python} -IS
import os, random, signal, subprocess, sys
fd = os.open({counter!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
real = [{real!r}, *sys.argv[1:]]
if "--file" not in real or os.fstat(fd).st_size >= {cuts}:
    os.execv(real[0], real)
os.write(fd, b"x")
chance = random.Random({seed} + os.lseek(fd, 0, os.SEEK_CUR))
how, left = chance.choice(("killed", "quiet", "loud")), chance.randrange({most})
process = subprocess.Popen(real, stdout=subprocess.PIPE)
while left and (block := process.stdout.read(min(left, 4096))):
    sys.stdout.buffer.write(block)
    left -= len(block)
sys.stdout.buffer.flush()
process.kill()
process.wait()
if how == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if how == "loud":
    sys.exit("error: error reading from error stream: next reader: EOF")
"""

_HANGING = """#!{python} -IS
import sys, time
sys.stdout.buffer.write(b"{first}")
sys.stdout.buffer.flush()
time.sleep(3600)
"""


@dataclass(frozen=True)
class Cutting:
    """`program` cuts the first streams off; `cuts` tells how many it has cut."""

    program: Path
    counter: Path

    @property
    def cuts(self) -> int:
        return self.counter.stat().st_size if self.counter.exists() else 0


def kubectl_here(folder: Path, volume: Path) -> Path:
    """A kubectl whose pods are all this machine, with `volume` as their recordings; it only exports."""
    return _program(folder / "kubectl-here", _HERE.format(python=sys.executable, volume=str(volume)))


def cutting(folder: Path, real: Path, *, cuts: int, most: int, seed: int) -> Cutting:
    """A kubectl that is `real`, but for its first streams of a file: each ends before `most` bytes.

    Some are killed, some say so, and some end as if all was well.
    """
    counter = folder / "cuts"
    text = _CUT.format(
        python=sys.executable, counter=str(counter), real=str(real), cuts=cuts, most=most, seed=seed
    )
    return Cutting(_program(folder / "kubectl-cutting", text), counter)


def hanging(folder: Path, first: str) -> Path:
    """A kubectl that says a little and then nothing for an hour."""
    return _program(folder / "kubectl-hanging", _HANGING.format(python=sys.executable, first=first))


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path
