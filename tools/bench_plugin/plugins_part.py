"""The plugin's part of docs/benchmarks.md, from rows and facts; it stands before the operator's. Pure."""

import statistics
from collections.abc import Sequence
from typing import Final

from figures import Row
from page import OPERATOR, PLUGIN, number

PART: Final = """\
{title}

One table from one run of `{command}` on {date}, on one machine with cluster, node and all. A sample is one
round; ours and the other ran in turn, and the verdict is that of the median. `must` is what was asked for.

| | |
| --- | --- |
{facts}

| figure | who | min | median | max | unit | must | reached |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

- Command to prompt: from the start of `kubectl troubleshoot start NAME`, found by kubectl as its plugin, to
  the prompt of the recorded shell in a terminal; the lines below are its parts. Each instant is when a watch
  on this machine saw the change, since the API server tells its own in whole seconds.
- Beside it the least that one can do by hand: `kubectl apply` of a claim and a pod of the same image that
  sleeps, `kubectl wait` until it is Ready, `kubectl exec -it` of a bash. That has no agent, no probe, no
  policy and no recording; what it takes, kubelet and volume take. Added is ours without that, round by round.
- Image cold: the node has pulled the image never, or not since it was taken away, from a registry on the same
  machine; warm: it is there.
- `list`: the whole process, at an API server without a node; each toolbox has a status with ten sessions.
- `search`: the whole command, in a toolbox that runs, with the class's one processor and 512 MiB; the text is
  in the last line of each recording.
"""


def part(rows: Sequence[Row], facts: dict[str, str], *, command: str, date: str) -> str:
    """From its title to its end."""
    return PART.format(
        title=PLUGIN,
        command=command,
        date=date,
        facts="\n".join(f"| {name} | {fact} |" for name, fact in facts.items()),
        rows="\n".join(_line(row) for row in rows),
    )


def replaced(text: str, ours: str) -> str:
    """The page with our part in the place of the one before, or before the operator's."""
    before, title, after = text.partition(f"\n{OPERATOR}\n")
    return "\n\n".join([before.partition(f"{PLUGIN}\n")[0].rstrip("\n"), ours.rstrip("\n")]).lstrip("\n") + (
        "\n" + title + after if title else "\n"
    )


def _line(row: Row) -> str:
    numbers = [number(f(row.samples)) for f in (min, statistics.median, max)]
    cells = [row.figure, row.who, *numbers, row.unit, str(row.must or ""), row.verdict]
    return f"| {' | '.join(cells)} |"
