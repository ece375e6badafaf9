"""What a class must allow before it may be asked for, each with the sentence that people read."""

from typing import Any

import pytest
from resource_objects import offer, troubleshooter

from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.resolve import resolve
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.resources import troubleshooter_class
from troubleshooter_operator.run import Resolved

ASKED = [
    pytest.param(
        {"saveToDisk": {"enabled": False}},
        {"allow": {"unrecorded": True}},
        "saveToDisk.enabled: false without logToStdout, which records nothing (allow.unrecorded)",
        id="unrecorded",
    ),
    pytest.param(
        {"saveToDisk": {"enabled": False}, "logToStdout": True},
        {"allow": {"logToStdout": True}},
        "logToStdout (allow.logToStdout)",
        id="log alone",
    ),
    pytest.param(
        {"runAsNonRoot": False, "runAsUser": 0},
        {"security": {"allowRoot": True}},
        "runAsNonRoot: false (security.allowRoot)",
        id="root",
    ),
    pytest.param(
        {"temporaryNamespace": True},
        {"allow": {"temporaryNamespace": True}},
        "temporaryNamespace (allow.temporaryNamespace)",
        id="temporary namespace",
    ),
    pytest.param({"ssh": {"secretName": "keys"}}, {"allow": {"ssh": True}}, "ssh (allow.ssh)", id="ssh"),
    pytest.param(
        {"serviceAccountName": "robot"},
        {"allow": {"serviceAccount": True}},
        "serviceAccountName (allow.serviceAccount)",
        id="service account",
    ),
    *(
        pytest.param(
            spec,
            {"allow": {"nodeSelection": True}},
            "nodeSelector and tolerations (allow.nodeSelection)",
            id=f"node by {next(iter(spec))}",
        )
        for spec in ({"nodeSelector": {"disk": "ssd"}}, {"tolerations": [{"operator": "Exists"}]})
    ),
    pytest.param(
        {"podLabels": {"team": "shop", "zone": "a"}},
        {"allow": {"podLabels": ["team", "zone"]}},
        "the podLabels team, zone (allow.podLabels)",
        id="labels",
    ),
]


def resolved(spec: Any, class_spec: Any = None) -> Resolved:
    return resolve(parse(troubleshooter(spec)), troubleshooter_class(offer(class_spec)))


@pytest.mark.parametrize(("spec", "class_spec", "what"), ASKED)
def test_what_the_class_does_not_allow_is_refused_and_what_it_allows_is_not(
    spec: Any, class_spec: Any, what: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        resolved(spec)
    assert refused.value.reason == "NotAllowed"
    assert str(refused.value) == (
        f"class default does not allow {what}; leave that out, or name a class that allows it"
    )
    resolved(spec, class_spec)


def test_all_that_is_not_allowed_is_said_at_once() -> None:
    with pytest.raises(RefusedError, match=r"allow ssh \(allow\.ssh\), nor serviceAccountName \("):
        resolved({"ssh": {"secretName": "keys"}, "serviceAccountName": "robot"})


@pytest.mark.parametrize(
    "key",
    ["troubleshooter.sh/name", "app.kubernetes.io/name", "app.kubernetes.io/managed-by"],
)
def test_no_class_can_give_away_the_labels_of_the_operator(key: str) -> None:
    """By them policies and caches tell toolboxes from other pods."""
    with pytest.raises(RefusedError, match="podLabels"):
        resolved({"podLabels": {key: "other"}}, {"allow": {"podLabels": [key]}})


@pytest.mark.parametrize(
    ("spec", "security", "user"),
    [
        ({}, {"runAsUser": 0, "allowRoot": True}, None),
        ({"runAsNonRoot": False}, {"runAsUser": 0, "allowRoot": True}, 0),
        ({"runAsUser": 7}, {"runAsUser": 5}, 7),
        ({}, {"runAsUser": 5}, 5),
    ],
)
def test_root_is_only_who_asks_for_it(spec: Any, security: Any, user: int | None) -> None:
    assert resolved(spec, {"security": security}).run_as_user == user
