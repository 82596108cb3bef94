"""What the program declares, as it goes over Pulumi's wire."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from core.property_names import to_api
from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY
from core.rulesets import rulesets_of
from core.settings.stack import load_stack
from lab.cloudflare.plans import plan_named
from lab.cloudflare.rule import make_rule

OURS = "id-of-community.test"


def test_each_web_name_leads_to_every_host_through_the_edge(project: Any) -> None:
    records = project.declare().of("DnsRecord")
    for label, name in (("@", "community.test"), ("www", "www.community.test"), ("app", "app.community.test")):
        for host, address in (("web-1", "127.88.1.1"), ("web-2", "127.88.1.2")):
            inputs = records[f"{label}/A/{host}"].inputs
            assert (inputs["name"], inputs["content"]) == (name, address)
            assert inputs["proxied"] is True
            assert inputs["ttl"] == 1


def test_mail_is_declared_with_strict_alignment(project: Any) -> None:
    records = project.declare().of("DnsRecord")
    mx = records["@/MX/mail.community.test"].inputs
    assert (mx["name"], mx["content"], mx["priority"]) == ("community.test", "mail.community.test", 10)
    assert records["@/TXT/spf"].inputs["content"] == '"v=spf1 mx ip4:198.51.100.0/28 -all"'
    assert records["_dmarc/TXT"].inputs["content"] == (
        '"v=DMARC1; p=quarantine; sp=reject; np=reject; adkim=s; aspf=s; rua=mailto:dmarc@community.test"'
    )
    dkim = records["lab1._domainkey/TXT"].inputs
    assert dkim["name"] == "lab1._domainkey.community.test"
    assert dkim["content"].startswith('"v=DKIM1; k=rsa; p=MII')


def test_encryption_is_declared_whole(project: Any) -> None:
    settings = {r.inputs["settingId"]: r.inputs["value"] for r in project.declare().of("ZoneSetting").values()}
    assert settings == {
        "ssl": "strict",
        "min_tls_version": "1.2",
        "tls_1_3": "on",
        "always_use_https": "on",
        "automatic_https_rewrites": "on",
        "0rtt": "off",
        "security_header": {
            "strict_transport_security": {
                "enabled": True,
                "max_age": 31_536_000,
                "include_subdomains": True,
                "preload": False,
                "nosniff": True,
            }
        },
    }


PHASES = {
    "http_request_dynamic_redirect",
    "http_request_firewall_custom",
    "http_ratelimit",
    "http_request_firewall_managed",
    "http_request_cache_settings",
    "http_response_headers_transform",
}


def test_each_phase_has_one_ruleset_and_each_rule_a_ref(project: Any) -> None:
    rulesets = [r for r in project.declare().of("Ruleset").values() if r.inputs["zoneId"] == OURS]
    assert sorted(r.inputs["phase"] for r in rulesets) == sorted(PHASES)
    for ruleset in rulesets:
        refs = [rule["ref"] for rule in ruleset.inputs["rules"]]
        assert len(set(refs)) == len(refs) > 0


def test_what_goes_over_the_wire_is_what_the_settings_say_and_the_api_takes(project: Any) -> None:
    ours = [r for r in project.declare().of("Ruleset").values() if r.inputs["zoneId"] == OURS]
    declared = {r.inputs["phase"]: r.inputs["rules"] for r in ours}
    said = rulesets_of(load_stack(project.root, "test"))
    assert set(declared) == set(said)
    for phase, rules in said.items():
        assert to_api(declared[phase]) == [rule.as_api() for rule in rules]
        for rule in to_api(declared[phase]):
            make_rule(rule, phase, plan_named("business"), "/rules/0")


def test_the_leaked_credential_check_is_on_before_a_rule_asks_for_it(project: Any) -> None:
    declared = project.declare()
    (check,) = declared.of("LeakedCredentialCheck").values()
    assert check.inputs["enabled"] is True
    assert check.urn in declared.of("Ruleset")["custom-rules"].dependencies


def test_a_secret_stays_one_on_the_wire(project: Any) -> None:
    secrets = project.declare().of("SecretsStoreSecret")
    assert set(secrets) == {"SESSION_KEY", "WEBHOOK_SIGNING_KEY"}
    for secret in secrets.values():
        assert secret.inputs["value"][SIGNATURE_KEY] == SECRET_SIGNATURE
        assert len(secret.inputs["value"]["value"]) >= 48
        assert secret.inputs["storeId"] == "id-of-launch-ready"


def test_a_secret_that_pulumi_was_handed_in_the_clear_is_refused(project: Any) -> None:
    with pytest.raises(pulumi.RunError, match="launch-ready:session-key is not encrypted"):
        project.declare(plain=True)


def test_the_accounts_own_store_is_used_where_it_is_named(project: Any) -> None:
    store = "5" * 32
    project.change(lambda config: config["launch-ready:secrets"].update(store_id=store))
    declared = project.declare()
    assert declared.of("SecretsStore") == {}
    assert {secret.inputs["storeId"] for secret in declared.of("SecretsStoreSecret").values()} == {store}


def test_no_name_leads_to_a_host_before_encryption_and_rules_stand(project: Any) -> None:
    declared = project.declare()
    ours = [r for kind in ("ZoneSetting", "Ruleset") for r in declared.of(kind).values() if r.inputs["zoneId"] == OURS]
    protection = {r.urn for r in ours}
    assert len(protection) == 7 + len(PHASES)
    for record in declared.of("DnsRecord").values():
        if record.inputs.get("proxied") and record.inputs["zoneId"] == OURS:
            assert protection <= set(record.dependencies)
    # What is asked of DNS alone waits for none of it.
    assert not protection & set(declared.of("DnsRecord")["_dmarc/TXT"].dependencies)


def test_the_zone_is_protected_unless_the_stack_says_otherwise(project: Any) -> None:
    assert not project.declare().of("Zone")["community.test"].protect
    project.change(lambda config: config["launch-ready:zone"].pop("protect"))
    assert project.declare().of("Zone")["community.test"].protect


def test_what_is_exported_names_the_zone_and_no_secret(project: Any) -> None:
    outputs = project.declare().outputs
    (certificate,) = outputs.pop("origin_certificates")
    assert certificate == "stacks/lab/origin.csr"
    others = {"community-old.test", "comunity.test"}
    assert outputs.pop("ds_records").keys() == {"community.test", *others}
    assert outputs.pop("other_name_servers").keys() == others
    assert outputs == {
        "zone": "community.test",
        "zone_id": "id-of-community.test",
        "name_servers": ["a.ns.test", "b.ns.test"],
        "names": ["community.test", "www.community.test", "api.community.test", "app.community.test"],
        "secrets_store_id": "id-of-launch-ready",
    }


def test_a_list_in_another_order_changes_no_urn(project: Any) -> None:
    before = {r.urn: r.inputs for r in project.declare().resources}

    def turn_round(config: dict[str, Any]) -> None:
        for section, key in (
            ("dns", "web"),
            ("dns", "records"),
            ("email", "mx"),
            ("email", "dkim"),
            ("secrets", "items"),
        ):
            config[f"launch-ready:{section}"][key].reverse()

    project.change(turn_round)
    project.hosts("web-2=127.88.1.2", "web-1=127.88.1.1")
    assert {r.urn: r.inputs for r in project.declare().resources} == before


def test_a_host_that_moves_keeps_its_records(project: Any) -> None:
    before = project.declare().of("DnsRecord")
    project.hosts("web-1=127.88.1.1", "web-2=127.88.1.9")
    after = project.declare().of("DnsRecord")
    assert set(after) == set(before)
    assert after["app/A/web-2"].inputs["content"] == "127.88.1.9"


def test_a_mistake_in_the_file_ends_the_program_with_its_place(project: Any) -> None:
    project.change(lambda config: config["launch-ready:tls"].update(ssl="flexible", ciphers="all"))
    with pytest.raises(pulumi.RunError) as caught:
        project.declare()
    first, second = str(caught.value).splitlines()
    assert str(project.file) in first
    assert first.endswith("config.launch-ready:tls.ssl is \"flexible\"; allowed: 'strict'")
    assert "config.launch-ready:tls.ciphers is not a known key; allowed: always_https" in second
