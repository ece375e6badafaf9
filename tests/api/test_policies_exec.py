"""deploy/policies: what an exec into a toolbox becomes, who may open a shell, who may read.

With and without rewriting. There is no node: a listener takes down what the API server lets through.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from exec_listener import NODE, Command, ExecListener, listening
from harness import CHECKOUT
from kubectl import Kubectl, Manifest, wait_until

POLICIES = CHECKOUT / "deploy" / "policies"
IN_FORCE_SECONDS = 30.0
RBAC = {"apiVersion": "rbac.authorization.k8s.io/v1"}
ELSEWHERE = "incident-response-7f3e"
ODD_NAMES = ("jane@example.org", "oidc:ops", "o'neill", "two words", "a$b`c", "two\nlines")
HEARD = "heard, and nothing executed"
PLACE = "-n team alices -- shell --user=alice"
NOT_YOURS = (
    "toolbox alices is for alice; ask for your name in spec.access of Troubleshooter alices, make a toolbox "
    "of your own, or ask an administrator for the verb create on troubleshooters/shell"
)
NOT_TO_READ = (
    "toolbox alices is for alice, and you may not read its recordings; ask an administrator for the verb get "
    "on troubleshooters/recordings"
)
# What somebody types, what of it reaches the toolbox where execs are rewritten, and else the line to type.
TYPED = [
    (("bash",), (), f"-it {PLACE}"),
    (("/bin/sh",), (), f"-it {PLACE}"),
    (("shell",), (), f"-it {PLACE}"),
    (("shell", "--user=bob"), (), f"-it {PLACE}"),
    (("shell", "--user="), (), f"-it {PLACE}"),
    (("shell", "-c", "id; ls"), ("-c", "id; ls"), f"{PLACE} -c 'id; ls'"),
    (("shell", "--user=bob", "-c", "id"), ("-c", "id"), f"{PLACE} -c id"),
    (("shell", "extend", "15m"), ("extend", "15m"), f"{PLACE} extend 15m"),
    (("shell", "--", "id", "--user=bob"), ("--", "id", "--user=bob"), f"{PLACE} -- id --user=bob"),
    (("curl", "-s", "http://x/?a"), ("--", "curl", "-s", "http://x/?a"), f"{PLACE} -- curl -s 'http://x/?a'"),
    (("tar", "cf", "-", "/etc"), ("--", "tar", "cf", "-", "/etc"), f"{PLACE} -- tar cf - /etc"),
    (("sh", "-c", "exec bash || id"), ("-c", "exec bash || id"), f"{PLACE} -- sh -c 'exec bash || id'"),
    (("bash", "-l"), ("--", "bash", "-l"), f"{PLACE} -- bash -l"),
    (("--user=alice",), ("--", "--user=alice"), f"{PLACE} -- --user=alice"),
    (("echo", "it's"), ("--", "echo", "it's"), f"{PLACE} -- echo 'it'\\''s'"),
    (("echo", "it's\nso"), ("--", "echo", "it's\nso"), f"{PLACE} -- echo $'it\\'s\\nso'"),
    (("echo", ""), ("--", "echo", ""), f"{PLACE} -- echo ''"),
]  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """`rewritten`: with mutating policies."""

    plane: ControlPlane
    listener: ExecListener
    rewritten: bool

    def execute(self, who: str, toolbox: str, *words: str, namespace: str = "team") -> "Outcome":
        """`kubectl exec` of somebody; frank is on call."""
        groups = ("oncall",) if who == "frank" else ()
        user = self.plane.user(who, groups).in_namespace(namespace)
        said = user.attempt("exec", toolbox, "--", *words).stderr
        return Outcome(self.listener.heard(), said)


@dataclass(frozen=True)
class Outcome:
    """What reached the node, and what the person was told."""

    heard: list[Command]
    said: str


@pytest.fixture(scope="module", params=["validating", "v1beta1"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Toolboxes in namespace team and a temporary one; nothing is in any of them."""
    with (
        running_control_plane(tmp_path_factory.mktemp("plane"), controllers=True) as plane,
        listening(plane.state.pki) as listener,
    ):
        scene = Scene(plane, listener, request.param != "validating")
        listener.register(plane.admin)
        crds.install(plane.admin)
        # Their pods come first: with the policies in force nobody but the operator makes them.
        for namespace in ("team", ELSEWHERE):
            plane.admin.run("create", "namespace", namespace)
            furnish(plane.admin.in_namespace(namespace))
        plane.admin.run("apply", "-k", str(POLICIES / request.param))
        give_rights(plane.admin.in_namespace("team"))
        wait_until(lambda: is_in_force(scene), timeout=IN_FORCE_SECONDS, what="the policies in force")
        yield scene


