"""deploy/policies: a toolbox's pod is the operator's. None of this takes a mutating policy."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubectl import Kubectl, wait_until
from operator_process import as_operator
from policed import DRY, TEAM, Scene, create, give, patch, pod, policed_plane, wait_until_refused

OURS = {"app.kubernetes.io/managed-by": "troubleshooter-operator"}
FINALIZER = "example.org/hold"
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": "0"}
IMAGE = {"spec": {"containers": [{"name": "main", "image": "example.org/other:1"}]}}
ANNOTATION = {"metadata": {"annotations": {"troubleshooter.sh/end": "Stopped"}}}
BY_HAND = "pod box is a toolbox, which is not changed by hand; change its Troubleshooter instead"
IMPOSTOR = (
    "only the operator makes pods with the label app.kubernetes.io/managed-by=troubleshooter-operator; leave "
    "the label out, or create a Troubleshooter"
)
FIXED = (
    "pod box is a toolbox, whose containers and resources are not changed while it runs; make another "
    "Troubleshooter"
)
SHELLS_ONLY = "toolbox box is open for recorded shells only: kubectl exec -it -n team box -- shell"
WAIT_SECONDS = 30.0
# As JSON patches, since each must be refused for itself; kubectl's own words for the same are many.
CHANGES = {
    "label added": [{"op": "add", "path": "/metadata/labels/seen", "value": "yes"}],
    "label changed": [
        {"op": "replace", "path": "/metadata/labels/troubleshooter.sh~1name", "value": "other"}
    ],
    "our label removed": [{"op": "remove", "path": "/metadata/labels/app.kubernetes.io~1managed-by"}],
    "annotation added": [{"op": "add", "path": "/metadata/annotations/seen", "value": "yes"}],
    "annotation changed": [
        {"op": "replace", "path": "/metadata/annotations/troubleshooter.sh~1requested-by", "value": "bob"}
    ],
    "annotation removed": [{"op": "remove", "path": "/metadata/annotations/troubleshooter.sh~1requested-by"}],
    "finalizer": [{"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}],
    "owner": [{"op": "add", "path": "/metadata/ownerReferences", "value": [OWNER]}],
    "image": [{"op": "replace", "path": "/spec/containers/0/image", "value": "example.org/other:1"}],
    "deadline": [{"op": "add", "path": "/spec/activeDeadlineSeconds", "value": 60}],
    "toleration": [{"op": "add", "path": "/spec/tolerations/-", "value": {"operator": "Exists"}}],
}
OF_THE_SPEC = ("image", "deadline", "toleration")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """In it runs a toolbox `box`, made by the operator, beside bob's own pod `app`."""
    with policed_plane(tmp_path_factory.mktemp("plane")) as plane:
        resizing = {"apiGroups": [""], "resources": ["pods/resize", "pods/ephemeralcontainers"]}
        for name in ("alice", "bob"):
            give(plane, name, resizing | {"verbs": ["patch", "update"]})
        made = Scene(plane, as_operator(plane, tmp_path_factory.mktemp("operator")).in_namespace(TEAM))
        run(made.operator, made.admin, toolbox("box"))
        labels = OURS | {"troubleshooter.sh/name": "x"}
        plain = pod("app", labels={"app": "x"}, annotations={"troubleshooter.sh/requested-by": "bob"})
        run(made.person("bob"), made.admin, plain)
        wait_until_refused(
            lambda: create(made.person("bob"), pod("tried", labels=labels), DRY),
            lambda: reach(made.person("bob"), "box/proxy"),
        )
        yield made


def toolbox(name: str) -> dict[str, Any]:
    labels = OURS | {"troubleshooter.sh/name": name}
    return pod(name, labels=labels, annotations={"troubleshooter.sh/requested-by": "alice"})


def run(maker: Kubectl, admin: Kubectl, manifest: dict[str, Any]) -> None:
    """The pod, on a node that there is not, as a kubelet reports it."""
    name = manifest["metadata"]["name"]
    assert create(maker, manifest).stderr == ""
    assert bind(admin, name).stderr == ""
    assert patch(admin, "pod", name, {"status": {"phase": "Running"}}, "--subresource=status").stderr == ""


