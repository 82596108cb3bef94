"""The services as values, their addresses, and the files beside them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from core.secret import Secret
from lab.place import Place
from lab.services import parts
from lab.services.files import write_atomically
from lab.services.foreground import listen_address
from lab.services.supervisor import Service

PLACE = Place(Path("/project"), net=9)
TOKEN = Secret("not-to-be-seen")


def services() -> list[Service]:
    return [*parts.before_edge(PLACE, Path("/tree"), TOKEN), parts.edge(PLACE)]


def test_the_api_is_told_of_its_files_and_not_of_its_token() -> None:
    assert parts.cloudflare(PLACE, TOKEN).argv == (
        sys.executable,
        "-m",
        "lab.cloudflare",
        "--listen",
        "127.9.0.2:8080",
        "--state",
        "/project/.lab/cloudflare/state.json",
        "--token-file",
        "/project/.lab/cloudflare/token",
        "--pki",
        "/project/.lab/pki",
        "--dns",
        "127.9.0.53:53",
        "--sink",
        "127.9.0.6:8080",
        "--smtp",
        "127.9.0.5:2526",
        "--probe-from",
        "127.9.0.3",
    )


def test_no_service_has_a_secret_in_its_command_or_its_text() -> None:
    for service in services():
        assert TOKEN.reveal() not in repr(service)


def test_no_two_services_share_an_address_or_a_name() -> None:
    endpoints = [str(endpoint) for service in services() for endpoint in service.endpoints]
    assert len(endpoints) == len(set(endpoints))
    names = [service.name for service in services()]
    assert len(names) == len(set(names))


def test_every_service_listens_on_this_labs_net() -> None:
    assert all(endpoint.address.startswith("127.9.") for service in services() for endpoint in service.endpoints)


def test_an_address_of_loopback_is_taken() -> None:
    assert listen_address("127.9.0.2:8080") == ("127.9.0.2", 8080)


@pytest.mark.parametrize("text", ["", "8080", "0.0.0.0:80", "localhost:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x"])
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        listen_address(text)


def test_a_file_is_replaced_whole_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text("old")
    file.chmod(0o644)
    write_atomically(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