def furnish(inside: Kubectl) -> None:
    """Two that alice asked for, one with colleagues, one of nobody known, a Replay, and a plain pod."""
    wait_until(lambda: inside.get("serviceaccount", "default"), timeout=20, what="the service account")
    shared = {
        "access-users": "dave\nmallory, bob",
        "access-groups": "night shift\noncall",
        "namespace": "team",
    }
    inside.apply(
        toolbox("alices", {"requested-by": "alice"} | shared),
        toolbox("others", {"requested-by": "alice"}),
        toolbox("nobodys", {"requested-by": "unverified"}),
        replay("look", "alices", "erin"),
        pod("plain", {}, {}),
    )
    inside.apply(
        *role("exec", "", ["pods"], ["get"]), *role("exec-too", "", ["pods/exec"], ["create", "get"])
    )


def give_rights(team: Kubectl) -> None:
    """Erin may exec and nothing else."""
    editors = [f"--user={name}" for name in ("alice", "bob", "dave", *ODD_NAMES)]
    team.run("create", "rolebinding", "edit", "--clusterrole=edit", "--group=oncall", *editors)
    team.run("create", "rolebinding", "admin", "--clusterrole=admin", "--user=carol")


def toolbox(name: str, notes: Mapping[str, str]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "troubleshooter-operator", "troubleshooter.sh/name": name}
    return pod(name, labels, {f"troubleshooter.sh/{key}": value for key, value in notes.items()})


def replay(name: str, whose: str, requester: str) -> dict[str, Any]:
    found = toolbox(name, {"requested-by": requester})
    found["metadata"]["labels"] |= {
        "app.kubernetes.io/component": "replay",
        "troubleshooter.sh/name": whose,
    }
    return found


