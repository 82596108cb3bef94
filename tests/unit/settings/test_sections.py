"""A mistake in a section is named by file, line and path, with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.settings.base import config_of, validate_sections
from core.settings.hosts import Hosts
from core.settings.section import Section
from core.settings.stack import SECTIONS
from core.settings.yaml_tree import Tree, parse_tree

BAD = """\
config:
  launch-ready:zone: {name: Foo.example, account_id: xyz}
  launch-ready:hosts: {}
  launch-ready:dns:
    web: [app, App]
    records:
      - {name: a, type: A, content: 1.2.3, prxied: true}
      - {name: a, type: B}
      - {name: a}
      - x
      - {name: b, type: CNAME, content: other.example, proxied: false, ttl: "60", port: 1}
      - {name: c, type: A, content: 192.0.2.1, proxied: false}
  launch-ready:tls: [1]
  launch-ready:waf: {rules: {a: 1}}
  launch-ready:rate_limits: {rules: [{name: A, paths: [x], requests: 0, period: 61}]}
  launch-ready:email: {mx: [{host: mail, priority: 70000}], dmarc: {policy: off, reports: []}}
  launch-ready:secrets: null
"""

REASONS = """\
f.yaml:2: config.launch-ready:zone.name is "Foo.example"; it must be a full lower-case domain name with no dot at its \
end, such as mail.example.com
f.yaml:2: config.launch-ready:zone.account_id is "xyz"; it must be 32 hexadecimal digits, in lower case
f.yaml:2: config.launch-ready:zone.plan is missing; allowed: free, pro, business, enterprise
f.yaml:3: config.launch-ready:hosts: give one of app (a list of hosts) and inventory (a JSON file that lists them)
f.yaml:5: config.launch-ready:dns.web[1] is "App"; it must be a lower-case name relative to the zone, such as app, or \
@ for the zone itself
f.yaml:7: config.launch-ready:dns.records[0].content is "1.2.3"; it must be an IPv4 address
f.yaml:7: config.launch-ready:dns.records[0].prxied is not a known key (did you mean proxied?); allowed: comment, \
content, name, proxied, reason, shows_origin, ttl, type
f.yaml:8: config.launch-ready:dns.records[1].type is "B"; allowed: 'A', 'AAAA', 'CNAME', 'TXT', 'SRV', 'HTTPS', 'CAA'
f.yaml:9: config.launch-ready:dns.records[2].type is missing; allowed: A, AAAA, CNAME, TXT, SRV, HTTPS, CAA
f.yaml:10: config.launch-ready:dns.records[3] is "x"; it must be a mapping of keys
f.yaml:11: config.launch-ready:dns.records[4].ttl is "60"; it must be a whole number
f.yaml:11: config.launch-ready:dns.records[4].port is not a known key; allowed: comment, content, name, proxied, \
reason, shows_origin, ttl, type
f.yaml:12: config.launch-ready:dns.records[5]: a record that is not proxied shows where it leads to anyone: proxy it \
or give a reason
f.yaml:13: config.launch-ready:tls is a list of 1; it must be a mapping of keys
f.yaml:14: config.launch-ready:waf.rules is a mapping; it must be a list
f.yaml:15: config.launch-ready:rate_limits.rules[0].requests is 0; it should be greater than or equal to 1
f.yaml:15: config.launch-ready:rate_limits.rules[0].period is 61; allowed: 10, 60, 120, 300, 600 or 3600
f.yaml:15: config.launch-ready:rate_limits.rules[0].name is "A"; it must be 1 to 50 lower-case letters, digits and \
hyphens, such as admin-pages
f.yaml:15: config.launch-ready:rate_limits.rules[0].paths[0] is "x"; it must be a path of lower-case letters, digits \
and -._~/ that begins with /; * is any text, and never two in a row
f.yaml:16: config.launch-ready:email.mx[0].priority is 70000; it should be less than or equal to 65535
f.yaml:16: config.launch-ready:email.dmarc.policy is "off"; allowed: 'none', 'quarantine' or 'reject'
f.yaml:16: config.launch-ready:email.dmarc.reports is a list of 0; it should have at least 1 item after validation, \
not 0
f.yaml:17: config.launch-ready:secrets is null; it must be a mapping of keys
"""


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    tree = parse_tree(BAD, "f.yaml")
    with pytest.raises(SettingsError) as caught:
        validate_sections(config_of(tree), SECTIONS, tree)
    assert str(caught.value).splitlines() == REASONS.splitlines()


def test_a_section_that_is_missing_says_what_it_needs() -> None:
    tree = parse_tree("config: {}", "f.yaml")
    with pytest.raises(SettingsError) as caught:
        validate_sections({}, SECTIONS, tree)
    assert str(caught.value).splitlines() == [
        "f.yaml:1: config.launch-ready:zone is missing; it needs name, account_id, plan",
        "f.yaml:1: config.launch-ready:hosts: give one of app (a list of hosts) and inventory (a JSON file that lists "
        "them)",
        "f.yaml:1: config.launch-ready:dns is missing; it needs web",
        "f.yaml:1: config.launch-ready:email is missing; it needs dmarc",
    ]


@pytest.mark.parametrize(("text", "where"), [("config: 1", "f.yaml:1"), ("config: []", "f.yaml:1"), ("- a", "f.yaml")])
def test_a_file_whose_config_is_no_mapping_is_refused(text: str, where: str) -> None:
    with pytest.raises(SettingsError) as caught:
        config_of(parse_tree(text, "f.yaml"))
    assert str(caught.value) == f"{where}: `config` must be a mapping of keys such as launch-ready:zone"


def test_a_section_that_hides_its_values_shows_none_of_them() -> None:
    class _Hidden(Section):
        hide_values = True
        token: int
        size: int

    tree = Tree("f.yaml", None, {})
    with pytest.raises(SettingsError) as caught:
        validate_sections({"launch-ready:x": {"token": "abc123", "size": 1.5}}, {"x": _Hidden}, tree)
    assert "abc123" not in str(caught.value)
    assert "token is a text (not shown); it must be a whole number" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"app": [{"name": "a b", "address": "1.2.3.4"}]}, 'app[0].name is "a b"; it must be at most 63 lower-case'),
        ({"app": [{"name": "a", "address": "web.example"}]}, 'app[0].address is "web.example"; it must be an IPv4 or'),
        (
            {"app": [{"name": "a", "address": "192.0.2.1", "ssh_port": "22"}]},
            'app[0].ssh_port is "22"; it must be a whole',
        ),
        (
            {"app": [{"name": "a", "address": "192.0.2.1", "ssh_port": True}]},
            "app[0].ssh_port is true; it must be a whole",
        ),
        ({"app": [{"name": "a", "address": "192.0.2.1"}] * 2}, ": two hosts have the name a: each must have its own"),
        ({"app": [], "inventory": ""}, ": give one of app"),
        ({"app": [{"name": "a", "address": "192.0.2.1"}], "inventory": "x.json"}, ": give one of app"),
    ],
)
def test_hosts_are_checked_one_by_one_and_together(value: Any, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        validate_sections({"launch-ready:hosts": value}, {"hosts": Hosts}, Tree("f.yaml", None, {}))
    assert message in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("name", SECTIONS)
@given(data=st.data())
def test_any_value_of_a_section_is_read_or_refused_with_its_place(name: str, data: st.DataObject) -> None:
    model = SECTIONS[name]
    fields = st.dictionaries(st.sampled_from(sorted(model.model_fields)), JSON)
    value = data.draw(JSON | fields)
    try:
        sections = validate_sections({f"launch-ready:{name}": value}, {name: model}, Tree("f.yaml", None, {}))
    except SettingsError as error:
        reasons = str(error).splitlines()
    else:
        reasons = []
        assert isinstance(sections[name], model)
    assert all(reason.startswith(f"f.yaml: config.launch-ready:{name}") for reason in reasons)
