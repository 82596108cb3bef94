"""Several zones in a stack, and the certificates on both sides of the edge, as they go over Pulumi's wire."""

from __future__ import annotations

from typing import Any

import pytest

from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY
from core.rulesets.expressions import every
from core.rulesets.redirects import UNTOUCHED

OLD, PARKED = "community-old.test", "comunity.test"


def _records(project: Any, zone: str) -> dict[str, dict[str, Any]]:
    declared = project.declare().of("DnsRecord")
    prefix = f"{zone}/"
    return {name.removeprefix(prefix): one.inputs for name, one in declared.items() if name.startswith(prefix)}


@pytest.mark.parametrize("zone", [OLD, PARKED])
def test_a_zone_beside_the_platforms_own_has_no_mail(project: Any, zone: str) -> None:
    records = _records(project, zone)
    null = records["@/MX/null"]
    assert (null["name"], null["content"], null["priority"], null["zoneId"]) == (zone, ".", 0, f"id-of-{zone}")
    texts = {name: one["content"] for name, one in records.items() if one["type"] == "TXT"}
    assert texts == {
        "@/TXT": '"v=spf1 -all"',
        "_dmarc/TXT": '"v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=s"',
        "*._domainkey/TXT": '"v=DKIM1; p="',
    }
    assert records["*._domainkey/TXT"]["name"] == f"*._domainkey.{zone}"


def test_a_parked_zone_has_nothing_else_and_a_redirected_one_answers_by_its_names(project: Any) -> None:
    assert len(_records(project, PARKED)) == 5
    web = {one["name"]: one for one in _records(project, OLD).values() if one["type"] == "AAAA"}
    assert {(name, one["content"], one["proxied"]) for name, one in web.items()} == {
        (OLD, "100::", True),
        (f"www.{OLD}", "100::", True),
    }


@pytest.mark.parametrize(("zone", "issuers"), [(PARKED, {";"}), (OLD, {"letsencrypt.org", "pki.goog"})])
def test_only_who_has_to_may_sign_certificates_for_a_zone_beside(project: Any, zone: str, issuers: set[str]) -> None:
    found = [one["data"] for one in _records(project, zone).values() if one["type"] == "CAA"]
    assert {(data["tag"], data["value"]) for data in found} == {("issue", issuer) for issuer in issuers}


def test_a_redirected_zone_leads_to_the_platform_for_good_with_path_and_query(project: Any) -> None:
    ruleset = project.declare().of("Ruleset")[f"{OLD}/redirect"].inputs
    assert (ruleset["phase"], ruleset["zoneId"]) == ("http_request_dynamic_redirect", f"id-of-{OLD}")
    (rule,) = ruleset["rules"]
    assert (rule["action"], rule["expression"]) == ("redirect", every(UNTOUCHED))
    assert rule["actionParameters"]["fromValue"] == {
        "statusCode": 301,
        "preserveQueryString": True,
        "targetUrl": {"expression": 'concat("https://community.test", http.request.uri.path)'},
    }


def test_a_redirected_zone_answers_once_its_rule_and_its_encryption_stand(project: Any) -> None:
    declared = project.declare()
    settings = {name: one for name, one in declared.of("ZoneSetting").items() if name.startswith(f"{OLD}/")}
    assert settings[f"{OLD}/ssl"].inputs["value"] == "strict"
    assert len(settings) == 7
    needed = {declared.of("Ruleset")[f"{OLD}/redirect"].urn, *(one.urn for one in settings.values())}
    for name in ("@", "www"):
        assert needed <= set(declared.of("DnsRecord")[f"{OLD}/{name}/AAAA/originless"].dependencies)


def test_every_zone_is_signed_or_said_not_to_be(project: Any) -> None:
    def unsigned(config: dict[str, Any]) -> None:
        config["launch-ready:other_zones"]["zones"][1]["dnssec"] = False

    project.change(unsigned)
    signed = {name: one.inputs["status"] for name, one in project.declare().of("ZoneDnssec").items()}
    assert signed == {
        "community.test/dnssec": "active",
        f"{OLD}/dnssec": "active",
        f"{PARKED}/dnssec": "disabled",
    }


def test_zones_are_told_apart_and_their_order_says_nothing(project: Any) -> None:
    before = {one.urn: one.inputs for one in project.declare().resources}
    assert len(before) == len(project.declare().resources)
    project.change(lambda config: config["launch-ready:other_zones"]["zones"].reverse())
    assert {one.urn: one.inputs for one in project.declare().resources} == before


def test_the_edge_has_its_certificate_and_the_hosts_theirs(project: Any) -> None:
    declared = project.declare()
    pack = declared.of("CertificatePack")["certificate-pack"].inputs
    assert (pack["certificateAuthority"], pack["hosts"]) == ("lets_encrypt", ["*.community.test", "community.test"])
    ((name, origin),) = declared.of("OriginCaCertificate").items()
    assert (origin.inputs["requestType"], origin.inputs["requestedValidity"]) == ("origin-ecc", 5475)
    assert origin.inputs["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert name.endswith("/5475")


def test_another_validity_is_another_certificate_beside_the_old_one(project: Any) -> None:
    def renew(config: dict[str, Any]) -> None:
        config["launch-ready:tls"]["origin_certificates"][0]["validity_days"] = 365

    (before,) = project.declare().of("OriginCaCertificate")
    project.change(renew)
    (after,) = project.declare().of("OriginCaCertificate")
    assert before != after


def test_the_key_that_the_edge_shows_itself_by_is_a_secret_and_is_there_before_the_switch(project: Any) -> None:
    declared = project.declare()
    shown = declared.of("AuthenticatedOriginPullsCertificate")["origin-pulls"]
    assert shown.inputs["privateKey"][SIGNATURE_KEY] == SECRET_SIGNATURE
    assert "BEGIN CERTIFICATE" in shown.inputs["certificate"]
    switch = declared.of("AuthenticatedOriginPullsSettings")["origin-pulls"]
    assert switch.inputs["enabled"] is True
    assert shown.urn in switch.dependencies


def test_what_is_not_asked_for_is_declared_off(project: Any) -> None:
    project.change(lambda config: config["launch-ready:tls"].pop("origin_pulls"))
    project.change(lambda config: config.pop("launch-ready:origin-pulls-key"))
    declared = project.declare()
    assert declared.of("AuthenticatedOriginPullsCertificate") == {}
    assert declared.of("AuthenticatedOriginPullsSettings")["origin-pulls"].inputs["enabled"] is False
