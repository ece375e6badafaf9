"""The real cluster and the people at it: `admin` sets up and observes, `editor` does what users do."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import harness
import pytest
from kubectl import Kubectl, wait_until

HERE = Path(__file__).parent
NAMESPACE_DEADLINE = 20.0
DIAGNOSES = (
    ("get", "troubleshooters,pods,persistentvolumeclaims", "--output=wide"),
    ("describe", "troubleshooters,pods"),
    ("logs", "--selector=app.kubernetes.io/name=troubleshooter", "--all-containers", "--prefix", "--tail=100"),
    ("logs", "--namespace=troubleshooter-system", "--selector=app.kubernetes.io/name=troubleshooter-operator", "--tail=200"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the cluster, so that `-m "not cluster"` leaves all of them out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Beside a failure: what its namespace looked like, and where the node's logs are."""
    report: Any = yield
    arguments = getattr(item, "funcargs", {})
    if report.failed and "cluster" in arguments:
        admin: Kubectl = arguments["admin"].in_namespace(arguments.get("namespace", "default"))
        for diagnosis in DIAGNOSES:
            result = admin.attempt(*diagnosis)
            report.sections.append((f"kubectl {' '.join(diagnosis)}", result.stdout + result.stderr))
        report.sections.append(("logs of every part of the node", str(arguments["cluster"].logs)))
    return report


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[harness.Cluster]:
    """The cluster; its start is shown as it goes, because it can take minutes."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with ExitStack() as stack:
        with capture.global_and_fixture_disabled():
            live = enter(stack)
        yield live
        with capture.global_and_fixture_disabled():
            stack.close()


def enter(stack: ExitStack) -> harness.Cluster:
    try:
        return stack.enter_context(harness.running_cluster())
    except harness.HarnessFailedError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def admin(cluster: harness.Cluster) -> Kubectl:
    """The administrator, for setting up and for observing; what a user does is done by `editor`."""
    return Kubectl(cluster.kubectl, cluster.kubeconfig)


@pytest.fixture
def namespace(admin: Kubectl) -> Iterator[str]:
    """A new namespace that enforces Pod Security `restricted`; gone afterwards, with its volumes."""
    name = f"e2e-{secrets.token_hex(3)}"
    admin.run("create", "namespace", name)
    admin.run("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    inside = admin.in_namespace(name)
    wait_until(lambda: inside.get("serviceaccount", "default"), timeout=NAMESPACE_DEADLINE, what=f"accounts in {name}")
    yield name
    admin.run("delete", "namespace", name, "--wait=false")
    volumes = admin.json("get", "persistentvolumes")["items"]
    for volume in volumes:
        if volume["spec"].get("claimRef", {}).get("namespace") == name:
            admin.run("delete", "persistentvolume", volume["metadata"]["name"], "--wait=false")


@pytest.fixture
def person(cluster: harness.Cluster, admin: Kubectl, namespace: str) -> Callable[[str], Kubectl]:
    """Makes people: a user with a certificate of the cluster, editor in the test's namespace and nothing else."""

    def make(name: str) -> Kubectl:
        kubeconfig = Path(harness.call("user", name).strip())
        admin.run("create", "rolebinding", f"edit-{name}", "--clusterrole=edit", f"--user={name}", f"--namespace={namespace}")
        user = Kubectl(cluster.kubectl, kubeconfig, namespace)
        may = ("auth", "can-i", "create", "pods")
        wait_until(lambda: user.attempt(*may).returncode == 0, timeout=NAMESPACE_DEADLINE, what=f"the rights of {name}")
        return user

    return make


@pytest.fixture
def editor(person: Callable[[str], Kubectl]) -> Kubectl:
    """Alice, who may edit in the test's namespace: the user of the product."""
    return person("alice")
