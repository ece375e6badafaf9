"""The life time of a running toolbox: what the spec asks for, and what a shell asks for besides; pure.

Nothing is clamped. What may not be is refused with both values, and the old life time stays.
"""

from dataclasses import dataclass, replace

from troubleshooter_agent.contract import format_duration, format_time, parse_duration, parse_time
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.podspec import longest_life
from troubleshooter_operator.reports import Report
from troubleshooter_operator.resolve import check_time_to_live
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Resolved, Run
from troubleshooter_operator.toolbox import Toolbox


@dataclass(frozen=True)
class Life:
    """The run as it goes on, and what of the wishes about it cannot be.

    `refused`: why the spec's life time is not in force. `extension`: the one that a shell may not have, and
    why, as the agent reads it; empty if nothing is refused.
    """

    run: Run
    refused: RefusedError | None = None
    extension: str = ""


def life(asked: Troubleshooter, run: Run, box: Toolbox, report: Report | None) -> Life:
    """The run with the life time that is in force from now on."""
    if run.resolved is None or run.started_at is None:
        return Life(run)
    if asked.time_to_live and asked.time_to_live != _in_the_spec(run.resolved):
        return _by_spec(run, run.resolved, asked.time_to_live, box)
    wanted = report.wanted_time_to_live if report else ""
    if wanted and parse_duration(wanted) > parse_duration(run.resolved.time_to_live):
        return _by_shell(asked, run, run.resolved, wanted, box)
    return Life(run)


def _in_the_spec(resolved: Resolved) -> str:
    """What the spec said when the life time in force was settled."""
    return resolved.time_to_live if resolved.extended_from is None else resolved.extended_from


def _by_spec(run: Run, resolved: Resolved, wanted: str, box: Toolbox) -> Life:
    try:
        _check(wanted, resolved, box)
    except RefusedError as refused:
        stays = f"{refused}; until then the toolbox goes on with {resolved.time_to_live}"
        return Life(run, refused=RefusedError(refused.reason, stays))
    return Life(_with_life(run, replace(resolved, time_to_live=wanted, extended_from=None)))


def _by_shell(asked: Troubleshooter, run: Run, resolved: Resolved, wanted: str, box: Toolbox) -> Life:
    try:
        _check(wanted, resolved, box)
    except RefusedError as refused:
        return Life(run, extension=f"{wanted}: {refused}")
    extended_from = asked.time_to_live or ""
    return Life(_with_life(run, replace(resolved, time_to_live=wanted, extended_from=extended_from)))


def _with_life(run: Run, resolved: Resolved) -> Run:
    assert run.started_at is not None
    expires = parse_time(run.started_at) + parse_duration(resolved.time_to_live)
    return replace(run, resolved=resolved, expires_at=format_time(expires))


def _check(wanted: str, resolved: Resolved, box: Toolbox) -> None:
    check_time_to_live(wanted, resolved)
    longest = longest_life(box.cap_seconds)
    if parse_duration(wanted) > longest:
        raise RefusedError(
            Ready.NOT_ALLOWED,
            f"timeToLive {wanted} is above the {format_duration(longest)} that this pod was made for; ask "
            "for less, or for the next run",
        )
