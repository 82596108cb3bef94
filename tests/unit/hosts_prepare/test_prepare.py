"""What is brought to a host, what it is called there, and how its answer is understood."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.cloudflare_ranges import fetch
from core.errors import HostError, SettingsError, StoreError
from core.ports import Held, Input, Ran
from deploy.hosts.prepare import Names, bundle, names_for, prepare
from deploy.hosts.ranges import ranges
from deploy.layout import Layout
from tests.own_server import Answering, served

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


class Answers:
    """Fulfils :class:`core.ports.Shell` with one answer."""

    name = "a"

    def __init__(self, ran: Ran) -> None:
        self.ran = ran
        self.script = ""

    def connect(self) -> None:
        """Nothing."""

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        self.script = script
        assert stdin == b"tar"
        return self.ran

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        raise AssertionError("nothing is pulled")

    def hold(self, script: str, *, timeout: float) -> Held:
        raise AssertionError("nothing is held")

    def close(self) -> None:
        """Nothing."""


def asked(out: str, code: int = 0, *, check: bool = False) -> tuple[Answers, bool]:
    shell = Answers(Ran(code, out, ""))
    done = prepare({"a": shell}, Layout(), b"tar", Names("443", ("x.test", "*.x.test")), check=check)
    return shell, done.or_raise()["a"].changed


def test_the_bundle_has_the_scripts_as_they_are_and_the_ranges() -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle(SCRIPTS, ["192.0.2.0/24", "2001:db8::/32"]))) as tar:
        names = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert names["prepare-host"] == (SCRIPTS / "prepare-host").read_bytes()
    assert names["rollback-here"] == (SCRIPTS / "rollback-here").read_bytes()
    assert names["cloudflare-ranges"] == b"192.0.2.0/24\n2001:db8::/32\n"
    assert len(names) == 3


@pytest.mark.parametrize("policy", ["", "version: STSv1\n"])
def test_the_bundle_has_the_policy_of_mta_sts_an_empty_one_too(policy: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle(SCRIPTS, [], policy))) as tar:
        assert tar.extractfile("mta-sts.txt").read() == policy.encode()  # type: ignore[union-attr]


def test_names_stand_quoted_in_the_script() -> None:
    shell, _changed = asked("prepare-host: ready\n")
    assert "names='x.test *.x.test'" in shell.script
    assert "listen=443\n" in shell.script
    assert "override=no" in shell.script


@pytest.mark.parametrize(
    ("out", "code", "check", "changed"),
    [
        ("prepare-host: nothing changed\nprepare-host: ready\n", 0, False, False),
        ("changed: /etc/x\nprepare-host: ready\n", 0, False, True),
        ("prepare-host: nothing would change\n", 0, True, False),
        ("would change: /etc/x\nprepare-host: 1 things would change, and nothing was\n", 1, True, True),
    ],
)
def test_a_hosts_answer_says_whether_anything_changed(out: str, code: int, check: bool, changed: bool) -> None:
    assert asked(out, code, check=check)[1] is changed


@pytest.mark.parametrize(
    ("out", "code", "check", "words"),
    [
        ("E: Unable to fetch\n", 100, False, "a could not be prepared: E: Unable to fetch"),
        ("failed deploy is not root\n", 77, False, "deploy is not root"),
        ("changed: x\nnginx: [emerg] \x1b[2J\n", 1, True, r"emerg\] \\x1b"),
    ],
)
def test_a_host_that_fails_says_why(out: str, code: int, check: bool, words: str) -> None:
    with pytest.raises(HostError, match=words):
        asked(out, code, check=check)


@pytest.mark.parametrize(
    ("url", "zone", "names"),
    [
        ("https://app.x.test", "x.test", ("x.test", "*.x.test")),
        ("https://x.test", "x.test", ("x.test", "*.x.test")),
        ("https://a.b.x.test", "x.test", ("x.test", "*.x.test", "a.b.x.test")),
        ("https://notx.test", "x.test", ("x.test", "*.x.test", "notx.test")),
        (None, "x.test", ("x.test", "*.x.test")),
        ("https://app.x.test", None, ("app.x.test",)),
        (None, None, ()),
    ],
)
def test_the_names_of_a_stack(url: str | None, zone: str | None, names: tuple[str, ...]) -> None:
    assert names_for(url, zone) == names


def test_the_committed_list_is_whole_and_dated() -> None:
    lines = (SCRIPTS / "cloudflare-ranges").read_text().splitlines()
    assert len(ranges(lines, "committed")) == 22
    assert "on 20" in lines[0]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["0.0.0.0/0", "2400:cb00::/32"], "0.0.0.0/0 is wider"),
        (["192.0.2.0/24", "::/0"], "::/0 is wider"),
        (["192.0.2.0/24"], "lacks IPv4 or IPv6"),
        ([], "lacks IPv4 or IPv6"),
        (["192.0.2.1/24", "2400:cb00::/32"], "is no network"),
        (["192.0.2.0/24 } accept; #", "2400:cb00::/32"], "is no network"),
    ],
)
def test_a_list_that_would_open_too_much_is_refused(lines: list[str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        ranges(lines, "list")


Serve = Callable[[str], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves one body at /ips, on an address of the loopback."""
    with ExitStack() as servers:

        def start(body: str) -> str:
            class Handler(Answering):
                def do_GET(self) -> None:
                    self.answer(200 if self.path == "/ips" else 404, body.encode())

            return servers.enter_context(served(Handler))

        yield start


def test_the_api_is_asked(serve: Serve) -> None:
    result = {"ipv4_cidrs": ["192.0.2.0/24"], "ipv6_cidrs": ["2001:db8::/32"], "etag": "x"}
    assert fetch(serve(json.dumps({"result": result, "success": True}))) == ("192.0.2.0/24", "2001:db8::/32")


@pytest.mark.parametrize(
    "body", ["<html>", "{}", '{"result": null}', '{"result": {"ipv4_cidrs": [1], "ipv6_cidrs": []}}']
)
def test_another_answer_is_named(serve: Serve, body: str) -> None:
    base = serve(body)
    with pytest.raises(StoreError, match=rf"{base}/ips (does not answer|answers with)"):
        fetch(base)


def test_an_api_that_is_down_is_named() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9/ips does not answer"):
        fetch("http://127.0.0.1:9", 0.5)
