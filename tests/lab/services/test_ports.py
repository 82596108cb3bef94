"""An address that is taken is named with the process that holds it."""

from __future__ import annotations

import os
import socket

import pytest

from core.errors import LabError
from lab.place import here
from lab.services.ports import holder, require_free
from lab.services.supervisor import Endpoint

ADDRESS = here().address(9, 9)
ME = f"(pid {os.getpid()})"


def bound(kind: socket.SocketKind, address: str = ADDRESS) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind((address, 0))
    if kind == socket.SOCK_STREAM:
        made.listen()
    return made


@pytest.mark.parametrize(("kind", "name"), [(socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")])
@pytest.mark.parametrize("address", [ADDRESS, "0.0.0.0"], ids=["the address itself", "every address"])
def test_a_taken_address_is_named_with_its_holder(kind: socket.SocketKind, name: str, address: str) -> None:
    with bound(kind, address) as taken:
        endpoint = Endpoint(ADDRESS, taken.getsockname()[1], udp=True)
        with pytest.raises(LabError) as caught:
            require_free([endpoint])
    assert f"{name} {endpoint} is taken by" in str(caught.value)
    assert ME in str(caught.value)


def test_a_socket_for_every_ipv6_address_takes_the_ipv4_one_too() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as taken:
        taken.bind(("::", 0))
        taken.listen()
        endpoint = Endpoint(ADDRESS, taken.getsockname()[1])
        with pytest.raises(LabError, match="is taken by"):
            require_free([endpoint])
        assert ME in str(holder(endpoint, "tcp"))


def test_a_free_address_passes_and_is_free_afterwards() -> None:
    with bound(socket.SOCK_STREAM) as taken:
        endpoint = Endpoint(ADDRESS, taken.getsockname()[1], udp=True)
    require_free([endpoint])
    require_free([endpoint])
    assert holder(endpoint, "tcp") is None


def test_every_taken_address_is_named() -> None:
    with bound(socket.SOCK_STREAM) as first, bound(socket.SOCK_STREAM) as second:
        endpoints = [Endpoint(ADDRESS, each.getsockname()[1]) for each in (first, second)]
        with pytest.raises(LabError) as caught:
            require_free(endpoints)
    assert len(str(caught.value).splitlines()) == 2
