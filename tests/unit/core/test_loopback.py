"""The lab's border holds for addresses, names and URLs that clients read in different ways."""

from __future__ import annotations

import pytest

from core.errors import LabError
from core.loopback import require_loopback, require_loopback_url


@pytest.mark.parametrize("address", ["127.0.0.1", "127.88.1.2", "127.255.255.254"])
def test_loopback_addresses_pass(address: str) -> None:
    assert require_loopback(address) == address
    assert require_loopback_url(f"http://{address}:8080/client/v4") == f"http://{address}:8080/client/v4"
    assert require_loopback_url(f"https://{address}") == f"https://{address}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "::1",
        "0.0.0.0",
        "128.0.0.1",
        "126.255.255.255",
        "127.1",
        "0x7f000001",
        "127.0.0.1 ",
        "127.0.0.01",
    ],
)
def test_everything_else_is_refused(address: str) -> None:
    with pytest.raises(LabError, match=r"127\.0\.0\.0/8"):
        require_loopback(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/client/v4",
        "http://127.0.0.1@api.example/",
        "http://api.example@127.0.0.1/",
        # urlsplit reads 127.0.0.1 as this one's host, and urllib3 reads api.example.
        "http://api.example\\@127.0.0.1/",
        "http://127.0.0.1\\.api.example/",
        "http://127.0.0.1.api.example/",
        "http://[::1]:8080/",
        "http://[::1",
        "//127.0.0.1/",
        "file://127.0.0.1/etc/passwd",
        "http://127.0.0.1:8080 /",
        "http://127.0.0.1\r\nHost: api.example",
        "127.0.0.1:8080",
        "",
    ],
)
def test_a_url_that_could_lead_outside_is_refused(url: str) -> None:
    with pytest.raises(LabError):
        require_loopback_url(url)
