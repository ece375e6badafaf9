"""Which policies `make deploy` takes, by what the API server answers: literals as its versions have them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
GROUP = "/apis/admissionregistration.k8s.io"
# Stands in for kubectl: it answers what it was given, and writes down what it shall do.
KUBECTL = """#!{python}
import json, pathlib, sys
answers = json.loads(pathlib.Path({answers!r}).read_text())
if sys.argv[1] == "get":
    path = sys.argv[2].removeprefix("--raw=")
    sys.exit(print(json.dumps(answers[path])) if path in answers else "the server is not there")
if sys.argv[1] == "create":
    sys.exit("the annotation troubleshooter.sh/requested-by must be your own name")
pathlib.Path({done!r}).write_text(" ".join(sys.argv[1:]))
"""
VALIDATING = ["validatingadmissionpolicies", "validatingwebhookconfigurations"]
MUTATING = ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"]


def served(**versions: list[str]) -> dict[str, object]:
    """Discovery of the group, with the resources of each version."""
    names = {"versions": [{"groupVersion": f"x/{name}", "version": name} for name in versions]}
    lists = {
        f"{GROUP}/{name}": {"resources": [{"name": plural} for plural in plurals]}
        for name, plurals in versions.items()
    }
    return {GROUP: names, **lists}


def run(folder: Path, answers: dict[str, object], *arguments: str) -> tuple[int, str, str]:
    """Exit status, what it says, and what it has kubectl do."""
    (folder / "answers").write_text(json.dumps(answers))
    done, kubectl = folder / "done", folder / "kubectl"
    kubectl.write_text(KUBECTL.format(python=sys.executable, answers=str(folder / "answers"), done=str(done)))
    kubectl.chmod(0o755)
    tool = str(CHECKOUT / "tools" / "policies.py")
    command = [sys.executable, tool, *arguments, "--", str(kubectl)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.returncode, found.stderr, done.read_text() if done.exists() else ""


@pytest.mark.parametrize(
    ("answers", "folder", "sentence"),
    [
        pytest.param(served(v1=VALIDATING + MUTATING), "v1", "with mutating policies v1 ", id="1.36"),
        pytest.param(
            served(v1=VALIDATING + MUTATING, v1beta1=MUTATING), "v1", "with mutating policies v1 ", id="both"
        ),
        pytest.param(
            served(v1=VALIDATING, v1beta1=VALIDATING + MUTATING),
            "v1beta1",
            "with mutating policies v1beta1 ",
            id="1.34 with its beta",
        ),
        pytest.param(
            served(v1=VALIDATING, v1beta1=VALIDATING),
            "validating",
            "validating alone, since this cluster has no mutating policies v1 or v1beta1 ",
            id="1.31",
        ),
        pytest.param(
            served(v1=VALIDATING),
            "validating",
            "validating alone, since this cluster has no mutating policies v1 or v1beta1 ",
            id="1.30",
        ),
    ],
)
def test_the_best_that_there_is(
    tmp_path: Path, answers: dict[str, object], folder: str, sentence: str
) -> None:
    policies = CHECKOUT / "deploy" / "policies" / folder
    said = f"policies: {sentence}(deploy/policies/{folder})\n"
    assert run(tmp_path, answers, "apply") == (0, said, f"apply -k {policies}")
    assert run(tmp_path, answers, "delete") == (0, said, f"delete --ignore-not-found -k {policies}")


def test_a_choice_is_obeyed(tmp_path: Path) -> None:
    best = served(v1=VALIDATING + MUTATING)
    status, _, done = run(tmp_path, best, "--policies=validating", "apply")
    assert (status, done) == (0, f"apply -k {CHECKOUT / 'deploy' / 'policies' / 'validating'}")


def test_none_are_left_out_and_it_says_so(tmp_path: Path) -> None:
    said = "policies: none, so nobody is told apart, and toolboxes are not guarded (POLICIES=none)\n"
    assert run(tmp_path, {}, "--policies=none", "apply") == (0, said, "")


def test_a_cluster_that_does_not_answer_is_no_choice(tmp_path: Path) -> None:
    said = "policies: cannot ask the cluster which it can have: the server is not there\n"
    assert run(tmp_path, {}, "apply") == (1, said, "")
