"""sslyze's JSON and words read: what fails, what is noted, and that a scanner in trouble is no pass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from core.ports import Ran
from lab.pki import Pki
from readiness.check import Outcome, Result
from readiness.rows.headers import PROBES
from tests.unit.readiness.fakes import results_of
from tests.unit.readiness.scripted import reply, target_of

TLS = next(probe for probe in PROBES if probe.run.__name__ == "tls")
VERSIONS = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")


def _part(**result: Any) -> dict[str, Any]:
    return {"status": "COMPLETED", "result": result}


def _server(name: str, pem: str, days: float, speaks: Sequence[str]) -> dict[str, Any]:
    ends = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    leaf = {
        "as_pem": pem,
        "not_valid_after": ends,
        "subject_alternative_name": {"dns_names": [name.partition(".")[2], f"*.{name.partition('.')[2]}", name]},
        "issuer": {"rfc4514_string": "CN=An authority"},
        "public_key": {"algorithm": "ECPublicKey", "key_size": 256},
    }
    path = {"was_validation_successful": True, "validation_error": None}
    deployment = {"received_certificate_chain": [leaf], "path_validation_results": [path], "ocsp_response": None}
    suite = [{"cipher_suite": {"name": "TLS_AES_128_GCM_SHA256"}}]
    found = {
        f"{version}_cipher_suites": _part(
            is_tls_version_supported=version in speaks, accepted_cipher_suites=suite if version in speaks else []
        )
        for version in VERSIONS
    }
    found["certificate_info"] = _part(certificate_deployments=[deployment])
    found["heartbleed"] = _part(is_vulnerable_to_heartbleed=False)
    found["robot"] = _part(robot_result="NOT_VULNERABLE_RSA_NOT_SUPPORTED")
    return {"server_location": {"hostname": name}, "scan_result": found}


class Scanner:
    """A command that writes what sslyze would; ``change`` may spoil what it says of one name."""

    def __init__(self, pem: str, speaks: Sequence[str] = VERSIONS[4:], days: float = 60, said: str = "") -> None:
        self._pem, self._speaks, self._days, self._said = pem, speaks, days, said
        self.change: Any = lambda _server: None

    def run(self, words: Sequence[str], *, environment: Mapping[str, str], timeout: float) -> Ran:
        at = words.index("--json_out")
        names = [word.partition(":")[0] for word in words[at + 2 :]]
        servers = [_server(name, self._pem, self._days, self._speaks) for name in names]
        for server in servers:
            self.change(server)
        Path(words[at + 1]).write_text(json.dumps({"server_scan_results": servers}))
        verdict = self._said or "OK - Compliant."
        return Ran(0, "".join(f"    {name}:443: {verdict}\n" for name in names), "")


@pytest.fixture
def pem(tmp_path: Path) -> str:
    now = datetime.now(UTC)
    made, _ = Pki(tmp_path).authority("edge").issue(["community.test"], now, now + timedelta(days=9))
    return made.public_bytes(Encoding.PEM).decode()


def results(scanner: Any, folder: Path, words: tuple[str, ...] = ("sslyze",)) -> dict[str, Result]:
    target = target_of(lambda *_: reply(200), local=scanner, folder=folder, tls_scanner=words)
    return {id_.partition(".")[2]: result for id_, result in results_of(TLS, target).items()}


def test_an_edge_as_it_should_be(pem: str, tmp_path: Path) -> None:
    found = results(Scanner(pem), tmp_path)
    assert found.pop("ocsp").outcome is Outcome.NOT_APPLICABLE
    assert {result.outcome for result in found.values()} == {Outcome.PASS}
    assert "6 of 6 declared names" in found["certificates"].summary


def test_an_old_version_is_found(pem: str, tmp_path: Path) -> None:
    found = results(Scanner(pem, speaks=VERSIONS[2:]), tmp_path)
    assert found["tls-versions"].outcome is Outcome.FAIL
    assert "app.community.test speaks TLS 1.0" in found["tls-versions"].summary


def test_ciphers_beside_the_profile_fail_and_curves_are_noted(pem: str, tmp_path: Path) -> None:
    curves = "FAILED - Not compliant.\n        * tls_curves: TLS curves {'X448'} are supported"
    assert results(Scanner(pem, said=curves), tmp_path)["tls-ciphers"].outcome is Outcome.PASS
    ciphers = "FAILED - Not compliant.\n        * ciphers: Cipher suites {'TLS_RSA_WITH_RC4_128_SHA'} are supported"
    assert results(Scanner(pem, said=ciphers), tmp_path)["tls-ciphers"].outcome is Outcome.FAIL


def test_a_certificate_for_another_name_or_nearly_over_is_found(pem: str, tmp_path: Path) -> None:
    assert results(Scanner(pem, days=5), tmp_path)["certificates"].outcome is Outcome.FAIL
    other = Scanner(pem)

    def change(server: dict[str, Any]) -> None:
        deployment = server["scan_result"]["certificate_info"]["result"]["certificate_deployments"][0]
        deployment["received_certificate_chain"][0]["subject_alternative_name"]["dns_names"] = ["elsewhere.test"]

    other.change = change
    assert "it is for elsewhere.test" in results(other, tmp_path)["certificates"].summary


def test_an_attack_that_works_is_found(pem: str, tmp_path: Path) -> None:
    scanner = Scanner(pem)
    scanner.change = lambda server: server["scan_result"].update(heartbleed=_part(is_vulnerable_to_heartbleed=True))
    assert results(scanner, tmp_path)["tls-attacks"].outcome is Outcome.FAIL


def test_what_the_scanner_could_not_tell_is_no_pass(pem: str, tmp_path: Path) -> None:
    scanner = Scanner(pem)
    broken = {"status": "ERROR", "result": None}
    scanner.change = lambda server: server["scan_result"].update(robot=broken, tls_1_0_cipher_suites=broken)
    found = results(scanner, tmp_path)
    assert (found["tls-versions"].outcome, found["tls-attacks"].outcome) == (Outcome.CANNOT_TELL, Outcome.CANNOT_TELL)


def test_a_name_without_tls_is_found(pem: str, tmp_path: Path) -> None:
    scanner = Scanner(pem)
    scanner.change = lambda server: server.update(scan_result=None, connectivity_error_trace="x\nrefused")
    found = results(scanner, tmp_path)
    assert found["tls-versions"].outcome is Outcome.FAIL
    assert "refused" in found["certificates"].summary


class Broken:
    def run(self, words: Sequence[str], *, environment: Mapping[str, str], timeout: float) -> Ran:
        return Ran(127, "", "it cannot be started: No such file or directory")


@pytest.mark.parametrize(("scanner", "words"), [(Broken(), ("sslyze",)), (Broken(), ())])
def test_a_scanner_that_is_not_there_is_no_pass(scanner: Broken, words: tuple[str, ...], tmp_path: Path) -> None:
    found = results(scanner, tmp_path, words)
    assert {result.outcome for result in found.values()} == {Outcome.CANNOT_TELL}
    assert all("sslyze" in result.summary for result in found.values())
