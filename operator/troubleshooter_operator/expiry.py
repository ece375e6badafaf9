"""The operator's part of the time policy, in one function; pure.

The agent ends the toolbox at the instant itself, and the kubelet at the cap. The operator is the clock
between the two, and it alone knows the start deadline.
"""

from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import START_DEADLINE_SECONDS, EndReason

AFTER_AGENT_SECONDS: Final = 5


@dataclass(frozen=True)
class Verdict:
    """`end`: why the run must end now. `look_again`: the instant of the next decision, if there is one."""

    end: EndReason | None = None
    look_again: float | None = None


def judge(
    *, now: float, accepted_at: float | None, seen_running_at: float | None, life_seconds: float
) -> Verdict:
    """Instants are seconds since the epoch, by the API server's clock.

    `accepted_at` is pod.status.startTime, None before the kubelet has the pod: what keeps a pod from being
    scheduled has no deadline. `seen_running_at` is when the operator first saw the container run.
    """
    if seen_running_at is not None:
        return _verdict(
            now, seen_running_at + life_seconds + AFTER_AGENT_SECONDS, EndReason.TIME_TO_LIVE_REACHED
        )
    if accepted_at is not None:
        return _verdict(now, accepted_at + START_DEADLINE_SECONDS, EndReason.START_FAILED)
    return Verdict()


def _verdict(now: float, deadline: float, reason: EndReason) -> Verdict:
    return Verdict(end=reason) if now >= deadline else Verdict(look_again=deadline)
