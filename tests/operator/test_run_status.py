"""A run goes into the status and comes back unchanged: an operator that was killed goes on where it was."""

from resource_objects import condition, run_status

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.run import Run

EVERYTHING = run_status(
    ending="Stopped",
    endedAt="2026-11-22T18:59:00Z",
    lastActivityAt="2026-11-22T18:58:00Z",
    sessionCount=1,
    sessions=[
        {
            "id": "6rxjr1m8",
            "user": "alice",
            "startedAt": "2026-11-22T18:41:00Z",
            "endedAt": "2026-11-22T18:43:00Z",
            "exitCode": 3,
            "bytes": 457,
            "sha256": "cd" * 32,
            "file": "default/web/a.cast",
        }
    ],
    resolved={
        "className": "default",
        "image": "registry.example/toolbox:1",
        "timeToLive": "1h15m",
        "maxTimeToLive": "2h",
        "extendedFrom": "1h",
        "idleTimeout": "15m",
        "saveToDisk": True,
        "claimName": "web-recordings",
        "storageClassName": "fast",
        "size": "1Gi",
        "logToStdout": True,
        "runAsNonRoot": False,
        "runAsUser": 0,
        "requireRetain": False,
        "temporaryNamespace": True,
        "serviceAccountName": "robot",
        "sshSecretName": "keys",
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"operator": "Exists"}],
        "podLabels": {"team": "shop"},
    },
)


def test_all_of_a_run_survives_the_status() -> None:
    del EVERYTHING["conditions"]
    found = Run.from_status(EVERYTHING)
    assert found is not None
    assert found.to_status() == EVERYTHING
    assert found.ending is EndReason.STOPPED


def test_the_conditions_that_are_remembered_come_back() -> None:
    conditions = [
        condition("RecordingsRetained", "False", "NotRequested"),
        condition("Recorded", "False", "NotRequested"),
        condition("Ended", "True", "IdleTimeout"),
    ]
    found = Run.from_status(run_status(conditions=conditions))
    assert found is not None
    assert found.ended is not None
    assert found.recorded is not None
    assert found.retained is not None
    assert (found.ended.reason, found.recorded.reason, found.retained.reason) == (
        "IdleTimeout",
        "NotRequested",
        "NotRequested",
    )


def test_a_status_of_before_the_fields_means_what_it_meant() -> None:
    """An upgrade with open toolboxes: what was resolved then had a volume, and no class allowed more."""
    resolved = {
        "className": "default",
        "image": "registry.example/toolbox:1",
        "timeToLive": "1h",
        "idleTimeout": "15m",
        "claimName": "web-recordings",
        "size": "1Gi",
    }
    found = Run.from_status(run_status(resolved=resolved))
    assert found is not None
    assert found.resolved is not None
    assert (found.resolved.save_to_disk, found.resolved.recorded, found.resolved.require_retain) == (
        True,
        True,
        True,
    )
    assert found.resolved.max_time_to_live == "1h"
