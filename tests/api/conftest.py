"""What only an API server is needed for: a control plane without a node. Part of `make e2e`."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Built from the same programs as the cluster, so it is left out with it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