def pod(name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """On the node that listens."""
    metadata = {"name": name, "labels": dict(labels), "annotations": dict(annotations)}
    spec = {"nodeName": NODE, "containers": [{"name": "toolbox", "image": "toolbox"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def role(
    name: str,
    group: str,
    resources: Sequence[str],
    verbs: Sequence[str],
    who: Sequence[str] = ("carol", "erin"),
) -> tuple[Manifest, Manifest]:
    """A right and those who have it: `kubectl create role` knows no resources that are not served."""
    rule = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": each} for each in who]
    return (
        RBAC | {"kind": "Role", "metadata": {"name": name}, "rules": [rule]},
        RBAC
        | {"kind": "RoleBinding", "metadata": {"name": name}, "roleRef": reference, "subjects": subjects},
    )


def is_in_force(scene: Scene) -> bool:
    """The policies, and the roles that are aggregated."""
    refused = NOT_YOURS in scene.execute("bob", "alices", "shell", "--user=bob").said
    changed = scene.execute("alice", "alices", "id").heard
    wanted = [["shell", "--user=alice", "--", "id"]] if scene.rewritten else []
    admitted = scene.execute("carol", "alices", "shell", "--user=carol").heard
    words = ("--", "troubleshooter-agent", "list")
    reading = scene.execute("bob", "alices", "shell", "--user=bob", *words).heard
    return refused and changed == wanted and bool(admitted) and bool(reading)


@pytest.mark.parametrize(("typed", "becomes", "line"), TYPED)
def test_only_the_recorded_form_reaches_a_toolbox(
    scene: Scene, typed: tuple[str, ...], becomes: tuple[str, ...], line: str
) -> None:
    outcome = scene.execute("alice", "alices", *typed)
    if scene.rewritten:
        assert outcome.heard == [["shell", "--user=alice", *becomes]]
        assert HEARD in outcome.said
    else:
        assert outcome.heard == []
        refusal = "a toolbox is entered by a recorded shell under your own name; write: kubectl exec "
        assert outcome.said.endswith(f"{refusal}{line}\n")


@pytest.mark.parametrize("rest", [(), ("-c", "id"), ("--", "id", "--user=bob"), ("attach",)])
def test_the_true_form_stays_as_it_is(scene: Scene, rest: tuple[str, ...]) -> None:
    assert scene.execute("alice", "alices", "shell", "--user=alice", *rest).heard == [
        ["shell", "--user=alice", *rest]
    ]


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("jane@example.org", "--user=jane@example.org"),
        ("oidc:ops", "--user=oidc:ops"),
        ("o'neill", "'--user=o'\\''neill'"),
        ("two words", "'--user=two words'"),
        ("a$b`c", "'--user=a$b`c'"),
        ("two\nlines", "$'--user=two\\nlines'"),
    ],
)
def test_names_of_all_kinds(scene: Scene, name: str, quoted: str) -> None:
    true = ["shell", f"--user={name}"]
    assert scene.execute(name, "nobodys", *true).heard == [true]
    outcome = scene.execute(name, "nobodys", "bash")
    if scene.rewritten:
        assert outcome.heard == [true]
    else:
        assert outcome.said.endswith(f"write: kubectl exec -it -n team nobodys -- shell {quoted}\n")


@pytest.mark.parametrize("who", ["alice", "carol", "dave", "frank"])
def test_who_may_open_a_shell(scene: Scene, who: str) -> None:
    """The requester, an administrator, a colleague by name, one by group."""
    true = ["shell", f"--user={who}"]
    assert scene.execute(who, "alices", *true).heard == [true]


@pytest.mark.parametrize("who", ["bob", "erin", "two\nlines"])
@pytest.mark.parametrize("words", [("shell",), ("shell", "--user=alice"), ("ls",)])
def test_who_may_not(scene: Scene, who: str, words: tuple[str, ...]) -> None:
    """Neither whoever may edit the namespace nor whoever may exec in it, under whatever name."""
    for typed in (words, ("shell", f"--user={who}")):
        outcome = scene.execute(who, "alices", *typed)
        assert (outcome.heard, NOT_YOURS in outcome.said) == ([], True)


def test_what_nobody_is_known_to_have_asked_for_is_open_to_all_who_may_exec(scene: Scene) -> None:
    """Each under the own name."""
    assert scene.execute("bob", "nobodys", "shell", "--user=bob").heard == [["shell", "--user=bob"]]
    outcome = scene.execute("erin", "nobodys", "shell", "--user=alice")
    if scene.rewritten:
        assert outcome.heard == [["shell", "--user=erin"]]
    else:
        assert outcome.said.endswith("write: kubectl exec -it -n team nobodys -- shell --user=erin\n")


def test_a_right_on_one_toolbox_is_enough(scene: Scene) -> None:
    team = scene.plane.admin.in_namespace("team")
    right, binding = role("others", "troubleshooter.sh", ["troubleshooters/shell"], ["create"], ["erin"])
    assert isinstance(right, dict)
    team.apply(right | {"rules": [right["rules"][0] | {"resourceNames": ["others"]}]}, binding)
    true = ["shell", "--user=erin"]
    wait_until(
        lambda: scene.execute("erin", "others", *true).heard == [true], timeout=10, what="erin's right"
    )
    assert NOT_YOURS in scene.execute("erin", "alices", *true).said


@pytest.mark.parametrize("verb", ["list", "cat", "play", "verify", "follow", "search", "export"])
def test_readings_are_for_those_who_may_read(scene: Scene, verb: str) -> None:
    """Bob edits the namespace and may open no shell; erin may do neither."""
    words = ("--", "troubleshooter-agent", verb, "3f9k2m1x")
    assert scene.execute("bob", "alices", "shell", "--user=bob", *words).heard == [
        ["shell", "--user=bob", *words]
    ]
    outcome = scene.execute("erin", "alices", "shell", "--user=erin", *words)
    assert (outcome.heard, NOT_TO_READ in outcome.said) == ([], True)


@pytest.mark.parametrize("verb", ["list", "cat", "play", "verify", "follow", "search", "export"])
def test_in_a_replay_readings_are_for_those_who_may_read_these_recordings(scene: Scene, verb: str) -> None:
    """Whoever asked for it: that was erin, who has no right to read."""
    words = ("--", "troubleshooter-agent", verb, "3f9k2m1x")
    for who in ("bob", "alice"):
        true = ["shell", f"--user={who}", *words]
        assert scene.execute(who, "look", *true).heard == [true]
    outcome = scene.execute("erin", "look", "shell", "--user=erin", *words)
    sentence = (
        "you may not read the recordings of alices; ask an administrator for the verb get on "
        "troubleshooters/recordings"
    )
    assert (outcome.heard, sentence in outcome.said) == ([], True)


@pytest.mark.parametrize("who", ["alice", "carol", "erin"])
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("attach",),
        ("-c", "troubleshooter-agent list"),
        ("--", "sh", "-c", "troubleshooter-agent list"),
        ("--", "troubleshooter-agent", "run"),
    ],
    ids=" ".join,
)
def test_nobody_opens_a_shell_in_a_replay(scene: Scene, who: str, words: tuple[str, ...]) -> None:
    """Neither whose the recordings are, nor an administrator, nor who asked for it."""
    outcome = scene.execute(who, "look", "shell", f"--user={who}", *words)
    sentence = (
        "Replay look is there to read recordings, and no shell opens in it; write: kubectl exec -it -n team "
        f"look -- shell --user={who} -- troubleshooter-agent list"
    )
    assert (outcome.heard, sentence in outcome.said) == ([], True)


