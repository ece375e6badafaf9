"""Who may do what: the operator's rights as a literal, what its dangerous one comes down to, people's."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from kubectl import Kubectl
from stage import Stage

SERVICE_ACCOUNT = "system:serviceaccount:troubleshooter-system:troubleshooter-operator"
AS_OPERATOR = f"--as={SERVICE_ACCOUNT}"
OPERATORS_RIGHTS = {
    "events": "[create patch]",
    "persistentvolumeclaims": "[get list watch create patch]",
    "persistentvolumes": "[get list watch patch]",
    "pods": "[get list watch create patch delete]",
    "replays.troubleshooter.sh": "[get list watch delete]",
    "replays.troubleshooter.sh/finalizers": "[update]",
    "replays.troubleshooter.sh/status": "[update]",
    "troubleshooterclasses.troubleshooter.sh": "[get list watch]",
    "troubleshooters.troubleshooter.sh": "[get list watch delete]",
    "troubleshooters.troubleshooter.sh/finalizers": "[update]",
    "troubleshooters.troubleshooter.sh/status": "[update]",
    "validatingadmissionpolicies.admissionregistration.k8s.io": "[get]",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": "[get]",
}


def can_i(person: Kubectl, verb: str, what: str, *who: str) -> str:
    """yes or no; `what` may be a subresource, as in rules."""
    resource, _, subresource = what.partition("/")
    part = (f"--subresource={subresource}",) if subresource else ()
    return person.attempt("auth", "can-i", verb, resource, *part, *who).stdout.strip()


def rights(admin: Kubectl, *who: str) -> dict[str, str]:
    """Resource rules of `kubectl auth can-i --list`, without those that every user has."""

    def listed(*words: str) -> dict[str, str]:
        rows = admin.run("auth", "can-i", "--list", "--no-headers", *words).stdout.splitlines()
        cells = [(row.split()[0], row[row.rindex("[") :].strip()) for row in rows if not row.startswith(" ")]
        return {resource: verbs for resource, verbs in cells if not resource.startswith("[")}

    everybody = listed("--as=nobody-in-particular", "--as-group=system:authenticated")
    return {name: verbs for name, verbs in listed(*who).items() if everybody.get(name) != verbs}


def test_the_operator_may_do_exactly_this(operator: None, admin: Kubectl) -> None:
    assert rights(admin, AS_OPERATOR) == OPERATORS_RIGHTS


@pytest.mark.parametrize(
    "act",
    [
        ("get", "secrets"),
        ("create", "pods/exec"),
        ("get", "pods/log"),
        ("delete", "persistentvolumeclaims"),
        ("delete", "persistentvolumes"),
        ("update", "troubleshooters.troubleshooter.sh"),
        ("create", "namespaces"),
        ("create", "serviceaccounts/token"),
    ],
    ids=" ".join,
)
def test_the_operator_may_not(operator: None, admin: Kubectl, act: tuple[str, str]) -> None:
    assert can_i(admin, *act, "--all-namespaces", AS_OPERATOR) == "no"


@pytest.mark.parametrize(
    ("verb", "resource", "answer"),
    [
        ("create", "troubleshooters.troubleshooter.sh", "yes"),
        ("patch", "troubleshooters.troubleshooter.sh", "yes"),
        ("deletecollection", "troubleshooters.troubleshooter.sh", "yes"),
        ("create", "replays.troubleshooter.sh", "yes"),
        ("get", "troubleshooterclasses.troubleshooter.sh", "yes"),
        ("create", "pods/exec", "yes"),
        ("update", "troubleshooters.troubleshooter.sh/status", "no"),
        ("create", "troubleshooterclasses.troubleshooter.sh", "no"),
        ("patch", "persistentvolumes", "no"),
    ],
)
def test_an_editor_of_a_namespace_may_work_with_toolboxes_and_not_with_classes(
    operator: None, stage: Stage, verb: str, resource: str, answer: str
) -> None:
    """By the role `edit` alone, which gets it by aggregation."""
    assert can_i(stage.editor, verb, resource) == answer


@pytest.mark.parametrize(
    ("verb", "answer"), [("get", "yes"), ("watch", "yes"), ("create", "no"), ("delete", "no")]
)
def test_a_viewer_of_a_namespace_only_sees(operator: None, stage: Stage, verb: str, answer: str) -> None:
    stage.admin.run("create", "rolebinding", f"view-{verb}", "--clusterrole=view", "--user=victor")
    assert can_i(stage.admin, verb, "troubleshooters.troubleshooter.sh", "--as=victor") == answer


@pytest.fixture(scope="module")
def volume(operator: None, admin: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A volume of somebody else's, that nothing is bound to."""
    name = f"guarded-{secrets.token_hex(3)}"
    folder = tmp_path_factory.mktemp("guarded")
    admin.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "labels": {"team": "a"}, "annotations": {"note": "mine"}},
            "spec": {
                "capacity": {"storage": "1Mi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": "none",
                "hostPath": {"path": str(folder)},
            },
        }
    )
    yield name
    admin.run("delete", "persistentvolume", name, "--wait=false")