def bind(scheduler: Kubectl, name: str) -> Any:
    target = {"apiVersion": "v1", "kind": "Node", "name": "node1"}
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
    path = f"/api/v1/namespaces/{TEAM}/pods/{name}/binding"
    return scheduler.attempt("create", f"--raw={path}", "--filename=-", stdin=json.dumps(binding))


def reach(who: Kubectl, path: str) -> Any:
    return who.attempt("get", f"--raw=/api/v1/namespaces/{TEAM}/pods/{path}")


def change(who: Kubectl, name: str, changes: Any) -> Any:
    return who.attempt("patch", "pod", name, "--type=json", f"--patch={json.dumps(changes)}", DRY)


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("who", ["alice", "carol"])
def test_nobody_of_the_namespace_changes_a_toolbox(scene: Scene, who: str, what: str) -> None:
    """Neither who asked for it nor the namespace's administrator."""
    assert BY_HAND in change(scene.person(who), "box", CHANGES[what]).stderr


@pytest.mark.parametrize("what", [what for what in CHANGES if "our label" not in what])
def test_the_operator_changes_it(scene: Scene, what: str) -> None:
    assert change(scene.operator, "box", CHANGES[what]).stderr == ""


@pytest.mark.parametrize("what", CHANGES)
def test_who_administers_the_cluster_marks_it_and_no_more(scene: Scene, what: str) -> None:
    """So do the cluster's own programs that write on pods; the spec and the owner stay."""
    said = change(scene.admin, "box", CHANGES[what]).stderr
    assert (BY_HAND in said) == (what in (*OF_THE_SPEC, "owner"))


@pytest.mark.parametrize(
    "what", [what for what in CHANGES if what not in ("our label removed", "label changed")]
)
def test_other_pods_are_their_editors(scene: Scene, what: str) -> None:
    assert change(scene.person("alice"), "app", CHANGES[what]).stderr == ""


@pytest.mark.parametrize("who", ["alice", "carol", "admin"])
def test_nobody_else_makes_a_pod_with_our_label(scene: Scene, who: str) -> None:
    maker = scene.admin if who == "admin" else scene.person(who)
    assert IMPOSTOR in create(maker, toolbox("impostor"), DRY).stderr
    assert IMPOSTOR in change(maker, "app", [{"op": "add", "path": "/metadata/labels", "value": OURS}]).stderr
    assert create(maker, pod("plain"), DRY).stderr == ""
    assert create(scene.operator, toolbox("another"), DRY).stderr == ""


def test_no_controller_makes_one_for_an_editor(scene: Scene) -> None:
    """It may create pods everywhere, and would make whatever the template of an editor says."""
    assert create(scene.person("bob"), replica_set("maker", OURS | {"app": "template"})).stderr == ""
    events = ("events", "--field-selector=involvedObject.name=maker,reason=FailedCreate")
    wait_until(
        lambda: IMPOSTOR in json.dumps(scene.admin.json("get", *events)).replace("\\n", " "),
        timeout=WAIT_SECONDS,
        what="the refusal of the ReplicaSet's pod",
    )
    assert scene.admin.run("get", "pods", "--selector=app=template", "--output=name").stdout == ""


def test_no_controller_adopts_one_for_an_editor(scene: Scene) -> None:
    """A toolbox in a temporary namespace has no owner; whoever owns it could have it deleted."""
    bob = scene.person("bob")
    assert create(bob, replica_set("adopter", {"troubleshooter.sh/name": "box"})).stderr == ""
    wait_until(lambda: BY_HAND in log_of_controllers(scene), timeout=WAIT_SECONDS, what="a refused adoption")
    assert "ownerReferences" not in scene.admin.json("get", "pod", "box")["metadata"]
    bob.run("delete", "replicaset", "adopter")


def replica_set(name: str, labels: dict[str, str]) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": pod("unused")["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name}, "spec": spec}


def log_of_controllers(scene: Scene) -> str:
    assert scene.plane.controllers is not None
    return scene.plane.controllers.log.read_text()


def test_containers_and_resources_stay(scene: Scene) -> None:
    """Of another pod they may be changed by whoever has the right."""
    for who in (scene.person("alice"), scene.admin):
        for into in (put_container, put_request):
            assert FIXED in into(who, "box").stderr
            assert into(who, "app").stderr == ""


