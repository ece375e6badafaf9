"""The page docs/benchmarks.md, from rows and facts; pure."""

import statistics
from collections.abc import Sequence
from typing import Final

from figures import Row

# The parts of others, which come after ours in this order.
PLUGIN: Final = "# The plugin, measured"
OPERATOR: Final = "# The operator, measured"
HEAD = """\
# Measured

One table from one run of `{command}` on {date}. Others ran in turn with us, round by round, on the
same machine; a sample is one round, and the verdict is that of the median. `must` and `aim` are what was
asked for.

| | |
| --- | --- |
{facts}

| figure | who | min | median | max | unit | must | aim | reached |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

## How

- Throughput: `cat` of coloured text on a terminal of 100x30 that is read as fast as it can be, from the
  first byte shown to the end of the command. Ours is a session of a real agent: PID 1 of a pid namespace,
  client and recorder. Each recording is checked to be whole and to have the sha256 that its summary tells;
  it was brought to the disk with fdatasync twice a second.
- The agent runs on the Python named above; that of the toolbox image is unpacked from it and started as a
  toolbox starts it, on this host and in no container.
- Through `kubectl exec -it`: the same, in a pod of the test cluster. kubectl, API server, kubelet and
  containerd share the machine with the recorder; `script`, in the same pod, shows what that means for
  whatever stands between.
- Echo: a key at each terminal in turn, 1 to 5 ms apart, which the kernel echoes. Added is what is above the
  percentile of the bare terminal in the same round. The flood is recorded whole: limits of size and rate are
  off, as for throughput.
- Start to prompt: from the start of the command (`nsenter`, as an exec enters a container) to the prompt,
  bash and `shell` in turn.
- Start of PID 1: its namespaces are made in that time too.
- Memory: the sum of Pss in /proc/PID/smaps_rollup of PID 1, the reporter and the recorders. Processor:
  their time by /proc/PID/task/*/schedstat. The sessions are shells at their prompt.
- Lateness: from the instant that is due (the start of PID 1 and the life time; the last key and the
  time-out) to the end of the session's program, on CLOCK_BOOTTIME, several toolboxes at a time.
- The kills are those of `make soak`.
"""


def page(rows: Sequence[Row], facts: dict[str, str], *, command: str, date: str) -> str:
    """The whole page."""
    return HEAD.format(
        command=command,
        date=date,
        facts="\n".join(f"| {name} | {fact} |" for name, fact in facts.items()),
        rows="\n".join(_line(row) for row in rows),
    )


def replaced(text: str, ours: str) -> str:
    """The page with our part in the place of the one before; what others measured stays."""
    others = [text.find(f"\n{title}\n") for title in (PLUGIN, OPERATOR)]
    return ours + text[min((at for at in others if at >= 0), default=len(text)) :]


def _line(row: Row) -> str:
    if not row.samples:
        numbers = [row.note, "", ""]
    else:
        numbers = [number(f(row.samples)) for f in (min, statistics.median, max)]
    cells = [row.figure, row.who, *numbers, row.unit, str(row.must or ""), str(row.aim or ""), row.verdict]
    return f"| {' | '.join(cells)} |"


def number(value: float) -> str:
    """Three digits that count, and no more than three after the point."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.3f}"
