"""Chromium as Debian has it, driven by Playwright."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import CheckError
from core.settings.hosts import Edge

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# It looks for updates, and for Google's hosts, unless it is told not to; as root it has no sandbox.
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
)
# What it asks on its own account all the same.
_ITS_OWN = (
    "accounts.google.com",
    "*.clients.google.com",
    "clients*.google.com",
    "update.googleapis.com",
    "*-pa.googleapis.com",
    "content-autofill.googleapis.com",
    "safebrowsing.googleapis.com",
)


class Chromium:
    """Fulfils :class:`core.site.Browser`.

    ``edge`` is where ``names`` lead to, and no other name leads anywhere then; without it DNS says where. The edge's
    authority is believed for ``names``, beside the usual ones. Chromium takes further authorities from the user's own
    store alone, so it is told the keys that this one vouches for now (``--ignore-certificate-errors-spki-list``).
    """

    def __init__(self, edge: Edge | None = None, names: Iterable[str] = ()) -> None:
        self._edge = edge
        self._names = tuple(names)

    @contextmanager
    def page(self, *, mobile: bool = False) -> Iterator[Any]:
        """A page of a new browser."""
        from playwright.sync_api import Error, sync_playwright

        path = _executable()
        with sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(
                    executable_path=path, args=self._arguments(), chromium_sandbox=False
                )
            except Error as error:
                raise CheckError(f"{path} does not start: {str(error).splitlines()[0]}") from None
            device = dict(playwright.devices["Moto G4"]) if mobile else {"user_agent": _agent(browser.version)}
            device.pop("default_browser_type", None)
            try:
                yield browser.new_context(**device).new_page()
            finally:
                browser.close()

    def _arguments(self) -> list[str]:
        words, edge = list(_QUIET), self._edge
        rules = [f"MAP {name} ~NOTFOUND" for name in _ITS_OWN]
        if edge:
            ways = ((80, edge.http_port), (443, edge.https_port))
            rules = [f"MAP {name}:{port} {edge.address}:{own}" for name in self._names for port, own in ways]
            rules.append("MAP * ~NOTFOUND")
        words.append(f"--host-resolver-rules={','.join(rules)}")
        if edge and edge.ca_file and (keys := {_key_digest(edge, name) for name in self._names}):
            words.append(f"--ignore-certificate-errors-spki-list={','.join(sorted(keys))}")
        return words


def _agent(version: str) -> str:
    """What the same Chromium says of itself with a window: firewalls stop what says that it has none."""
    system = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    return f"{system} Chrome/{version.partition('.')[0]}.0.0.0 Safari/537.36"


def _executable() -> str:
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    raise CheckError("there is no Chromium: run scripts/setup, or apt-get install chromium")


def _key_digest(edge: Edge, name: str) -> str:
    """Base64 of the SHA-256 of the key (SubjectPublicKeyInfo) that ``name`` shows, by the edge's own authority.

    Raises :class:`CheckError` for no answer, and for a certificate that the authority does not vouch for.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_certificate

    context = ssl.create_default_context(cafile=edge.ca_file)
    try:
        with (
            socket.create_connection((edge.address, edge.https_port), 5) as connection,
            context.wrap_socket(connection, server_hostname=name) as secured,
        ):
            shown = secured.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise CheckError(f"{name} shows no certificate of {edge.ca_file} ({type(error).__name__})") from None
    key = load_der_x509_certificate(shown).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
