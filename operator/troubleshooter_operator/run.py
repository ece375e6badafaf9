"""One run of a Troubleshooter as its status tells it: what must be remembered between two looks; pure.

`Run` goes into the status and comes back out of it unchanged, so an operator that was killed goes on where it
was.
"""

from dataclasses import dataclass, field
from typing import Self

from troubleshooter_agent.contract import EndReason, SessionReport
from troubleshooter_operator.conditions import Condition, find
from troubleshooter_operator.kinds import Json


@dataclass(frozen=True)
class Resolved:
    """What is in force: the spec over the class. Durations and sizes as they were written."""

    class_name: str
    image: str
    time_to_live: str
    idle_timeout: str
    claim_name: str | None  # None: nothing is saved to disk
    storage_class: str | None
    size: str  # empty where no claim is made
    run_as_user: int | None
    max_time_to_live: str
    extended_from: str | None = None  # the spec's timeToLive ("" if none) over which more was granted
    log_to_stdout: bool = False
    run_as_non_root: bool = True
    require_retain: bool = True
    temporary_namespace: bool = False
    service_account: str | None = None
    ssh_secret: str | None = None
    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: tuple[Json, ...] = ()
    pod_labels: dict[str, str] = field(default_factory=dict)

    @property
    def save_to_disk(self) -> bool:
        return self.claim_name is not None

    @property
    def recorded(self) -> bool:
        """Whether sessions are recorded anywhere."""
        return self.save_to_disk or self.log_to_stdout

    def to_status(self) -> Json:
        fields = {
            "className": self.class_name,
            "image": self.image,
            "timeToLive": self.time_to_live,
            "idleTimeout": self.idle_timeout,
            "claimName": self.claim_name,
            "storageClassName": self.storage_class,
            "size": self.size,
            "runAsUser": self.run_as_user,
            "maxTimeToLive": self.max_time_to_live,
            "extendedFrom": self.extended_from,
            "saveToDisk": self.save_to_disk,
            "logToStdout": self.log_to_stdout,
            "runAsNonRoot": self.run_as_non_root,
            "requireRetain": self.require_retain,
            "temporaryNamespace": self.temporary_namespace,
            "serviceAccountName": self.service_account,
            "sshSecretName": self.ssh_secret,
            "nodeSelector": self.node_selector or None,
            "tolerations": list(self.tolerations) or None,
            "podLabels": self.pod_labels or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_status(cls, found: Json) -> Self:
        return cls(
            class_name=found["className"],
            image=found["image"],
            time_to_live=found["timeToLive"],
            idle_timeout=found["idleTimeout"],
            claim_name=found.get("claimName"),
            storage_class=found.get("storageClassName"),
            size=found.get("size", ""),
            run_as_user=found.get("runAsUser"),
            max_time_to_live=found.get("maxTimeToLive") or found["timeToLive"],
            extended_from=found.get("extendedFrom"),
            log_to_stdout=found.get("logToStdout", False),
            run_as_non_root=found.get("runAsNonRoot", True),
            require_retain=found.get("requireRetain", True),
            temporary_namespace=found.get("temporaryNamespace", False),
            service_account=found.get("serviceAccountName"),
            ssh_secret=found.get("sshSecretName"),
            node_selector=found.get("nodeSelector") or {},
            tolerations=tuple(found.get("tolerations") or ()),
            pod_labels=found.get("podLabels") or {},
        )


@dataclass(frozen=True)
class Run:
    """Instants as the API writes them. `pod_uid` None: no pod of this run is known yet."""

    number: int
    resolved: Resolved | None = None
    pod_uid: str | None = None
    image_id: str | None = None
    started_at: str | None = None
    observed_running_at: str | None = None
    expires_at: str | None = None
    ending: EndReason | None = None
    ended_at: str | None = None
    last_activity_at: str | None = None
    claim_name: str | None = None
    volume_name: str | None = None
    reclaim_policy: str | None = None
    chain: str | None = None
    session_count: int = 0
    sessions: tuple[SessionReport, ...] = field(default=())
    ended: Condition | None = None  # set once the run is over, with the reason
    recorded: Condition | None = None  # set with `ended`
    retained: Condition | None = None

    def to_status(self) -> Json:
        """The fields of the status that speak of the run; those without a value are left out."""
        fields: Json = {
            "run": self.number,
            "resolved": self.resolved and self.resolved.to_status(),
            "podUID": self.pod_uid,
            "imageID": self.image_id,
            "startedAt": self.started_at,
            "observedRunningAt": self.observed_running_at,
            "expiresAt": self.expires_at,
            "ending": self.ending and str(self.ending),
            "endedAt": self.ended_at,
            "lastActivityAt": self.last_activity_at,
            "recordings": self._recordings() or None,
            "sessionCount": self.session_count,
            "sessions": [_without_none(session) for session in self.sessions],
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _recordings(self) -> Json:
        fields = {
            "claimName": self.claim_name,
            "persistentVolumeName": self.volume_name,
            "reclaimPolicy": self.reclaim_policy,
            "chain": self.chain,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_status(cls, status: Json) -> Self | None:
        """None where no run has begun."""
        if "run" not in status:
            return None
        conditions, recordings = status.get("conditions") or [], status.get("recordings") or {}
        ended = find(conditions, "Ended")
        over = ended is not None and ended.status
        return cls(
            number=status["run"],
            resolved=Resolved.from_status(status["resolved"]) if "resolved" in status else None,
            pod_uid=status.get("podUID"),
            image_id=status.get("imageID"),
            started_at=status.get("startedAt"),
            observed_running_at=status.get("observedRunningAt"),
            expires_at=status.get("expiresAt"),
            ending=EndReason(status["ending"]) if "ending" in status else None,
            ended_at=status.get("endedAt"),
            last_activity_at=status.get("lastActivityAt"),
            claim_name=recordings.get("claimName"),
            volume_name=recordings.get("persistentVolumeName"),
            reclaim_policy=recordings.get("reclaimPolicy"),
            chain=recordings.get("chain"),
            session_count=status.get("sessionCount", 0),
            sessions=tuple(_session(session) for session in status.get("sessions") or ()),
            ended=ended if over else None,
            recorded=find(conditions, "Recorded") if over else None,
            retained=find(conditions, "RecordingsRetained"),
        )


def _without_none(session: SessionReport) -> Json:
    return {name: value for name, value in session.items() if value is not None}


def _session(found: Json) -> SessionReport:
    return SessionReport(
        id=found["id"],
        user=found["user"],
        startedAt=found["startedAt"],
        endedAt=found.get("endedAt"),
        exitCode=found.get("exitCode"),
        bytes=found["bytes"],
        sha256=found.get("sha256"),
        file=found["file"],
    )
