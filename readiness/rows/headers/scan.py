"""sslyze, run as a process of its own: its words, and what its JSON says.

https://nabla-c0d3.github.io/sslyze/documentation/available-scan-commands.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import CheckError
from core.settings.hosts import Edge
from readiness.target import Target

FULL = ("--mozilla_config", "intermediate", "--certinfo", "--fallback")
CERTIFICATE = ("--mozilla_config", "disable", "--certinfo")
_SECONDS = 60.0
_VERSIONS = {
    "ssl_2_0": "SSL 2.0",
    "ssl_3_0": "SSL 3.0",
    "tls_1_0": "TLS 1.0",
    "tls_1_1": "TLS 1.1",
    "tls_1_2": "TLS 1.2",
    "tls_1_3": "TLS 1.3",
}
# Attack → where the JSON tells of it, and what it says where there is none.
_ATTACKS: Mapping[str, tuple[str, str, tuple[Any, ...]]] = {
    "Heartbleed": ("heartbleed", "is_vulnerable_to_heartbleed", (False,)),
    "CCS injection": ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection", (False,)),
    "ROBOT": ("robot", "robot_result", ("NOT_VULNERABLE_NO_ORACLE", "NOT_VULNERABLE_RSA_NOT_SUPPORTED")),
    "CRIME (compression)": ("tls_compression", "supports_compression", (False,)),
    "renegotiation by the client": ("session_renegotiation", "is_vulnerable_to_client_renegotiation_dos", (False,)),
    "insecure renegotiation": ("session_renegotiation", "supports_secure_renegotiation", (True,)),
    "downgrade (no fallback SCSV)": ("tls_fallback_scsv", "supports_fallback_scsv", (True,)),
}
_BLOCK = re.compile(r"^ +(\S+):\d+: (FAILED - Not compliant|OK - Compliant)", re.MULTILINE)
_POINT = re.compile(r"^ +\* (\w+): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Certificate:
    """What a name shows. ``trouble`` is why it does not hold, "" where it does; ``days`` are left."""

    names: tuple[str, ...]
    days: float
    key: str
    issuer: str
    chain: int
    trouble: str
    stapled: bool
    must_staple: bool
    offers_ocsp: bool


@dataclass(frozen=True)
class Scanned:
    """One name. What was not asked is empty; ``unread`` names what the scanner could not tell."""

    name: str
    trouble: str = ""
    versions: tuple[str, ...] = ()
    ciphers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attacks: Mapping[str, bool] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    profile: Mapping[str, str] | None = None
    """What is not as in Mozilla's profile, by the scanner's words; None where it did not say."""


def scanned(target: Target, names: Sequence[str], asked: Sequence[str]) -> tuple[list[Scanned], str]:
    """Scan ``names`` at the edge, and how the command was called. Raises :class:`CheckError` where that fails."""
    if not target.tls_scanner:
        raise CheckError("sslyze is not installed: run scripts/setup")
    edge = target.settings.fleet.edge
    out = target.folder / f"tls-{len(asked)}-{len(names)}.json"
    words = [*target.tls_scanner, "--quiet", *asked, *_authority(edge), "--json_out", str(out)]
    words += [_server(name, edge) for name in names]
    ran = target.local.run(words, environment={}, timeout=_SECONDS)
    try:
        document = json.loads(out.read_bytes())
    except (OSError, ValueError):
        last = (ran.err.strip() or ran.out.strip()).splitlines()[-1:] or ["it said nothing"]
        raise CheckError(f"sslyze ended with {ran.status} and no result ({last[0][:200]}): run it by hand") from None
    finally:
        out.unlink(missing_ok=True)
    profiles = _profiles(ran.out)
    command = " ".join(["sslyze", *words[len(target.tls_scanner) :]])
    return list(_read(document, profiles, private=edge is not None)), command


def _authority(edge: Edge | None) -> list[str]:
    return ["--certinfo_ca_file", str(Path(edge.ca_file).absolute())] if edge else []


def _server(name: str, edge: Edge | None) -> str:
    # Its own way to say: this name, at that address.
    return f"{name}:{edge.https_port}{{{edge.address}}}" if edge else f"{name}:443"


def _profiles(said: str) -> dict[str, dict[str, str]]:
    parts = _BLOCK.split(said)[1:]
    blocks = zip(parts[::3], parts[1::3], parts[2::3], strict=False)
    return {name: dict(_POINT.findall(rest)) if word.startswith("FAILED") else {} for name, word, rest in blocks}


def _read(document: Any, profiles: Mapping[str, dict[str, str]], *, private: bool) -> Iterator[Scanned]:
    for server in document.get("server_scan_results") or ():
        name = str(server["server_location"]["hostname"])
        found = server.get("scan_result")
        if not found:
            yield Scanned(name, trouble=_last_line(server.get("connectivity_error_trace")) or "it does not answer")
            continue
        unread = [key for key, part in found.items() if part and part["status"].startswith("ERROR")]
        versions = {said: _result(found, f"{key}_cipher_suites") for key, said in _VERSIONS.items()}
        yield Scanned(
            name,
            versions=tuple(said for said, result in versions.items() if result.get("is_tls_version_supported")),
            ciphers={said: _accepted(result) for said, result in versions.items() if _accepted(result)},
            attacks=dict(_attacks(found)),
            unread=tuple(unread),
            certificates=tuple(_certificates(_result(found, "certificate_info"), name, private=private)),
            profile=profiles.get(name),
        )


def _result(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return (found.get(key) or {}).get("result") or {}


def _accepted(result: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(suite["cipher_suite"]["name"]) for suite in result.get("accepted_cipher_suites") or ())


def _attacks(found: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for name, (key, field_, well) in _ATTACKS.items():
        result = _result(found, key)
        if field_ in result:
            yield name, result[field_] not in well


def _certificates(info: Mapping[str, Any], name: str, *, private: bool) -> Iterator[Certificate]:
    for deployment in info.get("certificate_deployments") or ():
        chain = deployment["received_certificate_chain"]
        leaf = chain[0]
        names = tuple(map(str, leaf["subject_alternative_name"]["dns_names"]))
        ends = datetime.fromisoformat(leaf["not_valid_after"].replace("Z", "+00:00"))
        key = leaf["public_key"]
        yield Certificate(
            names=names,
            days=(ends.astimezone(UTC) - datetime.now(UTC)).total_seconds() / 86_400,
            key=f"{key['algorithm']} {key['key_size']}",
            issuer=str(leaf["issuer"]["rfc4514_string"]) if leaf.get("issuer") else "",
            chain=len(chain),
            trouble=", ".join(_troubles(deployment, names, name, private=private)),
            stapled=deployment.get("ocsp_response") is not None,
            must_staple=bool(deployment.get("leaf_certificate_has_must_staple_extension")),
            offers_ocsp=_offers_ocsp(str(leaf["as_pem"])),
        )


def _troubles(deployment: Mapping[str, Any], names: Sequence[str], name: str, *, private: bool) -> Iterator[str]:
    paths = deployment.get("path_validation_results") or ()
    # A private edge's authority is in one store alone; a public one has to be in all of them.
    holds = [path["was_validation_successful"] for path in paths]
    if not holds or not (any(holds) if private else all(holds)):
        why = next((path["validation_error"] for path in paths if not path["was_validation_successful"]), "no store")
        yield f"its chain does not hold ({str(why)[:120]})"
    if not {name, f"*.{name.partition('.')[2]}"} & set(names):
        yield f"it is for {', '.join(names[:4])}"
    if not deployment.get("received_chain_has_valid_order", True):
        yield "its chain is out of order"
    if deployment.get("verified_chain_has_sha1_signature"):
        yield "its chain is signed with SHA-1"


def _offers_ocsp(pem: str) -> bool:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        extensions = x509.load_pem_x509_certificate(pem.encode()).extensions
        access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access)


def _last_line(text: Any) -> str:
    lines = str(text or "").strip().splitlines()
    return lines[-1][:200] if lines else ""
