"""What `invoke adopt` writes of a zone that holds what no stack's file can say: the rest, whole, and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.adopt import Adopted, adopt
from core.settings.stack import load_stack

ZONE = "old.test"
Record = dict[str, Any]


class Zone:
    """A zone's records, as :class:`core.ports.LiveApi` reads them."""

    def __init__(self, *records: Record) -> None:
        self.records = records

    def items(self, path: str, query: Mapping[str, str] | None = None) -> list[Mapping[str, Any]]:
        del query
        if path == "/zones":
            return [{"id": "z", "name": ZONE, "account": {"id": "1" * 31 + "a"}, "plan": {"legacy_id": "pro"}}]
        return list(self.records) if path.endswith("/dns_records") else []

    def get(self, path: str) -> None:
        del path


def record(kind: str, name: str, content: str | None = "192.0.2.9", **more: Any) -> Record:
    return {"type": kind, "name": f"{name}.{ZONE}", "content": content, "ttl": 1, "proxied": False, **more}


def adopted(folder: Path, *records: Record) -> tuple[Adopted, list[str]]:
    (folder / "stacks").mkdir()
    web = record("A", "www", "192.0.2.11") | {"proxied": True}
    file = folder / "stacks" / "Pulumi.old.yaml"
    done = adopt(ZONE, file, folder, Zone(web, *records), lambda _stack: [], lambda _found: [])
    return done, [each.name for each in load_stack(folder, "old").dns.records]


@pytest.mark.parametrize(
    "unfit",
    [
        record("SRV", "_s._tcp", data={"priority": 0}),
        record("CAA", "unfit", data={}),
        record("A", "Unfit", "300.1.1.1", ttl=1_000_000),
        record("TXT", "unfit", "\ud800"),
        record("A", "unfit", comment="half a pair: \udfff"),
        record("A", "unfit", None),
        record("TXT", "\x1b[2J", '"\\999\\000"'),
        record("NAPTR", "unfit", data={"order": 1}),
    ],
    ids=lambda unfit: f"{unfit['type']} {unfit['name']!a}",
)
def test_a_record_that_is_wrong_in_many_ways_takes_no_other_with_it(tmp_path: Path, unfit: Record) -> None:
    before, after = [record("A", f"b{n}") for n in range(3)], [record("AAAA", f"c{n}", "2001:db8::9") for n in range(3)]
    done, names = adopted(tmp_path, *before, unfit, *after)
    assert names == ["b0", "b1", "b2", "c0", "c1", "c2"]
    told = [line for line in done.left if line.startswith("record")]
    assert len(told) == 1, told


def test_a_large_zone_with_as_many_records_of_another_tool_is_adopted_whole(tmp_path: Path) -> None:
    fit = [record("A", f"n{n}", f"10.0.{n >> 8}.{n & 255}", comment="made by external-dns") for n in range(600)]
    unfit = [record("TXT", f"_acme-challenge.n{n}", '"\\195\\169"') for n in range(600)]
    mixed = [each for pair in zip(fit, unfit, strict=True) for each in pair]
    done, names = adopted(tmp_path, *mixed)
    assert names == [f"n{n}" for n in range(600)]
    assert len([line for line in done.left if line.startswith("record TXT")]) == 600
