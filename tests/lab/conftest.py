"""The lab that every test in this folder shares: brought up once, taken down only if it was not up before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from cli.world import record_of
from core.errors import LabError
from lab import api
from lab.place import here


@pytest.fixture(scope="session")
def lab() -> Iterator[dict[str, Any]]:
    """The lab's status document, as `invoke lab.status --json` prints it; the lab is up with its two app hosts."""
    place = here()
    try:
        api.status(place)
        was_up = True
    except LabError:
        was_up = False
        # What this machine saw of a lab that is gone is no witness of the next.
        record_of("lab").unlink(missing_ok=True)
    yield api.up(place, say=lambda _line: None)
    if not was_up:
        api.down(place, say=lambda _line: None)


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The URL of an AWS of the tests' own, with nothing in it."""
    server = ThreadedMotoServer(here().address(0, 205), 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
