"""What cannot be had is refused in one sentence that says what to do, and mends itself once that is done."""

from collections.abc import Iterator, Sequence

import images
import pytest
from kubectl import Kubectl, Manifest
from stage import Stage, troubleshooter

pytestmark = pytest.mark.usefixtures("operator")

DEBIAN = "docker.io/library/debian:trixie-slim"  # in the node, and without our agent
TOOLBOX = images.names().of("toolbox")
MISSING = f"{images.names().prefix}/toolbox:no-such-tag"
DEFAULT_MARK = "troubleshooter.sh/is-default-class"
SOMEBODYS_POD = f"""
apiVersion: v1
kind: Pod
metadata: {{name: taken}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {{runAsNonRoot: true, runAsUser: 10001, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: main
      image: {DEBIAN}
      command: [sleep, infinity]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""


@pytest.fixture
def class_name(stage: Stage) -> Iterator[str]:
    """A name for a class of the test's own; the class is taken away afterwards."""
    yield f"{stage.namespace}-class"
    stage.admin.run("delete", "troubleshooterclass", f"{stage.namespace}-class", "--ignore-not-found")


@pytest.mark.parametrize("value", ["3h", "0s", "abc"])
def test_a_life_time_out_of_bounds_is_refused_by_the_api_server(stage: Stage, value: str) -> None:
    """Before anything is stored."""
    assert stage.editor.refuse(troubleshooter("refused", {"timeToLive": value})) == (
        f'The Troubleshooter "refused" is invalid: spec.timeToLive: Invalid value: "{value}": '
        f"timeToLive must be between 1m and 2h, written like 90s, 45m or 1h30m; got {value}\n"
    )


def test_an_image_that_cannot_be_pulled(stage: Stage) -> None:
    """Named with what the kubelet says; another image mends it."""
    stage.ask("unpullable", image=MISSING)
    said = stage.wait_reason("unpullable", "ImagePullFailed")["message"]
    assert said.startswith(f"Image {MISSING} cannot be pulled: ")
    assert said.endswith("mend the image, its registry or the class's imagePullSecrets")
    assert "\n" not in said
    assert works(stage, "unpullable")


def test_an_image_without_the_agent(stage: Stage, class_name: str) -> None:
    """Refused, since nothing could be recorded in it; another image mends it."""
    stage.admin.apply(class_with(class_name, allowed=[DEBIAN]))
    stage.ask("agentless", troubleshooterClassName=class_name, image=DEBIAN, runAsUser=10001)
    assert stage.wait_reason("agentless", "ImageWithoutAgent")["message"] == (
        f"Image {DEBIAN} has no agent at /opt/troubleshooter/bin/troubleshooter-agent, so nothing could be "
        "recorded in it; ask for an image that contains the agent"
    )
    assert works(stage, "agentless", troubleshooterClassName=class_name)


def test_an_image_that_the_class_does_not_allow(stage: Stage, class_name: str) -> None:
    """The list is in the answer, nothing is made; once the list is longer the toolbox comes by itself."""
    stage.admin.apply(class_with(class_name, default=DEBIAN))
    stage.ask("unlisted", troubleshooterClassName=class_name, image=TOOLBOX)
    assert stage.wait_reason("unlisted", "NotAllowed")["message"] == (
        f"image {TOOLBOX} is not on the list of class {class_name}; it allows {DEBIAN}"
    )
    assert stage.editor.get("pod", "unlisted") is None
    assert stage.editor.get("pvc", "unlisted-recordings") is None
    stage.admin.apply(class_with(class_name, default=DEBIAN, allowed=[TOOLBOX]))
    assert stage.ready("unlisted").run("shell", "-c", "exit 0").returncode == 0


def test_a_life_time_above_the_classs_maximum(stage: Stage, class_name: str) -> None:
    """Both values are named, nothing is clamped; asking for less mends it."""
    stage.admin.apply(class_with(class_name, longest="10m"))
    stage.ask("long", troubleshooterClassName=class_name, timeToLive="11m")
    assert stage.wait_reason("long", "NotAllowed")["message"] == (
        f"timeToLive 11m is above the 10m that class {class_name} allows; ask for less"
    )
    assert works(stage, "long", troubleshooterClassName=class_name, timeToLive="10m")


def test_a_pod_name_that_somebody_else_has(stage: Stage) -> None:
    """The pod is left alone; when it is gone the toolbox comes by itself."""
    stage.editor.apply(SOMEBODYS_POD)
    stage.editor.wait_condition("pod", "taken", "Ready", timeout=60)
    before = stage.editor.json("get", "pod", "taken")
    stage.ask("taken")
    assert stage.wait_reason("taken", "PodNameTaken")["message"] == (
        "Pod taken exists and belongs to somebody else, so it is left alone; delete it, or make the "
        "Troubleshooter with another spec.name"
    )
    assert stage.editor.json("get", "pod", "taken") == before
    stage.editor.run("delete", "pod", "taken")
    assert stage.ready("taken").run("shell", "-c", "exit 0").returncode == 0


def test_a_class_that_is_not_there(stage: Stage, class_name: str) -> None:
    """Once an administrator makes it, the toolbox comes by itself."""
    stage.ask("classless", troubleshooterClassName=class_name)
    assert stage.wait_reason("classless", "ClassNotFound")["message"] == (
        f"There is no TroubleshooterClass {class_name}; kubectl get troubleshooterclasses lists them"
    )
    stage.admin.apply(class_with(class_name))
    assert stage.ready("classless").run("shell", "-c", "exit 0").returncode == 0


def test_no_default_class(stage: Stage, admin: Kubectl) -> None:
    """An empty spec needs one; once one is marked, the toolbox comes by itself."""
    admin.run("annotate", "troubleshooterclass", "default", f"{DEFAULT_MARK}-")
    try:
        stage.ask("undecided")
        said = stage.wait_reason("undecided", "ClassNotFound")["message"]
    finally:
        admin.run("annotate", "troubleshooterclass", "default", f"{DEFAULT_MARK}=true")
    assert said == (
        "There is no default TroubleshooterClass; name one in spec.troubleshooterClassName, or mark one "
        "with the annotation troubleshooter.sh/is-default-class=true"
    )
    assert stage.ready("undecided").run("shell", "-c", "exit 0").returncode == 0


def works(stage: Stage, name: str, **spec: object) -> bool:
    """Whether a shell opens after the Troubleshooter was mended to such a spec."""
    return stage.start(name, **spec).run("shell", "-c", "exit 0").returncode == 0


def class_with(
    name: str, *, default: str = TOOLBOX, allowed: Sequence[str] = (), longest: str = "2h"
) -> Manifest:
    return {
        "apiVersion": "troubleshooter.sh/v1alpha1",
        "kind": "TroubleshooterClass",
        "metadata": {"name": name},
        "spec": {
            "images": {"default": default, "allowed": list(allowed)},
            "timeToLive": {"default": "5m", "max": longest},
        },
    }
