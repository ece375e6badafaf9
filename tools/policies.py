"""Puts the admission policies of deploy/policies into a cluster, or takes them away, for `make deploy`.

It asks the API server which of them it can have, says which it takes, and waits until they hold;
docs/security.md tells what they do.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

POLICIES: Final = Path(__file__).resolve().parents[1] / "deploy" / "policies"
GROUP: Final = "/apis/admissionregistration.k8s.io"
STAMPING: Final = "mutatingadmissionpolicies"
NONE: Final = "none"
# By the version in which the API server has mutating policies; the first is the best.
STAMPED: Final = ("v1", "v1beta1")
UNSTAMPED: Final = "validating"
SAID: Final = {
    "v1": "with mutating policies v1",
    "v1beta1": "with mutating policies v1beta1",
    UNSTAMPED: "validating alone, since this cluster has no mutating policies v1 or v1beta1",
}
IN_FORCE_SECONDS: Final = 60.0  # 2 to 4 s were seen, and 20 where the resource was new to the API server
STEP_SECONDS: Final = 0.5
BELIEVED_SECONDS: Final = 10.0  # the operator believes names of what is made so long after new policies
REQUESTED_BY: Final = "troubleshooter.sh/requested-by"
# Either refused or put right, once there is a policy; it is only tried.
PROBE: Final = {
    "apiVersion": "troubleshooter.sh/v1alpha1",
    "kind": "Troubleshooter",
    "metadata": {"name": "policies-probe", "annotations": {REQUESTED_BY: "nobody"}},
    "spec": {"state": "Stopped"},
}

Ask = Callable[[str], Mapping[str, Any]]


def main() -> int:
    arguments = parser().parse_args()
    if arguments.policies == NONE:
        say("policies: none, so nobody is told apart, and toolboxes are not guarded (POLICIES=none)")
        return 0
    try:
        chosen = arguments.policies or component(lambda path: answer(arguments.kubectl, path))
    except subprocess.CalledProcessError as error:
        say(f"policies: cannot ask the cluster which it can have: {error.stderr.strip()}")
        return 1
    say(f"policies: {SAID[chosen]} (deploy/policies/{chosen})")
    folder = str(POLICIES / chosen)
    if arguments.verb == "delete":
        return subprocess.run(
            [*arguments.kubectl, "delete", "--ignore-not-found", "-k", folder], check=False
        ).returncode
    return applied(arguments.kubectl, folder)


def applied(kubectl: Sequence[str], folder: str) -> int:
    """Exit status, once they hold, and names count from now on."""
    done = subprocess.run([*kubectl, "apply", "-k", folder], stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    if done.returncode:
        return done.returncode
    there = time.monotonic()
    if not waited(lambda: is_in_force(kubectl)):
        say(
            f"policies: not in force after {IN_FORCE_SECONDS:g} s; "
            "kubectl describe validatingadmissionpolicies may tell why"
        )
        return 1
    if " created" in done.stdout:
        time.sleep(max(0.0, there + BELIEVED_SECONDS - time.monotonic()))
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", choices=["", *STAMPED, UNSTAMPED, NONE], default="", help="not to ask")
    parser.add_argument("verb", choices=["apply", "delete"])
    parser.add_argument("kubectl", nargs="+", help="the command line of kubectl")
    return parser


def component(ask: Ask) -> str:
    """The folder of deploy/policies for the cluster whose answers to paths of the API `ask` gives."""
    versions = {each["version"] for each in ask(GROUP)["versions"]}
    served = (version for version in STAMPED if version in versions)
    return next((version for version in served if STAMPING in plurals(ask(f"{GROUP}/{version}"))), UNSTAMPED)


def plurals(found: Mapping[str, Any]) -> Collection[str]:
    return {each["name"] for each in found["resources"]}


def answer(kubectl: Sequence[str], path: str) -> Mapping[str, Any]:
    """What the API server says at a path; CalledProcessError with kubectl's words if it does not."""
    asked = subprocess.run([*kubectl, "get", f"--raw={path}"], capture_output=True, text=True, check=True)
    found: Mapping[str, Any] = json.loads(asked.stdout)
    return found


def waited(
    holds: Callable[[], bool],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Whether it came to hold in time."""
    limit = now() + IN_FORCE_SECONDS
    while not holds():
        if now() >= limit:
            return False
        sleep(STEP_SECONDS)
    return True


def is_in_force(kubectl: Sequence[str]) -> bool:
    """Whether a Troubleshooter in another's name is refused, or gets the true one."""
    words = ["create", "--namespace=default", "--dry-run=server", "--output=json", "--filename=-"]
    tried = subprocess.run(
        [*kubectl, *words], input=json.dumps(PROBE), capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return "must be your own name" in tried.stderr
    return bool(json.loads(tried.stdout)["metadata"]["annotations"][REQUESTED_BY] != "nobody")


def say(text: str) -> None:
    """Talk, on stderr."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
