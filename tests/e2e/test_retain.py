"""No shell without a volume that is kept, as a watch of the API server shows it."""

from typing import Any

import pytest
from kubectl import Watch, condition
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")


def test_the_volume_is_retained_before_anybody_can_open_a_shell(stage: Stage) -> None:
    """Retain on the PersistentVolume, then the word to the agent, then Ready."""
    with (
        stage.admin.watch("pv") as volumes,
        stage.admin.watch("pods") as pods,
        stage.admin.watch("troubleshooters") as asked,
    ):
        stage.start("kept")
        volume = stage.volume_of("kept-recordings")["metadata"]["name"]
        retained = [version for version, found in versions(volumes, volume) if is_retained(found)]
        told = [version for version, found in versions(pods, "kept") if is_told(found)]
        ready = [version for version, found in versions(asked, "kept") if is_ready(found)]
        assert min(retained) < min(told) < min(ready)
        assert not [
            version
            for version, found in versions(volumes, volume)
            if version > min(retained) and not is_retained(found)
        ]


def test_the_default_of_the_storage_class_would_have_deleted_it(stage: Stage) -> None:
    """The volume was made with Delete; that it is kept is the operator's work."""
    assert stage.admin.json("get", "storageclass", "local-path")["reclaimPolicy"] == "Delete"
    stage.start("watched")
    asked = stage.editor.json("get", "troubleshooter", "watched")
    retained = condition(asked, "RecordingsRetained")
    assert (retained["status"], retained["reason"]) == ("True", "Retained")
    volume = stage.volume_of("watched-recordings")
    assert asked["status"]["recordings"] == {
        "claimName": "watched-recordings",
        "persistentVolumeName": volume["metadata"]["name"],
        "reclaimPolicy": "Retain",
    }


def versions(watch: Watch, name: str) -> list[tuple[int, Any]]:
    """The states of one object; versions of all kinds are in one order, that of etcd."""
    found = [seen for _, seen in watch.events() if seen["metadata"]["name"] == name]
    return [(int(seen["metadata"]["resourceVersion"]), seen) for seen in found]


def is_retained(volume: Any) -> bool:
    return bool(volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain")


def is_told(pod: Any) -> bool:
    return bool(pod["metadata"]["annotations"].get("troubleshooter.sh/recordings-retained") == "yes")


def is_ready(asked: Any) -> bool:
    return bool(condition(asked, "Ready").get("status") == "True")
