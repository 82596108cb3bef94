"""The status document, and the table that is made for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.lab import duration, table
from core.errors import LabError
from core.secret import Secret
from lab.api import Part
from lab.place import Place
from lab.services import document

HOST = {"name": "app-1", "address": "127.9.1.1", "ssh_port": 2222, "user": "deploy"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path, net=9)
    made.home.mkdir()
    return made


def composed(place: Place) -> dict[str, Any]:
    database = {"address": "127.9.2.1", "port": 5432, "user": "app", "name": "community"}
    return document.compose(place, Secret("token-of-this-lab"), "/lab/pki/edge-ca.pem", [HOST], database)


def test_the_document_is_read_as_it_was_written(place: Place) -> None:
    document.write(place, composed(place))
    assert document.read(place) == composed(place)


def test_the_document_has_the_addresses_that_the_parts_listen_on(place: Place) -> None:
    made = composed(place)
    assert made["cloudflare"]["base_url"] == "http://127.9.0.2:8080/client/v4"
    assert made["cloudflare"]["token"] == "token-of-this-lab"
    assert made["dns"] == {"address": "127.9.0.53", "port": 53}
    assert made["aws"] == {"endpoint_url": "http://127.9.0.4:5000"}
    assert set(made["edge"]) == {"address", "http_port", "https_port", "ca_file"}
    assert made["mail"]["smtp_port"] == 2525
    assert made["hosts"] == [HOST]


def test_the_zones_are_those_that_the_api_holds_now(place: Place) -> None:
    document.write(place, composed(place))
    zone = {"id": "z", "name": "new.test", "status": "active", "plan": "free", "settings": {}}
    state = {"revision": 1, "accounts": [], "secrets_stores": [], "zones": [zone | {"dns_records": [], "rulesets": []}]}
    place.cloudflare_state.parent.mkdir()
    place.cloudflare_state.write_text(json.dumps(state))
    assert document.read(place)["zones"] == ["new.test"]


def test_without_a_document_the_lab_is_not_up(place: Place) -> None:
    with pytest.raises(LabError, match="is not up"):
        document.read(place)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_document_is_one_sentence(place: Place, content: bytes) -> None:
    place.status_file.write_bytes(content)
    with pytest.raises(LabError, match="to mend it"):
        document.read(place)


def test_the_table_lines_its_columns_up() -> None:
    parts = [Part("dns", "up", "127.9.0.53:53", 41, 3.2), Part("app-1", "dead", "127.9.1.1", None, None)]
    assert table(parts) == [
        "PART   STATE  PID  UPTIME  ADDRESS",
        "dns    up     41   3 s     127.9.0.53:53",
        "app-1  dead   -    -       127.9.1.1",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7800, "2 h 10 min")]
)
def test_a_duration_is_told_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
