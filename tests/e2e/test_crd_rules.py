"""What the API server itself refuses and fills in: each rule of the CRDs, with the sentence that people read.

An editor asks for Troubleshooters, the administrator for classes; almost all in a dry run on the server.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT
from kubectl import Kubectl
from stage import Stage, troubleshooter

LABEL_FORM = (
    "each must be a label as Kubernetes writes it: key like example.com/team or team, value of at most 63 "
    "letters, digits, -, _ and ., with a letter or digit at both ends"
)
SAMPLES = Path(CHECKOUT / "crd" / "samples")
IMAGES = {"default": "registry.example/toolbox:1"}


def dry(person: Kubectl, verb: str, manifest: Any) -> Any:
    """The object as it would be stored."""
    words = (verb, "--dry-run=server", "--filename=-", "--output=json")
    return json.loads(person.run(*words, stdin=json.dumps(manifest)).stdout)


def refusal(person: Kubectl, manifest: Any) -> str:
    """All that the API server says against it."""
    result = person.attempt("create", "--dry-run=server", "--filename=-", stdin=json.dumps(manifest))
    assert result.returncode != 0, result.stdout
    return result.stderr.removesuffix("\n")


def offer(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "troubleshooter.sh/v1alpha1",
        "kind": "TroubleshooterClass",
        "metadata": {"name": "tried"},
        "spec": {"images": IMAGES} | spec,
    }


@pytest.mark.parametrize("spec", [{}, None], ids=["empty", "null"])
def test_an_empty_spec_is_complete_and_leaves_the_class_its_say(
    operator: None, stage: Stage, spec: Any
) -> None:
    """No default stands where a class governs."""
    made = dry(stage.editor, "create", troubleshooter("tried", {}) | {"spec": spec})
    assert made["spec"] == {
        "state": "Running",
        "run": 1,
        "saveToDisk": {"enabled": True},
        "logToStdout": False,
        "runAsNonRoot": True,
        "temporaryNamespace": False,
    }


@pytest.mark.parametrize(
    ("spec", "field", "sentence"),
    [
        pytest.param(
            {"name": "Web"},
            'spec.name: Invalid value: "Web"',
            "name must be a DNS label: 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends; "
            "got Web",
            id="name is no DNS label",
        ),
        pytest.param(
            {"name": "x" * 64},
            f'spec.name: Invalid value: "{"x" * 64}"',
            "name must be a DNS label: 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends; got "
            + "x" * 64,
            id="name is too long",
        ),
        pytest.param(
            {"troubleshooterClassName": "Gold!"},
            'spec.troubleshooterClassName: Invalid value: "Gold!"',
            "troubleshooterClassName must be the name of a TroubleshooterClass (kubectl get "
            "troubleshooterclasses lists them); got Gold!",
            id="class name",
        ),
        pytest.param(
            {"image": "a b"},
            'spec.image: Invalid value: "a b"',
            "image must be an image reference like registry.example/team/toolbox:1.0; got a b",
            id="image",
        ),
        *(
            pytest.param(
                {field: value},
                f'spec.{field}: Invalid value: "{value}"',
                f"{field} must be between 1m and 2h, written like 90s, 45m or 1h30m; got {value}".rstrip(),
                id=f"{field} {value or 'nothing'}",
            )
            for field in ("timeToLive", "idleTimeout")
            for value in (
                "3h",
                "2h1s",
                "59s",
                "0s",
                "abc",
                "1d",
                "1 hour",
                "1.5h",
                "P1H",
                "-5m",
                "",
                "99999999999999h",
            )
        ),
        pytest.param(
            {"state": "Paused"},
            'spec.state: Invalid value: "Paused"',
            "state must be Running or Stopped; got Paused",
            id="state",
        ),
        pytest.param({"run": 0}, "spec.run: Invalid value: 0", "run must be 1 or higher", id="run 0"),
        pytest.param(
            {"runAsUser": 0},
            "spec.runAsUser: Invalid value",
            "runAsUser 0 is root, which also needs runAsNonRoot: false and a class that allows it",
            id="root",
        ),
        pytest.param(
            {"runAsUser": -1},
            "spec.runAsUser: Invalid value: -1",
            "runAsUser must be a number from 0 to 2147483647",
            id="negative user",
        ),
        pytest.param(
            {"purpose": "x" * 257},
            f'spec.purpose: Invalid value: "{"x" * 257}"',
            "purpose must have at most 256 characters",
            id="purpose is too long",
        ),
        pytest.param(
            {"purpose": "a\nb"},
            'spec.purpose: Invalid value: "a\\nb"',
            "purpose must be one line without control characters",
            id="purpose of two lines",
        ),
        pytest.param(
            {"saveToDisk": {"claimName": "Mine"}},
            'spec.saveToDisk.claimName: Invalid value: "Mine"',
            "saveToDisk.claimName must be the name of a PersistentVolumeClaim: at most 253 of a-z, 0-9, - "
            "and ., with a letter or digit at both ends; got Mine",
            id="claim name",
        ),
        pytest.param(
            {"saveToDisk": {"storageClassName": "Fast!"}},
            'spec.saveToDisk.storageClassName: Invalid value: "Fast!"',
            "saveToDisk.storageClassName must be the name of a StorageClass (kubectl get storageclasses "
            "lists them); got Fast!",
            id="storage class",
        ),
        *(
            pytest.param(
                {"saveToDisk": {"size": value}},
                f"spec.saveToDisk.size: Invalid value: {json.dumps(value)}",
                f"saveToDisk.size must be a quantity of at least 1Mi, written like 500Mi or 1Gi; got {value}",
                id=f"size {value}",
            )
            for value in ("1gb", "-1Gi", "5", 5, "0")
        ),
        pytest.param(
            {"ssh": {}},
            "spec.ssh: Invalid value",
            "ssh needs a secretName, the secret in the toolbox's namespace that holds the keys",
            id="ssh without a secret",
        ),
        *(
            pytest.param(
                spec,
                f'spec.{field}: Invalid value: "Bad_Name"',
                f"{field} must be the name of a {kind}: at most 253 of a-z, 0-9, - and ., with a letter or "
                "digit at both ends; got Bad_Name",
                id=field,
            )
            for spec, field, kind in (
                ({"ssh": {"secretName": "Bad_Name"}}, "ssh.secretName", "Secret"),
                ({"serviceAccountName": "Bad_Name"}, "serviceAccountName", "ServiceAccount"),
            )
        ),
        *(
            pytest.param({field: value}, f"spec.{field}: Invalid value", LABEL_FORM, id=f"{field} {value}")
            for field in ("nodeSelector", "podLabels")
            for value in ({"-a": "b"}, {"a": "b c"}, {"a": "b-"}, {"a/b/c": "d"}, {"x" * 64: "d"})
        ),
        *(
            pytest.param({"tolerations": [value]}, "spec.tolerations[0]: Invalid value", sentence, id=name)
            for value, sentence, name in (
                (
                    {"key": "a", "operator": "Like"},
                    "operator of a toleration must be Exists or Equal; got Like",
                    "operator of a toleration",
                ),
                (
                    {"key": "a", "effect": "Leave"},
                    "effect of a toleration must be NoSchedule, PreferNoSchedule or NoExecute; got Leave",
                    "effect of a toleration",
                ),
                (
                    {"value": "x"},
                    "a toleration without a key must have operator: Exists, which tolerates every taint",
                    "toleration without key",
                ),
            )
        ),
        *(
            pytest.param(
                {"access": {part: [value]}},
                f"spec.access.{part}[0]: Invalid value: {json.dumps(value)}",
                "a name in access must not be empty and must be one line without control characters",
                id=f"access {part} {value!r}",
            )
            for part in ("users", "groups")
            for value in ("", "bob\neve")
        ),
    ],
)
def test_a_field_that_cannot_be_is_refused_in_one_sentence(
    operator: None, stage: Stage, spec: Any, field: str, sentence: str
) -> None:
    """The field, the value, the accepted form; and nothing besides."""
    said = refusal(stage.editor, troubleshooter("tried", spec))
    assert said == f'The Troubleshooter "tried" is invalid: {field}: {sentence}'


def test_a_name_with_a_dot_is_refused(operator: None, stage: Stage) -> None:
    said = refusal(stage.editor, troubleshooter("web.prod", {}))
    assert said.endswith(
        "metadata.name must be a DNS label of at most 63 characters without dots, because pod and folder are "
        "named after it; got web.prod"
    )


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"timeToLive": "1m"}, id="shortest life"),
        pytest.param({"timeToLive": "2h"}, id="longest life"),
        pytest.param({"timeToLive": "1h59m60s"}, id="three units"),
        pytest.param({"timeToLive": "10m"}, id="life below the default of the idle time-out"),
        pytest.param({"saveToDisk": None}, id="saveToDisk null"),
        pytest.param({"saveToDisk": {"size": "1Ti"}}, id="a size that only a class can refuse"),
        pytest.param({"purpose": "x" * 255 + "ß"}, id="256 characters"),
        pytest.param({"nodeSelector": None}, id="null is nothing"),
        pytest.param({"saveToDisk": {"enabled": False}}, id="nothing saved, which a class may allow"),
        pytest.param({"logToStdout": True}, id="the container's log"),
        pytest.param({"runAsNonRoot": False, "runAsUser": 0}, id="root, which a class may allow"),
        pytest.param({"temporaryNamespace": True}, id="a namespace of its own"),
        pytest.param({"ssh": {"secretName": "team.keys"}}, id="ssh"),
        pytest.param({"serviceAccountName": "robot"}, id="service account"),
        pytest.param({"nodeSelector": {"kubernetes.io/hostname": "n1", "disk": ""}}, id="node"),
        pytest.param({"tolerations": [{"operator": "Exists"}]}, id="every taint"),
        pytest.param({"podLabels": {"example.com/team": "Shop_1"}}, id="labels"),
        pytest.param({"access": {"users": ["bob@example.org"], "groups": ["oidc:sre team"]}}, id="access"),
    ],
)
def test_what_is_within_the_bounds_is_taken(operator: None, stage: Stage, spec: Any) -> None:
    dry(stage.editor, "create", troubleshooter("tried", spec))


def test_the_longest_name_leaves_a_claim_name_that_the_api_server_takes(operator: None, stage: Stage) -> None:
    name = "x" * 63
    dry(stage.editor, "create", troubleshooter(name, {}))
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{name}-recordings"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    dry(stage.editor, "create", claim)


@pytest.fixture(scope="module")
def change(operator: None, stage: Stage) -> Callable[[Any], str]:
    """Tries a change of a stopped Troubleshooter of run 3; what the API server says against it."""
    spec = {"state": "Stopped", "run": 3, "name": "pod", "troubleshooterClassName": "default"}
    stage.editor.apply(troubleshooter("changed", spec))

    def attempt(patch: Any) -> str:
        words = ("patch", "troubleshooter", "changed", "--type=merge", "--dry-run=server")
        return stage.editor.attempt(*words, "--patch", json.dumps({"spec": patch})).stderr.strip()

    return attempt


@pytest.mark.parametrize(
    ("patch", "field", "sentence"),
    [
        *(
            pytest.param(
                {"name": value},
                "spec.name",
                "name cannot be changed; delete the Troubleshooter and make it again under another name",
                id=f"name {value}",
            )
            for value in ("other", None)
        ),
        *(
            pytest.param(
                {"troubleshooterClassName": value},
                "spec.troubleshooterClassName",
                "troubleshooterClassName cannot be changed; delete the Troubleshooter and make it again with "
                "the other class (its recordings stay)",
                id=f"class {value}",
            )
            for value in ("other", None)
        ),
        pytest.param(
            {"run": 2},
            "spec.run",
            "run may only go up; a higher number starts the next run",
            id="run goes down",
        ),
    ],
)
def test_what_cannot_change_is_refused_in_one_sentence(
    change: Callable[[Any], str], patch: Any, field: str, sentence: str
) -> None:
    said = change(patch)
    start, invalid, rest = said.partition(f'The Troubleshooter "changed" is invalid: {field}: Invalid value')
    assert (start, bool(invalid)) == ("", True), said
    assert re.fullmatch(rf": (2: )?{re.escape(sentence)}", rest), said


@pytest.mark.parametrize(
    "patch",
    [{"run": 4}, {"run": 3}, {"state": "Running"}, {"timeToLive": "5m"}, {"image": "registry.example/x:1"}],
)
def test_what_may_change_is_taken(change: Callable[[Any], str], patch: Any) -> None:
    assert change(patch) == ""


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.yaml")))
def test_each_sample_is_taken(operator: None, stage: Stage, sample: str) -> None:
    stage.admin.run("create", "--dry-run=server", "--filename", str(SAMPLES / sample))


def test_a_class_says_all_that_it_offers(operator: None, admin: Kubectl) -> None:
    assert dry(admin, "create", offer())["spec"] == {
        "images": {"default": "registry.example/toolbox:1", "allowed": []},
        "timeToLive": {"default": "1h", "max": "2h"},
        "idleTimeout": {"default": "15m", "max": "2h"},
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
            "limits": {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "1Gi"},
        },
        "storage": {"size": "1Gi", "maxSize": "10Gi"},
        "security": {"allowRoot": False},
        "pod": {},
        "allow": {
            "temporaryNamespace": False,
            "unrecorded": False,
            "logToStdout": False,
            "nodeSelection": False,
            "podLabels": [],
            "ssh": False,
            "serviceAccount": False,
        },
        "recording": {"requireRetain": True},
        "keepEnded": "168h",
    }


def test_a_class_may_leave_user_and_groups_to_the_cluster(operator: None, admin: Kubectl) -> None:
    """null stays null: OpenShift chooses."""
    security = {"runAsUser": None, "runAsGroup": None, "fsGroup": None}
    made = dry(admin, "create", offer(security=security))
    assert made["spec"]["security"] == security | {"allowRoot": False}


@pytest.mark.parametrize(
    ("spec", "field", "sentence"),
    [
        pytest.param(
            {"images": {"default": "a b"}},
            'spec.images.default: Invalid value: "a b"',
            "images.default must be an image reference like registry.example/team/toolbox:1.0; got a b",
            id="default image",
        ),
        *(
            pytest.param(
                {"images": IMAGES | {"allowed": [value]}},
                f'spec.images.allowed[0]: Invalid value: "{value}"',
                "images.allowed takes exact references like registry.example/team/toolbox:1.0, or prefixes "
                f"ending in /* or :*; got {value}",
                id=f"allowed {value}",
            )
            for value in ("*", "registry.example/*/x", "registry.example*", "registry.example/team**")
        ),
        *(
            pytest.param(
                {field: {part: "3h"}},
                f'spec.{field}.{part}: Invalid value: "3h"',
                "it must be between 1m and 2h, written like 90s, 45m or 1h30m; got 3h",
                id=f"{field}.{part}",
            )
            for field, part in (("timeToLive", "max"), ("idleTimeout", "max"))
        ),
        *(
            pytest.param(
                {field: {"default": "30m", "max": "20m"}},
                f"spec.{field}: Invalid value",
                "default must not be above max; got default 30m and max 20m",
                id=f"{field} default above max",
            )
            for field in ("timeToLive", "idleTimeout")
        ),
        pytest.param(
            {"storage": {"size": "2Gi", "maxSize": "1Gi"}},
            "spec.storage: Invalid value",
            "size must not be above maxSize; got size 2Gi and maxSize 1Gi",
            id="size above maxSize",
        ),
        pytest.param(
            {"resources": {"limits": {"cpu": "many"}}},
            'spec.resources.limits[cpu]: Invalid value: "many"',
            "it must be a quantity above 0, written like 100m, 512Mi or 1Gi; got many",
            id="limits",
        ),
        pytest.param(
            {"security": {"runAsUser": 0}},
            "spec.security.runAsUser: Invalid value",
            "security.runAsUser 0 is root, which also needs security.allowRoot: true",
            id="root",
        ),
        *(
            pytest.param(
                {"keepEnded": value},
                f'spec.keepEnded: Invalid value: "{value}"',
                f"keepEnded must be between 1m and 999h, written like 90m, 24h or 168h; got {value}",
                id=f"keepEnded {value}",
            )
            for value in ("7d", "30s", "1000h")
        ),
        *(
            pytest.param(
                {"recording": {"maxSize": value}},
                f'spec.recording.maxSize: Invalid value: "{value}"',
                f"recording.maxSize must be at least 1Mi, written in bytes or like 512Mi or 2Gi; got {value}",
                id=f"maxSize {value}",
            )
            for value in ("5", "1G", "0Gi", "1.5Gi")
        ),
        pytest.param(
            {"recording": {"notice": "a\nb"}},
            'spec.recording.notice: Invalid value: "a\\nb"',
            "recording.notice must be one line without control characters",
            id="notice of two lines",
        ),
    ],
)
def test_a_class_that_cannot_be_is_refused_in_one_sentence(
    operator: None, admin: Kubectl, spec: Any, field: str, sentence: str
) -> None:
    said = refusal(admin, offer(**spec))
    assert said == f'The TroubleshooterClass "tried" is invalid: {field}: {sentence}'


@pytest.mark.parametrize("resource", ["troubleshooter", "troubleshooterclass"])
def test_kubectl_explain_has_a_word_for_every_field(operator: None, stage: Stage, resource: str) -> None:
    told = json.loads(stage.editor.run("get", "--raw", "/openapi/v3/apis/troubleshooter.sh/v1alpha1").stdout)
    kind = {"troubleshooter": "Troubleshooter", "troubleshooterclass": "TroubleshooterClass"}[resource]
    schema = told["components"]["schemas"][f"sh.troubleshooter.v1alpha1.{kind}"]
    bare = [path for path in undescribed(schema, resource) if not path.startswith(f"{resource}.metadata")]
    assert bare == []


def undescribed(schema: Any, path: str) -> list[str]:
    """Paths of the properties without a description."""
    found = []
    for name, part in (schema.get("properties") or {}).items():
        here = f"{path}.{name}"
        found += [] if part.get("description") else [here]
        found += undescribed(part, here)
        found += undescribed(part.get("items") or {}, f"{here}[]")
    return found
