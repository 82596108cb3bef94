"""The pure parts of the lab's edge: sites from a snapshot, targets, header fields, statuses of failures."""

from __future__ import annotations

import errno
import ssl
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from lab.cloudflare.snapshot import Snapshot
from lab.edge.__main__ import options_of
from lab.edge.headers import for_client, for_origin
from lab.edge.origin import origin_error
from lab.edge.sites import Sites, sites_of
from lab.edge.target import BadTargetError, host_and_target


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def record(kind: str, name: str, content: str, *, proxied: bool = True) -> dict[str, Any]:
    return {"id": f"{name}-{content}", "type": kind, "name": name, "content": content, "ttl": 1, "proxied": proxied}


def sites(*records: dict[str, Any], **settings: Any) -> Sites:
    zone = {
        "id": "z",
        "name": "community.test",
        "status": "active",
        "plan": "free",
        "settings": settings,
        "dns_records": list(records),
        "rulesets": [],
    }
    return sites_of(Snapshot.model_validate({"revision": 7, "accounts": [], "zones": [zone], "secrets_stores": []}))


def test_proxied_names_are_sites_whose_origins_take_turns() -> None:
    found = sites(
        record("A", "app.community.test", "127.0.1.1"),
        record("A", "app.community.test", "127.0.1.2"),
        record("A", "mail.community.test", "127.0.1.3", proxied=False),
        record("CNAME", "www.community.test", "APP.community.test."),
    )
    assert set(found.by_host) == {"app.community.test", "www.community.test"}
    assert found.revision == 7
    site = found.by_host["app.community.test"]
    assert [site.origins()[0] for _ in range(3)] == ["127.0.1.1", "127.0.1.2", "127.0.1.1"]
    assert sorted(found.by_host["www.community.test"].origins()) == ["127.0.1.1", "127.0.1.2"]


def test_a_load_balancer_answers_before_the_records_of_its_name_and_for_its_aliases() -> None:
    pool = {"id": "p", "name": "p", "enabled": True, "minimum_origins": 1}
    pool["origins"] = [{"name": "a", "address": "127.0.1.9", "enabled": True, "weight": 1}]
    balancer = {"name": "app.community.test", "proxied": True, "default_pools": ["p"], "fallback_pool": "p"}
    balancer |= {"steering_policy": "off", "session_affinity": "none"}
    zone = {
        "id": "z",
        "name": "community.test",
        "status": "active",
        "plan": "free",
        "settings": {},
        "rulesets": [],
        "dns_records": [
            record("A", "app.community.test", "127.0.1.1"),
            record("CNAME", "www.community.test", "app.community.test"),
            record("A", "off.community.test", "127.0.1.2"),
        ],
        "load_balancers": [
            {**balancer, "enabled": True},
            {**balancer, "name": "off.community.test", "enabled": False},
        ],
    }
    account = {"id": "a", "name": "a", "pools": [pool]}
    state = {"revision": 1, "accounts": [account], "zones": [zone], "secrets_stores": []}
    found = sites_of(Snapshot.model_validate(state)).by_host
    assert {name: site.origins() for name, site in found.items()} == {
        "app.community.test": (),
        "off.community.test": ("127.0.1.2",),
        "www.community.test": (),
    }
    for name in ("app.community.test", "www.community.test"):
        balanced = found[name].balanced
        assert balanced is not None
        choice = balanced.balancer.choose("203.0.113.9", "")
        assert choice is not None
        assert [one.address for one in choice.origins] == ["127.0.1.9"]
    assert found["off.community.test"].balanced is None


@pytest.mark.parametrize("content", ["192.0.2.1", "::1"])
def test_an_origin_outside_of_loopback_is_left_out_and_said(content: str) -> None:
    found = sites(record("AAAA" if ":" in content else "A", "app.community.test", content))
    assert found.by_host["app.community.test"].origins() == ()
    assert any(content in warning and "127.0.0.0/8" in warning for warning in found.warnings)


def test_aliases_that_go_round_have_no_origin() -> None:
    found = sites(
        record("CNAME", "a.community.test", "b.community.test"), record("CNAME", "b.community.test", "a.community.test")
    )
    assert found.by_host["a.community.test"].origins() == ()