def patch_volume(admin: Kubectl, name: str, patch: Any) -> str:
    """What the API server says when the operator tries it, without keeping it; nothing if it may."""
    words = ("patch", "persistentvolume", name, "--type=merge", "--dry-run=server", AS_OPERATOR)
    return admin.attempt(*words, "--patch", json.dumps(patch)).stderr


ONLY_MARKS = (
    "the troubleshooter operator may write only annotations and labels of troubleshooter.sh on a volume"
)
RETAIN = {"persistentVolumeReclaimPolicy": "Retain"}


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"spec": RETAIN}, id="retain"),
        pytest.param(
            {
                "spec": RETAIN,
                "metadata": {
                    "labels": {"troubleshooter.sh/recordings": "true"},
                    "annotations": {"troubleshooter.sh/name": "web"},
                },
            },
            id="retain and its own marks",
        ),
    ],
)
def test_the_operator_may_keep_a_volume_and_mark_it(admin: Kubectl, volume: str, patch: Any) -> None:
    assert patch_volume(admin, volume, patch) == ""


@pytest.mark.parametrize(
    ("patch", "sentence"),
    [
        pytest.param(
            {"spec": {"persistentVolumeReclaimPolicy": "Recycle"}},
            "the troubleshooter operator may only set the reclaim policy Retain",
            id="another policy",
        ),
        pytest.param(
            {"metadata": {"annotations": {"troubleshooter.sh/name": "web"}}},
            "the troubleshooter operator may only set the reclaim policy Retain",
            id="marks on a volume that is not kept",
        ),
        *(
            pytest.param(
                {"spec": RETAIN | change},
                "the troubleshooter operator may change nothing of a volume's spec but its reclaim policy",
                id=next(iter(change)),
            )
            for change in (
                {"mountOptions": ["suid"]},
                {"claimRef": {"namespace": "default", "name": "x"}},
                {"accessModes": ["ReadWriteMany"]},
                {"storageClassName": "other"},
                {"storageClassName": None},
            )
        ),
        *(
            pytest.param(
                {"spec": RETAIN, "metadata": {part: {name: value}}},
                ONLY_MARKS,
                id=f"{part} {name} {value}",
            )
            for part, name, value in (
                ("labels", "team", "b"),
                ("labels", "team", None),
                ("labels", "new", "x"),
                ("annotations", "note", "theirs"),
                ("annotations", "note", None),
                ("annotations", "pv.kubernetes.io/provisioned-by", "me"),
            )
        ),
        pytest.param(
            {"spec": RETAIN, "metadata": {"finalizers": []}},
            "the troubleshooter operator may not change a volume's finalizers or owners",
            id="finalizers",
        ),
    ],
)
def test_the_operator_may_change_nothing_else_of_a_volume(
    admin: Kubectl, volume: str, patch: Any, sentence: str
) -> None:
    said = patch_volume(admin, volume, patch)
    assert "ValidatingAdmissionPolicy 'troubleshooter-operator-volumes'" in said
    assert sentence in said
