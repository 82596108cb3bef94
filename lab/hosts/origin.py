"""A host's origin certificate, changed while nginx runs."""

from __future__ import annotations

import ssl
from pathlib import Path

from core.errors import LabError
from core.terminal import clean
from lab.hosts import ready
from lab.hosts.host import named
from lab.hosts.inside import shell
from lab.place import Place

# $1: path, $2: mode; the content comes on standard input.
_PUT = 'umask 077; cat >"$1.new"; chmod "$2" "$1.new"; mv -T "$1.new" "$1"'

# The old workers answer with the old certificate until each has heard that it is to go: wait for that.
RELOAD = """
nginx -t -q
old=$(pgrep -P "$(cat /run/nginx.pid)")
systemctl reload nginx.service
for worker in $old; do
    while tr "\\0" " " <"/proc/$worker/cmdline" 2>/dev/null | grep -q "worker process *$"; do sleep 0.02; done
done
"""
"""A script of root's on a host: nginx reads its files again, and no worker is left of before."""


def install_origin_certificate(place: Place, name: str, certificate: Path, key: Path) -> None:
    """Put a certificate and its key (PEM files) in place of the host's, and return when nginx serves it.

    nginx takes any pair that fits together, an expired one or one for another name too. Raises :class:`LabError` if
    it does not; then nginx goes on with the former pair, which is put back.
    """
    folder = "/etc/app/tls"
    former = {file: _must(place, name, ["cat", f"{folder}/{file}"]) for file in ("origin.key", "origin.pem")}
    try:
        _install(place, name, {"origin.key": key.read_text(), "origin.pem": certificate.read_text()})
        _must(place, name, ["sh", "-euc", RELOAD])
    except LabError:
        _install(place, name, former)
        raise
    if ready.certificate_of(named(place, name)) != ssl.PEM_cert_to_DER_cert(_first(certificate.read_text())):
        raise LabError(f"nginx on {name} goes on serving the certificate it had")


def _install(place: Place, name: str, files: dict[str, str]) -> None:
    for file, content in files.items():
        mode = "0600" if file.endswith(".key") else "0644"
        _must(place, name, ["sh", "-euc", _PUT, "sh", f"/etc/app/tls/{file}", mode], content)


def _must(place: Place, name: str, argv: list[str], stdin: str = "") -> str:
    done = shell(place, name, argv, stdin)
    if done.returncode:
        raise LabError(f"{name} refused the certificate: {clean(' '.join(done.stderr.split()))}")
    return done.stdout


def _first(chain: str) -> str:
    """The first certificate of a PEM file, which is the server's own."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return f"{begin}{chain.partition(begin)[2].partition(end)[0]}{end}\n"
