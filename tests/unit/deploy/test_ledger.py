"""Ledgers: whatever is edited, removed, moved or cut is found, and nothing is found where nothing was."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deploy.journal import BEGIN, DEPLOY, DONE, REFUSED, REVERTED, ROLLBACK, SWITCH, Entry
from deploy.ledger.chain import Fault, Ledger
from deploy.ledger.verify import Copied, Evidence, verify

HOSTS = ("a", "b", "c")


@dataclass
class Writer:
    """Hosts as ``journal()`` of lib.sh writes them, and the record of the machine that releases."""

    files: dict[str, bytes] = field(default_factory=dict)
    record: list[str] = field(default_factory=list)
    count: int = 0

    def head(self, host: str) -> str:
        return hashlib.sha256(self.bound(host)).hexdigest() if host in self.files else ""

    def bound(self, host: str) -> bytes:
        """The last line, with those before it back to one that is whole."""
        lines = self.files.get(host, b"").removesuffix(b"\n").split(b"\n")
        whole = [at for at, line in enumerate(lines) if b'"prev":"' in line and line.endswith(b"}")]
        return b"".join(lines[whole[-1] if whole else 0 :])

    def append(self, host: str, line: str, torn: int = 0) -> None:
        data = self.files.get(host, b"")
        if data and not data.endswith(b"\n"):
            data += b"\n"
        prev = hashlib.sha256(self.bound(host)).hexdigest()
        whole = f'{line[:-1]},"seq":{data.count(10)},"prev":"{prev}"}}\n'.encode()
        self.files[host] = data + (whole[:torn] if torn else whole)

    def command(self, hosts: list[str], action: str, end: str, torn: dict[str, int]) -> None:
        """One command on ``hosts``; the lines of the ``torn`` ones end in the middle of their second one."""
        self.count += 1
        heads = {host: self.head(host) for host in hosts}
        for host in hosts:
            self.append(host, self.line(action, BEGIN, {"heads": heads}))
            self.append(host, self.line(action, SWITCH), torn.get(host, 0))
            if host not in torn:
                self.append(host, self.line(action, end, {"phases": {"switch": 0.5}}))
        ended = {host: self.head(host) for host in hosts if host not in torn}
        if ended:
            self.record.append(json.dumps({"at": "x", "run": f"run{self.count}", "phase": "end", "heads": ended}))

    def line(self, action: str, step: str, evidence: dict[str, Any] | None = None) -> str:
        version, run = f"{self.count}.0", f"run{self.count}"
        return Entry("2026", run, "me@x", action, step, version, "d", "blue", "ok", 1.0, None, evidence).line()

    def ledgers(self) -> dict[str, Ledger]:
        return {host: Ledger.of(host, data) for host, data in self.files.items()}

    def faults(self, *, record: bool = True, copies: tuple[Copied, ...] | None = None) -> list[Fault]:
        evidence = Evidence(tuple(self.record) if record else (), copies)
        return [fault for verdict in verify(self.ledgers(), evidence).values() for fault in verdict.faults]


@st.composite
def histories(draw: st.DrawFn) -> Writer:
    """Commands on some hosts or all, hosts that join late, ends of each kind, power cuts, and at last one on all."""
    writer = Writer()
    for _ in range(draw(st.integers(1, 5))):
        hosts = sorted(draw(st.sets(st.sampled_from(HOSTS), min_size=1)))
        torn = {host: draw(st.integers(1, 60)) for host in hosts if draw(st.booleans())}
        action, end = draw(st.sampled_from([DEPLOY, ROLLBACK])), draw(st.sampled_from([DONE, REFUSED, REVERTED]))
        writer.command(hosts, action, end, torn)
    writer.command(list(HOSTS), DEPLOY, DONE, {})
    return writer


@settings(max_examples=50, deadline=None)
@given(histories())
def test_honest_ledgers_have_no_fault(writer: Writer) -> None:
    assert writer.faults() == []
    assert writer.faults(record=False) == []
    lines = {host: tuple(data.split(b"\n")[:-1]) for host, data in writer.files.items()}
    copies = tuple(Copied(host, 1, lines[host][1:]) for host in lines)
    assert writer.faults(copies=copies) == []


@settings(max_examples=50, deadline=None)
@given(histories(), st.data())
def test_any_byte_that_is_another_is_found(writer: Writer, data: st.DataObject) -> None:
    host = data.draw(st.sampled_from(HOSTS))
    at = data.draw(st.integers(0, len(writer.files[host]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != writer.files[host][at]))
    writer.files[host] = writer.files[host][:at] + bytes([byte]) + writer.files[host][at + 1 :]
    assert host in {fault.host for fault in writer.faults()}
    # without the record, the very last line may tell of itself what it likes
    if at < writer.files[host].removesuffix(b"\n").rfind(b"\n") - 1:
        assert host in {fault.host for fault in writer.faults(record=False)}


@settings(max_examples=50, deadline=None)
@given(histories(), st.data())
def test_any_line_that_is_gone_twice_or_moved_is_found(writer: Writer, data: st.DataObject) -> None:
    host = data.draw(st.sampled_from(HOSTS))
    lines = writer.files[host].split(b"\n")[:-1]
    at = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["removed", "doubled", "swapped"]))
    if how == "removed":
        del lines[at]
    elif how == "doubled":
        lines.insert(other, lines[at])
    else:
        assume(lines[at] != lines[other])
        lines[at], lines[other] = lines[other], lines[at]
    writer.files[host] = b"".join(line + b"\n" for line in lines)
    assert host in {fault.host for fault in writer.faults(record=False)}


@settings(max_examples=50, deadline=None)
@given(histories(), st.data())
def test_any_end_that_is_cut_off_is_found_by_the_other_hosts(writer: Writer, data: st.DataObject) -> None:
    host = data.draw(st.sampled_from(HOSTS))
    keep = data.draw(st.integers(0, len(writer.files[host]) - 2))
    writer.files[host] = writer.files[host][:keep]
    assert host in {fault.host for fault in writer.faults(record=False)}


def two(*actions: str) -> Writer:
    writer = Writer()
    for action in actions or (DEPLOY, DEPLOY, ROLLBACK):
        writer.command(["a", "b"], action, DONE, {})
    return writer


def rewritten(writer: Writer, host: str, old: str, new: str) -> Writer:
    """As somebody would who knows the chain: everything after the edit is chained anew."""
    made = copy.deepcopy(writer)
    lines = made.files.pop(host).decode().splitlines()
    for line in lines:
        made.append(host, line[: line.rindex(',"seq":')].replace(old, new) + "}")
    return made


def test_a_ledger_that_was_chained_anew_is_found_by_the_others_the_record_and_the_copy() -> None:
    honest = two()
    forged = rewritten(honest, "b", '"who":"me@x"', '"who":"eve@y"')
    assert not any(fault.line == 1 and "SHA-256" in fault.what for fault in forged.faults())
    alone = {fault.what for fault in forged.faults(record=False) if fault.host == "b"}
    assert any("is not there: cut off or edited; line 4 of a saw it" in what for what in alone)
    assert "its who is another than in line 1 of a" in alone
    only_b = {"b": forged.ledgers()["b"]}
    found = verify(only_b, Evidence(tuple(honest.record)))["b"].faults
    assert any("the record of this machine saw it" in fault.what for fault in found)
    kept = Copied("b", 0, honest.ledgers()["b"].lines[:2])
    found = verify(only_b, Evidence(copies=(kept,)))["b"].faults
    assert Fault("b", 1, "it is not what the copy of it says: one was edited") in found


def test_the_place_is_exact() -> None:
    writer = two()
    writer.files["b"] = writer.files["b"].replace(b'"version":"2.0"', b'"version":"9.0"', 1)
    before, *_ = [fault for fault in writer.faults(record=False) if fault.host == "b"]
    assert before.line == 5
    assert before.what.startswith("line 4 was edited or exchanged: the line before should have the SHA-256 ")


def test_an_end_that_was_never_written_is_a_note_where_the_record_knows_it() -> None:
    writer = two(DEPLOY)
    writer.files["b"] = b"".join(writer.files["b"].splitlines(keepends=True)[:-1])
    (fault,) = writer.faults(record=False)
    assert fault.what.startswith("the end of the deploy of 1.0 (done, line 3 of a) is not there: cut off, or the host")
    states = {"at": "x", "run": "run1", "phase": "finish", "hosts": {"a": "recorded", "b": "failed"}}
    verdicts = verify(writer.ledgers(), Evidence((json.dumps(states), "torn {")))
    assert verdicts["b"].faults == ()
    assert "never written" in verdicts["b"].notes[0]
    # and once more was done there, the chain says that nothing stood between
    writer.command(["a", "b"], ROLLBACK, DONE, {})
    assert writer.faults(record=False) == []


def test_what_is_from_before_the_chain_is_bound_by_its_first_line_and_what_is_not_copied_is_said() -> None:
    writer = Writer({"a": b'{"old":1}\n{"old":2}\n'})
    writer.command(["a"], DEPLOY, DONE, {})
    (verdict,) = verify(writer.ledgers(), Evidence(copies=())).values()
    assert verdict.faults == ()
    assert verdict.notes == ("lines 1 to 5 are not copied yet: run `invoke releases.copy`",)
    writer.files["a"] = writer.files["a"].replace(b'{"old":1}', b'{"old":3}')
    fault, *_ = writer.faults(record=False)
    assert fault.what.startswith("one of the lines 1 to 2 was edited: ")


@pytest.mark.parametrize("line", [b'{"at":"forged"}', b"}", b'{"a":1,"seq":3,"prev":"' + b"0" * 64 + b'"}'])
def test_a_line_that_was_put_to_the_end_is_found(line: bytes) -> None:
    writer = two(DEPLOY)
    writer.files["a"] += line + b"\n"
    assert [fault.line for fault in writer.faults()] == [4]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=6), st.lists(st.text(max_size=40), max_size=3))
def test_no_line_is_an_error(lines: list[bytes], record: list[str]) -> None:
    ledgers = {"a": Ledger.of("a", b"\n".join(lines))}
    assert set(verify(ledgers, Evidence(tuple(record)))) == {"a"}