def put_container(who: Kubectl, name: str) -> Any:
    """`kubectl debug`, in which a program would see the toolbox's processes and no recorder it."""
    found = who.json("get", "pod", name)
    extra = {"name": "extra", "image": "example.org/other:1", "terminationMessagePolicy": "File"}
    found["spec"]["ephemeralContainers"] = [extra]
    return put(who, f"{name}/ephemeralcontainers", found)


def put_request(who: Kubectl, name: str) -> Any:
    found = who.json("get", "pod", name)
    found["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
    return put(who, f"{name}/resize", found)


def put(who: Kubectl, path: str, whole: Any) -> Any:
    """kubectl itself knows only some subresources."""
    raw = f"--raw=/api/v1/namespaces/{TEAM}/pods/{path}"
    return who.attempt("replace", raw, "--filename=-", stdin=json.dumps(whole))


@pytest.mark.parametrize("who", ["alice", "carol", "admin"])
@pytest.mark.parametrize(
    "path",
    [
        "{}/attach",
        "{}/portforward",
        "{}/proxy/metrics",
        "{}:9464/proxy/metrics",
        "http:{}:9464/proxy/",
        "https:{}:/proxy/",
    ],
)
def test_there_is_no_other_way_in(scene: Scene, who: str, path: str) -> None:
    """Into another pod all ways lead, as far as there is a node."""
    user = scene.admin if who == "admin" else scene.person(who)
    assert SHELLS_ONLY in reach(user, path.format("box")).stderr
    assert "denied request" not in reach(user, path.format("app")).stderr


def test_a_pod_that_is_named_like_a_scheme_is_not_taken_for_it(scene: Scene) -> None:
    assert create(scene.operator, toolbox("https")).stderr == ""
    bob = scene.person("bob")
    wait_until_refused(lambda: reach(bob, "https:9464/proxy/"), lambda: reach(bob, "http:https:9464/proxy/"))
    assert "denied request" not in reach(bob, "https:app:9464/proxy/").stderr


def test_scheduler_and_kubelet_do_their_work(scene: Scene) -> None:
    """With the rights that they have in a cluster, on a pod that the operator has made."""
    assert create(scene.operator, toolbox("worked")).stderr == ""
    scheduler = scene.plane.user("system:kube-scheduler").in_namespace(TEAM)
    assert bind(scheduler, "worked").stderr == ""
    kubelet = scene.plane.user("system:node:node1", ["system:nodes"]).in_namespace(TEAM)
    found = kubelet.json("get", "pod", "worked")
    assert put(kubelet, "worked/status", found | {"status": {"phase": "Running"}}).stderr == ""
    scene.person("bob").run("delete", "pod", "worked", "--wait=false")
    assert kubelet.attempt("delete", "pod", "worked", "--force", "--grace-period=0").returncode == 0
    scene.admin.wait_gone("pod", "worked", timeout=WAIT_SECONDS)


@pytest.mark.parametrize("how", ["background", "foreground", "orphan"])
def test_the_garbage_collector_does_its_work(scene: Scene, how: str) -> None:
    """The toolbox of a deleted Troubleshooter goes, or stays as an orphan."""
    name = f"owned-{how}"
    asked = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "Troubleshooter", "metadata": {"name": name}}
    scene.person("alice").apply(asked | {"spec": {"state": "Stopped"}})
    uid = scene.admin.json("get", "troubleshooter", name)["metadata"]["uid"]
    owner = {"apiVersion": asked["apiVersion"], "kind": "Troubleshooter", "name": name, "uid": uid}
    owned = toolbox(name)
    owned["metadata"]["ownerReferences"] = [owner | {"controller": True, "blockOwnerDeletion": True}]
    assert create(scene.operator, owned).stderr == ""
    scene.person("bob").run("delete", "troubleshooter", name, f"--cascade={how}", "--wait=false")
    scene.admin.wait_gone("troubleshooter", name, timeout=WAIT_SECONDS)
    if how == "orphan":
        assert "ownerReferences" not in scene.admin.json("get", "pod", name)["metadata"]
    else:
        scene.admin.wait_gone("pod", name, timeout=WAIT_SECONDS)


def test_who_may_delete_pods_ends_it(scene: Scene) -> None:
    assert create(scene.operator, toolbox("ended")).stderr == ""
    scene.person("bob").run("delete", "pod", "ended")
    assert scene.admin.get("pod", "ended") is None
