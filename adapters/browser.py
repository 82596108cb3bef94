"""Chromium as Debian has it, driven by Playwright."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import CheckError

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


class Chromium:
    """Fulfils :class:`core.site.Browser`.

    ``at`` is the one address that every name leads to ("" for DNS); ``ca_file`` an authority to believe beside the
    usual ones, by its key (``--ignore-certificate-errors-spki-list``), which is a lab's.
    """

    def __init__(self, at: str = "", ca_file: str = "") -> None:
        self._at = at
        self._ca_file = ca_file

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
            device = dict(playwright.devices["Moto G4"]) if mobile else {}
            device.pop("default_browser_type", None)
            try:
                yield browser.new_context(**device).new_page()
            finally:
                browser.close()

    def _arguments(self) -> list[str]:
        words = list(_QUIET)
        if self._at:
            words.append(f"--host-resolver-rules=MAP * {self._at}")
        if self._ca_file:
            words.append(f"--ignore-certificate-errors-spki-list={_key_digest(Path(self._ca_file))}")
        return words


def _executable() -> str:
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    raise CheckError("there is no Chromium: run scripts/setup, or apt-get install chromium")


def _key_digest(path: Path) -> str:
    """Base64 of the SHA-256 of the certificate's public key (SubjectPublicKeyInfo)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificate

    key = load_pem_x509_certificate(path.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
