"""What tests of single actions stand on: an applier, and the fake API server that it talks to."""

from collections.abc import Iterator

import pytest
from api_server import FakeApi, running
from kubernetes.client.configuration import Configuration

from troubleshooter_operator.apply import Applier
from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.stores import Stores


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def applier(api: FakeApi, stores: Stores) -> Iterator[Applier]:
    with running(api) as address:
        cluster = ApiServer(Configuration(host=address, retries=False), ServerClock(), 5)
        yield Applier(cluster, stores)
        cluster.close()
