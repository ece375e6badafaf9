"""The operator's part of docs/benchmarks.md, from rows and facts, beside what `make bench` writes there."""

import statistics
from collections.abc import Sequence
from typing import Final

from figures import Row
from page import OPERATOR, number

PART: Final = """\
{title}

One table from one run of `{command}` on {date}. `must` and `aim` are what was asked for; where
a figure has several samples, the median counts, and least and most are told too. The load tells how many
others wanted the same cores meanwhile: with two cores, a load of 16 leaves an eighth.

| | |
| --- | --- |
{facts}

| figure | must | aim | measured | unit | least to most | reached |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

What is real: the API server with its etcd, the scheduler, the binder of volumes, and the operator, a process
with the rights of its service account, on two cores with all the others. What is fake: the node, which kwok
plays (a container runs at once, and is killed at once), the volumes, made beforehand, one for each claim, and
the agents: one process answers /status for all of them, with one open shell each. There are no policies but
those of `deploy/base`. All of it runs in a network namespace of its own.

- Instants and requests are the API server's own, from its audit log: nothing is taken from the operator's
  word but when a restart without changes is done.
- Created to Pod created: from the request that makes the Troubleshooter to the answer that makes its pod;
  each is awaited until its shell is available before the next is made.
- One whole life: a toolbox with one session, which ends by its agent's word; all requests but lists and
  watches, which follow everything.
- Requests a minute: all of the operator's, lists and watches too.
- Restart: from the start of the process, Python's own start included.
- Past their end: the operator's instant is 5 s after the end of the time to live, counted from the
  container's start in whole seconds, as the kubelet tells it; then it writes why on the pod, waits up to 3 s
  for an agent that would see it, and deletes the pod. They end as they started, one after another.
- Memory: Pss in /proc/PID/smaps_rollup.
"""


def part(rows: Sequence[Row], facts: dict[str, str], *, command: str, date: str) -> str:
    """From its title to its end."""
    return PART.format(
        title=OPERATOR,
        command=command,
        date=date,
        facts="\n".join(f"| {name} | {fact} |" for name, fact in facts.items()),
        rows="\n".join(_line(row) for row in rows),
    )


def replaced(text: str, ours: str) -> str:
    """The page with our part, which stands last, in the place of the one before."""
    return text.partition(OPERATOR)[0].rstrip("\n") + "\n\n" + ours


def _line(row: Row) -> str:
    several = len(row.samples) > 1
    spread = f"{number(min(row.samples))} to {number(max(row.samples))}" if several else ""
    measured = number(statistics.median(row.samples))
    cells = [row.figure, str(row.must or ""), str(row.aim or ""), measured, row.unit, spread, row.verdict]
    return f"| {' | '.join(cells)} |"
