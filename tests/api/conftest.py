"""What only an API server is needed for: a control plane without a node. Part of `make e2e`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from control_plane import ControlPlane, running_control_plane
from helm import Helm, helm

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Built from the same programs as the cluster, so it is left out with it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Empty, one for a module; a module that needs more in it has its own."""
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        yield running


@pytest.fixture(scope="module")
def charts(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return helm(tmp_path_factory.mktemp("helm"), plane.state.kubeconfig("admin"))
