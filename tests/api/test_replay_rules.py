"""The kind Replay in a real API server: each rule of its CRD with its sentence, its columns."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl
from stage import replay

ONE_NAME = (
    "a Replay names the recordings by exactly one of troubleshooterName, claimName and persistentVolumeName"
)
NAMES = ("troubleshooterName", "claimName", "persistentVolumeName")
ENDS = "with a letter or digit at both ends"


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as plane:
        yield prepared(plane)


def prepared(plane: ControlPlane) -> Kubectl:
    crds.install(plane.admin)
    return plane.admin.in_namespace("default")


def refusal(admin: Kubectl, verb: str, manifest: Mapping[str, Any]) -> str:
    """All that the API server says against it."""
    result = admin.attempt(verb, "--dry-run=server", "--filename=-", stdin=json.dumps(manifest))
    assert result.returncode != 0, result.stdout
    return result.stderr.removesuffix("\n")


@pytest.mark.parametrize("field", NAMES)
def test_any_of_the_three_names_is_enough_and_the_class_has_its_say(admin: Kubectl, field: str) -> None:
    words = ("create", "--dry-run=server", "--filename=-", "--output=json")
    made = json.loads(admin.run(*words, stdin=json.dumps(replay("look", {field: "web"}))).stdout)
    assert made["spec"] == {field: "web"}


def test_the_sample_is_sound(admin: Kubectl) -> None:
    admin.run("create", "--dry-run=server", f"--filename={CHECKOUT / 'crd' / 'samples' / 'replay.yaml'}")


@pytest.mark.parametrize("names", [(), ("troubleshooterName", "claimName"), NAMES], ids="+".join)
def test_none_of_the_names_or_several_are_refused(admin: Kubectl, names: tuple[str, ...]) -> None:
    said = refusal(admin, "create", replay("look", dict.fromkeys(names, "web")))
    assert said == f'The Replay "look" is invalid: spec: Invalid value: {ONE_NAME}'


@pytest.mark.parametrize(
    ("field", "value", "form"),
    [
        ("troubleshooterName", "Web", f"the name of a Troubleshooter: 1 to 63 of a-z, 0-9 and -, {ENDS}"),
        (
            "claimName",
            "-web",
            f"the name of a PersistentVolumeClaim: at most 253 of a-z, 0-9, - and ., {ENDS}",
        ),
        (
            "persistentVolumeName",
            "a/b",
            f"the name of a PersistentVolume: at most 253 of a-z, 0-9, - and ., {ENDS}",
        ),
        (
            "troubleshooterClassName",
            "My Class",
            "the name of a TroubleshooterClass (kubectl get troubleshooterclasses lists them)",
        ),
        ("timeToLive", "3h", "between 1m and 2h, written like 90s, 45m or 1h30m"),
        ("idleTimeout", "30s", "between 1m and 2h, written like 90s, 45m or 1h30m"),
    ],
)
def test_what_is_not_sound_is_refused_with_value_and_form(
    admin: Kubectl, field: str, value: str, form: str
) -> None:
    spec = {field: value} if field in NAMES else {"claimName": "web", field: value}
    said = refusal(admin, "create", replay("look", spec))
    assert said == (
        f'The Replay "look" is invalid: spec.{field}: Invalid value: "{value}": {field} must be {form}; got '
        f"{value}"
    )


def test_its_name_has_to_be_one_of_a_pod(admin: Kubectl) -> None:
    assert refusal(admin, "create", replay("lo.ok", {"claimName": "web"})).endswith(
        "metadata.name must be a DNS label of at most 63 characters without dots, because the pod is named "
        "after it; got lo.ok"
    )


def test_what_to_read_has_to_be_said(admin: Kubectl) -> None:
    said = refusal(admin, "create", replay("look", {}) | {"spec": None})
    assert said == f'The Replay "look" is invalid: spec: Invalid value: {ONE_NAME}'


def test_a_replay_that_was_made_stays_as_it_is_and_tells_whose_recordings_it_reads(admin: Kubectl) -> None:
    admin.apply(replay("stays", {"claimName": "web"}))
    assert refusal(admin, "apply", replay("stays", {"claimName": "api"})) == (
        'The Replay "stays" is invalid: spec: Invalid value: a Replay cannot be changed; delete it and make '
        "another (the recordings stay)"
    )
    status = {
        "podName": "stays",
        "recordingsOf": "default/web",
        "expiresAt": "2126-11-25T19:00:00Z",
        "conditions": [
            condition("Ready", "True", "ReplayAvailable"),
            condition("Ended", "False", "Running"),
        ],
    }
    patch = json.dumps({"status": status})
    admin.run("patch", "replay", "stays", "--subresource=status", "--type=merge", f"--patch={patch}")
    heads, row = (line.split("   ") for line in admin.run("get", "treplay", "stays").stdout.splitlines())
    assert [head.strip() for head in heads if head.strip()] == [
        "NAME",
        "READY",
        "REASON",
        "POD",
        "RECORDINGS OF",
        "EXPIRES",
        "AGE",
    ]
    assert [cell.strip() for cell in row if cell.strip()][:-1] == [
        "stays",
        "True",
        "ReplayAvailable",
        "stays",
        "default/web",
        "2126-11-25T19:00:00Z",
    ]


def condition(kind: str, status: str, reason: str) -> dict[str, str]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "as a test has it",
        "lastTransitionTime": "2026-11-25T19:00:00Z",
    }
