"""How a kept volume is bound again, and which are left alone."""

from typing import Any

import pytest

from troubleshooter_cli.binding import administrators_line, plan_binding
from troubleshooter_cli.errors import NotReadyError, TroubleshootError, UsageError

Json = dict[str, Any]


def volume(phase: str = "Released", policy: str = "Retain", label: str = "true") -> Json:
    return {
        "metadata": {
            "name": "pvc-1",
            "labels": {"troubleshooter.sh/recordings": label},
            "annotations": {
                "troubleshooter.sh/name": "web",
                "troubleshooter.sh/namespace": "shop",
                "troubleshooter.sh/chain": "a" * 64,
                "troubleshooter.sh/retained-by": "operator",
                "pv.kubernetes.io/provisioned-by": "someone",
            },
        },
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "standard",
            "persistentVolumeReclaimPolicy": policy,
            "claimRef": {"namespace": "shop", "name": "web-recordings", "uid": "u-1", "resourceVersion": "7"},
        },
        "status": {"phase": phase},
    }


def test_the_volume_is_promised_to_a_claim_that_says_whose_it_is() -> None:
    binding = plan_binding(volume(), "audit")
    assert binding.patch == [
        {"op": "test", "path": "/spec/claimRef/uid", "value": "u-1"},
        {
            "op": "replace",
            "path": "/spec/claimRef",
            "value": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "namespace": "audit", "name": "web-recordings",
            },
        },
    ]  # fmt: skip
    assert binding.claim == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "web-recordings",
            "namespace": "audit",
            "labels": {"troubleshooter.sh/recordings": "true"},
            "annotations": {
                "troubleshooter.sh/bound-again": "true",
                "troubleshooter.sh/name": "web",
                "troubleshooter.sh/namespace": "shop",
                "troubleshooter.sh/chain": "a" * 64,
            },
        },
        "spec": {
            "volumeName": "pvc-1",
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def test_another_name_can_be_given() -> None:
    assert plan_binding(volume(), "audit", "evidence").name == "evidence"


def test_a_binding_that_was_cut_short_goes_on_with_its_second_step() -> None:
    assert plan_binding(volume(phase="Available"), "shop").patch == []


@pytest.mark.parametrize(
    ("found", "error", "sentence"),
    [
        (volume(label="false"), UsageError, "is not labelled troubleshooter.sh/recordings=true"),
        (
            volume(policy="Delete"),
            NotReadyError,
            "has reclaim policy Delete and would go with its next claim",
        ),
        (
            volume(phase="Bound"),
            NotReadyError,
            "is Bound, by claim shop/web-recordings; only one whose claim is gone",
        ),
        (volume(phase="Available"), NotReadyError, "is Available, by claim shop/web-recordings"),
    ],
)
def test_a_volume_that_is_not_to_be_bound_again_is_left_alone(
    found: Json, error: type[TroubleshootError], sentence: str
) -> None:
    with pytest.raises(error, match="volume pvc-1") as raised:
        plan_binding(found, "audit")
    assert sentence in raised.value.sentence
    assert raised.value.remedy


def test_the_line_for_an_administrator_can_be_copied() -> None:
    assert administrators_line("pvc-1", "shop") == (
        "ask an administrator to run: kubectl troubleshoot volumes --bind pvc-1 --namespace shop"
    )
