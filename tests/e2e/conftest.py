"""The real cluster and the people at it: `admin` sets up and observes, `editor` does what users do."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import current
import harness
import operator_deployment
import pytest
from kubectl import Kubectl
from progress import HarnessError
from shelf import Shelf
from stage import Stage, new_editor, new_namespace
from toolbox import Toolbox

HERE = Path(__file__).parent
APART = str(harness.CHECKOUT / "deploy" / "temporary-namespace")
CLASS = {
    "apiVersion": "troubleshooter.sh/v1alpha1",
    "kind": "TroubleshooterClass",
    "metadata": {"name": "apart"},
}
DIAGNOSES = (
    ("get", "troubleshooters,pods,persistentvolumeclaims", "--output=wide"),
    ("describe", "troubleshooters,pods"),
    ("logs", "--selector=app.kubernetes.io/name=troubleshooter", "--prefix", "--tail=100"),
    ("logs", "--namespace=troubleshooter-system", "deployment/troubleshooter-operator", "--tail=200"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the cluster, so that `-m "not cluster"` leaves all of them out."""
    try:
        elsewhere = current.is_asked_for()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
    not_ours = pytest.mark.skip(reason="CLUSTER=current: this works on the node itself, and that is not ours")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            if elsewhere and item.get_closest_marker("own_node"):
                item.add_marker(not_ours)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure: what its namespace looked like, and where the node's logs are."""
    report = yield
    arguments: dict[str, Any] = getattr(item, "funcargs", {})
    if report.failed and "admin" in arguments:
        stage = arguments.get("stage")
        namespace = stage.namespace if stage else arguments.get("namespace", "default")
        admin: Kubectl = arguments["admin"].in_namespace(namespace)
        for diagnosis in DIAGNOSES:
            result = admin.attempt(*diagnosis)
            report.sections.append((f"kubectl {' '.join(diagnosis)}", result.stdout + result.stderr))
        if arguments["cluster"].node:
            report.sections.append(("logs of every part of the node", str(arguments["cluster"].logs)))
    return report


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[harness.Cluster]:
    """The cluster. Its start can take minutes, so what it says is shown at once."""
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
    with new_namespace(admin) as name:
        yield name


@pytest.fixture
def person(cluster: harness.Cluster, admin: Kubectl, namespace: str) -> Callable[[str], Kubectl]:
    """Makes people: users with a certificate of the cluster, editors in the test's namespace, no more."""
    return partial(new_editor, cluster, admin, namespace)


@pytest.fixture
def editor(person: Callable[[str], Kubectl]) -> Kubectl:
    """Alice, who may edit in the test's namespace: the user of the product."""
    return person("alice")


@pytest.fixture(scope="module")
def stage(
    cluster: harness.Cluster, admin: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A namespace for all tests of a module, with Alice in it."""
    with new_namespace(admin) as name:
        editor = new_editor(cluster, admin, name, "alice")
        yield Stage(name, admin.in_namespace(name), editor, tmp_path_factory.mktemp("volumes"))


@pytest.fixture(scope="session")
def operator(admin: Kubectl) -> None:
    """The product in the cluster, as this checkout has it."""
    operator_deployment.deploy(admin)


@pytest.fixture(scope="module")
def toolbox(operator: None, stage: Stage) -> Toolbox:
    """A toolbox for all tests of a module that need no other than the default."""
    return stage.start("toolbox")


@pytest.fixture(scope="module")
def volume(stage: Stage, toolbox: Toolbox) -> Shelf:
    """The recordings of that toolbox."""
    return stage.shelf(toolbox.name)


@pytest.fixture
def shelf(volume: Shelf) -> Shelf:
    """The same, where what other tests recorded is not new."""
    volume.new_casts()
    return volume


@pytest.fixture(scope="module")
def apart(operator: None, admin: Kubectl) -> Iterator[str]:
    """A class that allows namespaces of their own, and the operator's rights for it."""
    admin.run("apply", "-k", APART)
    spec = admin.json("get", "troubleshooterclass", "default")["spec"]
    admin.apply(CLASS | {"spec": spec | {"allow": {"temporaryNamespace": True}}})
    yield "apart"
    admin.run("delete", "troubleshooterclass", "apart")
    admin.run("delete", "-k", APART)
