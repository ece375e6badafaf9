"""A Replay that the plugin makes: what it is, and what is said while it is waited for."""

from typing import Any

import pytest

from troubleshooter_cli import replays
from troubleshooter_cli.errors import NotReadyError
from troubleshooter_cli.shelves import Shelf

Json = dict[str, Any]
SHELF = Shelf("shop", "web-recordings", (("shop", "web"),))


def replay(reason: str = "", message: str = "", *, ready: bool = False, ended: str = "False") -> Json:
    conditions = [
        {"type": "Ready", "status": str(ready), "reason": reason, "message": message},
        {"type": "Ended", "status": ended, "reason": "IdleTimeout", "message": "nobody read for 5m"},
    ]
    metadata = {"name": "replay-web-1", "namespace": "shop", "uid": "u"}
    return {"metadata": metadata, "status": {"conditions": conditions if reason else []}}


def test_it_reads_one_claim_and_ends_soon_after_the_last_reading() -> None:
    made = replays.manifest(SHELF)
    assert made["kind"] == "Replay"
    assert made["apiVersion"] == "troubleshooter.sh/v1alpha1"
    assert made["spec"] == {"claimName": "web-recordings", "idleTimeout": "5m"}
    assert made["metadata"]["name"].startswith("replay-web-")


@pytest.mark.parametrize("name", ["a" * 63, "a.b.c", "x" * 47 + "-y"])
def test_its_name_is_a_dns_label_whatever_the_claim_is_called(name: str) -> None:
    made = replays.manifest(Shelf("shop", name))["metadata"]["name"]
    assert len(made) <= 63
    assert "." not in made
    assert "--" not in made


@pytest.mark.parametrize(
    ("found", "waited", "hopeless"),
    [
        (replay("Provisioning", "the pod is being made"), 1, False),
        (replay("Unschedulable", "no node"), 100, False),
        (replay("VolumePending", "not bound"), 100, False),
        (replay("RecordingsNotFound", "no claim"), 0, True),
        (replay("NotAllowed", "too long"), 0, True),
        (replay("ClassNotFound", "no default"), 0, True),
        (replay("Ended", "over", ended="True"), 0, True),
        (replay(), 1, False),
        (replay(), 60, True),  # no operator is there
    ],
)
def test_waiting_ends_where_it_is_of_no_use(found: Json, waited: float, hopeless: bool) -> None:  # noqa: FBT001 - a column
    outlook = replays.outlook(found, waited)
    assert outlook.is_hopeless is hopeless
    assert outlook.remedy


class Answers:
    """An API server that tells of a Replay, each time the next."""

    def __init__(self, *told: Json) -> None:
        self._told = iter(told)

    def get(self, _kind: object, namespace: str, name: str) -> Json:
        assert (namespace, name) == ("shop", "replay-web-1")
        return next(self._told)


def test_each_reason_is_told_while_it_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    ready = replay("ReplayAvailable", "here it is", ready=True)
    api: Any = Answers(replay("Provisioning", "made\x1b[2J"), replay("ImagePullFailed", "no image"), ready)
    assert replays.wait(api, replay(), SHELF, pause=lambda _: None) is ready
    assert capsys.readouterr().err.splitlines() == [
        "making a pod that reads the recordings on shop/web-recordings",
        r"making a pod that reads the recordings on shop/web-recordings: made\x1b[2J (Provisioning)",
        "making a pod that reads the recordings on shop/web-recordings: no image (ImagePullFailed)",
    ]


def test_a_replay_that_cannot_come_is_one_sentence_and_a_remedy() -> None:
    api: Any = Answers(replay("RecordingsNotFound", "there is no claim web-recordings"))
    with pytest.raises(NotReadyError) as found:
        replays.wait(api, replay(), SHELF, pause=lambda _: None)
    assert found.value.sentence == (
        "the recordings on shop/web-recordings cannot be read: there is no claim web-recordings "
        "(RecordingsNotFound)"
    )
    assert "kubectl troubleshoot volumes" in found.value.remedy


def test_patience_ends() -> None:
    api: Any = Answers(*[replay("Unschedulable", "no node")] * 3)
    times = iter([0.0, 1.0, 60.0, 181.0])
    hangs = replay("Unschedulable", "no node")
    with pytest.raises(NotReadyError, match="no node"):
        replays.wait(api, hangs, SHELF, clock=lambda: next(times), pause=lambda _: None)
