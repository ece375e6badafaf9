"""Where a Replay finds the recordings, whose they are, and the sentence where there are none to be read."""

from dataclasses import replace
from typing import Any

import pytest
from resource_objects import claim, replay, run_status, troubleshooter, volume

from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.replay import replay as parse
from troubleshooter_operator.replay_source import Shelves, find_source
from troubleshooter_operator.resources import troubleshooter as parse_troubleshooter

OF_API = {"troubleshooter.sh/namespace": "default", "troubleshooter.sh/name": "api"}
OF_ELSEWHERE = {"troubleshooter.sh/namespace": "team-a", "troubleshooter.sh/name": "api"}


def found(spec: Any, shelves: Shelves) -> tuple[str, str]:
    """The claim, and whose recordings are on it."""
    source = find_source(parse(replay(spec)), shelves)
    return source.claim_name, source.recordings_of


def refusal(spec: Any, shelves: Shelves) -> tuple[str, str]:
    with pytest.raises(RefusedError) as refused:
        find_source(parse(replay(spec)), shelves)
    return refused.value.reason, str(refused.value)


def there(spec: Any = None, **status: Any) -> Any:
    return parse_troubleshooter(troubleshooter(spec, run_status(**status)))


def on_volume(mark: Any, **more: Any) -> Any:
    found = claim(annotations=mark, **more)
    return found | {"spec": found["spec"] | {"volumeName": "pv-1"}}


BY_NAME = {"troubleshooterName": "web"}


def test_a_troubleshooter_that_is_gone_has_its_claim_by_its_name() -> None:
    assert found(BY_NAME, Shelves((claim(),))) == ("web-recordings", "default/web")


def test_a_troubleshooter_that_is_there_knows_its_claim() -> None:
    """Of several on one claim, each may be asked for."""
    recordings = {"claimName": "shared"}
    shelves = Shelves((claim(annotations=OF_API, name="shared"),), there(recordings=recordings))
    assert found(BY_NAME, shelves) == ("shared", "default/web")


def test_a_claim_that_was_only_asked_for_is_not_believed() -> None:
    """Else whoever may name a claim in a spec could read it under a name of their own."""
    wish = parse_troubleshooter(troubleshooter({"saveToDisk": {"claimName": "api-recordings"}}))
    shelves = Shelves((claim(annotations=OF_API, name="api-recordings"),), wish)
    reason, message = refusal(BY_NAME, shelves)
    assert (reason, message.partition(";")[0]) == (
        "RecordingsNotFound",
        "There is no claim web-recordings of recordings in namespace default",
    )


def test_a_claim_of_that_name_with_recordings_of_another_is_not_read_under_it() -> None:
    assert refusal(BY_NAME, Shelves((claim(annotations=OF_API),))) == (
        "RecordingsNotFound",
        (
            "Claim web-recordings holds recordings of default/api, not of Troubleshooter web; name it in "
            "claimName to read those"
        ),
    )


def test_a_claim_tells_whose_its_recordings_are() -> None:
    assert found({"claimName": "web-recordings"}, Shelves((claim(annotations=OF_ELSEWHERE),))) == (
        "web-recordings",
        "team-a/api",
    )


def test_where_the_claim_says_nothing_its_volume_does() -> None:
    bare = on_volume(None)
    bare["metadata"]["annotations"] = {}
    shelves = Shelves((bare,), volumes=(volume(marked=True),))
    assert found({"claimName": "web-recordings"}, shelves) == ("web-recordings", "default/web")
    reason, message = refusal({"claimName": "web-recordings"}, replace(shelves, volumes=()))
    assert reason == "RecordingsNotFound"
    assert message.startswith("Claim web-recordings does not tell whose recordings it holds")


def test_a_volume_is_read_through_the_claim_that_is_bound_to_it() -> None:
    shelves = Shelves((claim(phase="Pending", name="other"), on_volume(OF_ELSEWHERE, name="again")))
    assert found({"persistentVolumeName": "pv-1"}, shelves) == ("again", "team-a/api")


@pytest.mark.parametrize(
    ("spec", "shelves", "message"),
    [
        pytest.param(
            BY_NAME,
            Shelves(),
            "There is no claim web-recordings of recordings in namespace default; if its volume was kept, "
            "have that bound again and name it in persistentVolumeName, or name another claim in claimName",
            id="no claim",
        ),
        pytest.param(
            BY_NAME,
            Shelves((claim(),), there(recordings={})),
            "Troubleshooter web saves nothing to disk, so there is nothing to be read",
            id="nothing saved",
        ),
        pytest.param(
            BY_NAME,
            Shelves((claim(),), there({"temporaryNamespace": True})),
            "Troubleshooter web has its recordings in namespace "
            "incident-response-11111111-0000-0000-0000-000000000001; read them in its toolbox while that is "
            "there, and afterwards have their volume bound in this namespace and name it in "
            "persistentVolumeName",
            id="temporary namespace",
        ),
        pytest.param(
            {"claimName": "data"},
            Shelves((claim(),)),
            "There is no claim data with the label troubleshooter.sh/recordings=true in namespace default; "
            "kubectl get pvc -l troubleshooter.sh/recordings=true lists those that hold recordings",
            id="claim",
        ),
        pytest.param(
            {"persistentVolumeName": "pv-9"},
            Shelves((on_volume(OF_API),)),
            "No claim of recordings in namespace default is bound to volume pv-9; an administrator can bind "
            "it again: deploy/scripts/bind-recordings.sh pv-9 default",
            id="volume",
        ),
    ],
)
def test_recordings_that_are_not_there(spec: Any, shelves: Shelves, message: str) -> None:
    assert refusal(spec, shelves) == ("RecordingsNotFound", message)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"phase": "Pending"},
            "Claim web-recordings is not bound to a volume yet, so nothing is recorded on it",
        ),
        (
            {"phase": "Lost"},
            "Claim web-recordings has lost its volume; if that was kept, have it bound again",
        ),
        (
            {"deletionTimestamp": "2026-11-22T18:50:00Z"},
            (
                "Claim web-recordings is being deleted; once it is gone, have its volume bound again and "
                "name it in persistentVolumeName"
            ),
        ),
    ],
    ids=["unbound", "lost", "going"],
)
def test_a_claim_that_a_pod_would_wait_for_is_not_mounted(state: Any, message: str) -> None:
    """Nor is a pod that only reads the first one on a new volume."""
    assert refusal(BY_NAME, Shelves((claim(**state),))) == ("VolumePending", message)