def test_a_name_that_is_given_is_not_believed_in_a_replay(scene: Scene) -> None:
    words = ("--", "troubleshooter-agent", "list")
    outcome = scene.execute("bob", "look", "shell", "--user=alice", *words)
    if scene.rewritten:
        assert outcome.heard == [["shell", "--user=bob", *words]]
    else:
        line = "kubectl exec -n team look -- shell --user=bob -- troubleshooter-agent list"
        assert outcome.said.endswith(f"under your own name; write: {line}\n")


def test_a_reading_may_be_typed_as_it_is(scene: Scene) -> None:
    outcome = scene.execute("bob", "alices", "troubleshooter-agent", "list")
    if scene.rewritten:
        assert outcome.heard == [["shell", "--user=bob", "--", "troubleshooter-agent", "list"]]
    else:
        line = "kubectl exec -n team alices -- shell --user=bob -- troubleshooter-agent list"
        assert outcome.said.endswith(f"under your own name; write: {line}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("--", "troubleshooter-agent", "repair"),
        ("--", "troubleshooter-agent"),
        ("--", "/bin/sh", "-c", "troubleshooter-agent list"),
        ("--", "env", "troubleshooter-agent", "list"),
        ("-c", "troubleshooter-agent list"),
        ("-c", "--", "troubleshooter-agent", "list"),
        ("attach", "--view"),
    ],
)
def test_nothing_else_is_a_reading(scene: Scene, words: tuple[str, ...]) -> None:
    outcome = scene.execute("bob", "alices", "shell", "--user=bob", *words)
    assert (outcome.heard, NOT_YOURS in outcome.said) == ([], True)


def test_other_pods_are_left_alone(scene: Scene) -> None:
    for who in ("bob", "erin"):
        assert scene.execute(who, "plain", "ls", "-l").heard == [["ls", "-l"]]


@pytest.mark.parametrize(("who", "may"), [("carol", True), ("erin", False)])
def test_in_a_temporary_namespace_rights_of_the_one_it_was_asked_from_count(
    scene: Scene, who: str, *, may: bool
) -> None:
    """Both may exec there; carol is the administrator of team alone."""
    true = ["shell", f"--user={who}"]
    outcome = scene.execute(who, "alices", *true, namespace=ELSEWHERE)
    assert (outcome.heard, NOT_YOURS in outcome.said) == (([true], False) if may else ([], True))