def test_a_zone_that_says_nothing_has_cloudflares_defaults() -> None:
    zone = sites().zones[0]
    assert (zone.ssl, zone.min_tls_version, zone.tls_1_3, zone.headers) == ("full", "1.0", True, ())


@pytest.mark.parametrize(
    ("version", "refused"), [(None, False), ("TLSv1.1", True), ("TLSv1.2", False), ("TLSv1.3", False)]
)
def test_a_zone_refuses_older_tls(version: str | None, refused: bool) -> None:
    assert sites(min_tls_version="1.2").zones[0].refuses(version) is refused


@pytest.mark.parametrize(
    ("raw", "host", "expected"),
    [
        ("/a?b", "App.Community.test", ("app.community.test", "/a?b")),
        ("/", "app.community.test.:8443", ("app.community.test", "/")),
        ("//a", "a", ("a", "//a")),
        ("http://other.test/x?y", "app.community.test", ("other.test", "/x?y")),
        ("https://other.test:8443", "app.community.test", ("other.test", "/")),
        ("https://other.test?q", "app.community.test", ("other.test", "/?q")),
    ],
)
def test_a_target_is_a_host_and_a_path(raw: str, host: str, expected: tuple[str, str]) -> None:
    assert host_and_target(raw, headers(("Host", host))) == expected


@pytest.mark.parametrize(
    ("raw", "hosts"),
    [
        ("/", []),
        ("/", ["a", "b"]),
        ("/", [""]),
        ("/", ["a b"]),
        ("/", ["a@b"]),
        ("/", ["a:b"]),
        ("/", ["[::1]"]),
        ("*", ["a"]),
        ("a:443", ["a"]),
        ("/#x", ["a"]),
        ("ftp://a/", ["a"]),
        ("http://user@a/", ["a"]),
    ],
)
def test_a_target_that_says_too_little_or_too_much_is_refused(raw: str, hosts: list[str]) -> None:
    with pytest.raises(BadTargetError):
        host_and_target(raw, headers(*(("Host", host) for host in hosts)))


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_target_and_no_host_crash(raw: str, host: str) -> None:
    try:
        name, target = host_and_target(raw, headers(("Host", host)))
    except BadTargetError:
        return
    assert name == name.lower()
    assert target.startswith("/")


def test_hop_by_hop_fields_end_at_the_edge_in_both_directions() -> None:
    pairs = headers(
        ("Host", "a"),
        ("Connection", "keep-alive, X-Mine"),
        ("X-Mine", "1"),
        ("Keep-Alive", "5"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
        ("Transfer-Encoding", "chunked"),
        ("X-Kept", "1"),
        ("X-Kept", "2"),
    )
    onward = for_origin(pairs, client="192.0.2.1", scheme="https", ray="r")
    assert [name for name, _ in onward] == [
        *(
            "Host",
            "X-Kept",
            "X-Kept",
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "CF-Connecting-IP",
            "CF-Ray",
            "CF-Visitor",
        )
    ]
    back = for_client(pairs, [("X-Kept", "edge")])
    assert list(back.items()) == [("Host", "a"), ("X-Kept", "edge")]


KEY = ConnectionKey("127.0.0.1", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "refused")), 521),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "unreachable")), 523),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNRESET, "reset in the handshake")), 525),
        (aiohttp.ConnectionTimeoutError("connect"), 522),
        (aiohttp.SocketTimeoutError("read"), 524),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError("handshake")), 525),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("expired")), 526),
        (aiohttp.ServerDisconnectedError(), 520),
        (aiohttp.ClientPayloadError(), 520),
    ],
)
def test_a_failure_has_cloudflares_status(error: aiohttp.ClientError, code: int) -> None:
    found = origin_error(error, "127.0.0.1")
    assert found.code == code
    assert "127.0.0.1" in str(found)


def test_the_command_line_is_the_contract() -> None:
    options = options_of(
        ["--address", "127.0.0.3", "--state", "s", "--pki", "p", "--source", "127.0.0.3", "--http-port", "8080"]
    )
    assert (options.http_port, options.https_port, options.origin_ports) == (8080, 443, (80, 443))
