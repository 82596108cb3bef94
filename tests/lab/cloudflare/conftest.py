"""A running API, the official client for it, and a zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cloudflare import Cloudflare

from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api


@contextmanager
def _started(made: Api) -> Iterator[Api]:
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with _started(Api(tmp_path_factory.mktemp("api"), fourth=202)) as made:
        yield made


@pytest.fixture
def api(_running: Api) -> Iterator[Api]:
    """A running API that holds nothing; it is the same process for all tests, so do not stop it."""
    yield _running
    _running.empty()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    """An API of the test's own, to be stopped, killed and started at will."""
    with _started(Api(tmp_path)) as made:
        yield made


@pytest.fixture
def client(api: Api) -> Any:
    """The official client, which holds every answer strictly against its models.

    It is ``Any`` to the tests: its overloads want literals where a table of cases has strings.
    """
    return Cloudflare(api_token=api.token, base_url=api.url, max_retries=0, _strict_response_validation=True)


@pytest.fixture
def zone(client: Any) -> str:
    """The id of a new zone ``community.test``."""
    return str(client.zones.create(account={"id": ACCOUNT_ID}, name="community.test").id)
