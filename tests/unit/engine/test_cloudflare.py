"""Cloudflare's API behind the types: calls, names, retries, errors; against a server that answers from a list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import EngineError, LabError
from core.property_names import to_api, to_wire
from core.secret import Secret
from lab.engine.providers import PartlyDoneError
from lab.engine.providers.cloudflare.client import ApiError, Client
from lab.engine.providers.cloudflare.provider import CloudflareProvider
from tests.own_server import Answering, served

ZONE = "cloudflare:index/zone:Zone"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
RULESET = "cloudflare:index/ruleset:Ruleset"
LEAKED = "cloudflare:index/leakedCredentialCheck:LeakedCredentialCheck"
STORE = "cloudflare:index/secretsStore:SecretsStore"
SECRET = "cloudflare:index/secretsStoreSecret:SecretsStoreSecret"


@dataclass
class Server:
    """Answers each request with the next of ``answers`` and fails on one more: (status, result or errors)."""

    answers: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""

    def provider(self) -> CloudflareProvider:
        return CloudflareProvider(self.client())

    def client(self) -> Client:
        return Client(f"{self.url}/client/v4", Secret("t0ken"), attempts=3, pause=0.001)


@pytest.fixture
def server() -> Iterator[Server]:
    script = Server()

    class Handler(Answering):
        def handle_one(self) -> None:
            body = self.body()
            script.asked.append(
                (self.command, self.path.removeprefix("/client/v4"), json.loads(body) if body else None)
            )
            script.tokens.add(self.headers["Authorization"])
            status, value = (
                script.answers.pop(0) if script.answers else (418, [{"code": 0, "message": "not in the list"}])
            )
            good = status < 400
            document = {"success": good, "result": value if good else None, "errors": [] if good else value}
            self.answer(status, b"" if status == 204 else json.dumps(document).encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    with served(Handler) as script.url:
        yield script


def test_a_record_goes_by_its_zone_and_comes_back_with_what_the_api_adds(server: Server) -> None:
    server.answers = [
        (200, {"id": "r1", "name": "a.test", "type": "A", "proxied": True, "ttl": 1, "created_on": "now"})
    ]
    inputs = {"zoneId": "z1", "name": "a.test", "type": "A", "content": "192.0.2.1", "ttl": 1, "proxied": True}
    found = server.provider().create(RECORD, inputs)
    sent = {key: value for key, value in inputs.items() if key != "zoneId"}
    assert server.asked == [("POST", "/zones/z1/dns_records", sent)]
    assert server.tokens == {"Bearer t0ken"}
    assert (found.id, found.outputs["createdOn"], found.outputs["zoneId"]) == ("r1", "now", "z1")
    assert "createdOn" not in found.inputs


def test_a_zone_takes_the_rest_by_patches_and_is_kept_if_one_fails(server: Server) -> None:
    made = {"id": "z1", "name": "a.test", "account": {"id": "acc", "name": "Lab"}, "paused": False}
    server.answers = [(200, made), (200, {**made, "paused": True})]
    inputs = {"name": "a.test", "account": {"id": "acc"}, "paused": True}
    found = server.provider().create(ZONE, inputs)
    assert server.asked == [
        ("POST", "/zones", {"name": "a.test", "account": {"id": "acc"}}),
        ("PATCH", "/zones/z1", {"paused": True}),
    ]
    assert (found.outputs["account"], found.outputs["paused"]) == ({"id": "acc"}, True)

    server.answers = [(200, made), (400, [{"code": 1002, "message": "not on this plan"}])]
    with pytest.raises(PartlyDoneError, match="1002 not on this plan") as caught:
        server.provider().create(ZONE, inputs)
    assert (caught.value.found.id, caught.value.found.inputs["paused"]) == ("z1", False)


def test_a_setting_is_patched_with_its_value_as_it_is_and_never_reset(server: Server) -> None:
    value = {"strict_transport_security": {"enabled": True, "max_age": 1}}
    server.answers = [(200, {"id": "security_header", "value": value, "editable": True})]
    inputs = {"zoneId": "z1", "settingId": "security_header", "value": value}
    found = server.provider().create(SETTING, inputs)
    assert server.asked == [("PATCH", "/zones/z1/settings/security_header", {"value": value})]
    assert found.outputs == {**inputs, "editable": True}
    server.provider().delete(SETTING, found.id, found.outputs)
    assert len(server.asked) == 1


def test_the_leaked_credential_check_is_set_by_post_and_never_reset(server: Server) -> None:
    inputs = {"zoneId": "z1", "enabled": True}
    server.answers = [(200, {"enabled": True}), (200, {"enabled": False})]
    found = server.provider().create(LEAKED, inputs)
    assert (found.id, found.outputs) == ("z1", inputs)
    server.provider().update(LEAKED, "z1", found.outputs, {**inputs, "enabled": False})
    server.provider().delete(LEAKED, "z1", found.outputs)
    path = "/zones/z1/leaked-credential-checks"
    assert server.asked == [("POST", path, {"enabled": True}), ("POST", path, {"enabled": False})]


def test_a_ruleset_sends_snake_case_and_keeps_header_names(server: Server) -> None:
    rules = [
        {
            "ref": "one",
            "action": "rewrite",
            "expression": "true",
            "actionParameters": {"headers": {"X-From-Edge": {"operation": "set", "value": "1"}}},
        }
    ]
    answer = {"id": "s1", "kind": "zone", "phase": "p", "name": "n", "version": "3"}
    answered = [{**to_api(rules[0]), "id": "r1", "version": "2", "last_updated": "now", "enabled": True}]
    server.answers = [(200, {**answer, "rules": answered})]
    found = server.provider().create(
        RULESET, {"zoneId": "z1", "kind": "zone", "phase": "p", "name": "n", "rules": rules}
    )
    ((method, path, body),) = server.asked
    assert (method, path) == ("POST", "/zones/z1/rulesets")
    assert body["rules"][0]["action_parameters"] == {"headers": {"X-From-Edge": {"operation": "set", "value": "1"}}}
    assert found.outputs["rules"] == [{**rules[0], "id": "r1", "enabled": True}]
    assert found.inputs["rules"] == [{**rules[0], "enabled": True}]


def test_a_secret_goes_in_a_list_its_name_never_again_and_its_value_never_comes_back(server: Server) -> None:
    inputs = {"accountId": "acc", "storeId": "s1", "name": "KEY", "scopes": ["workers"], "value": "hidden"}
    answer = {"id": "x1", "name": "KEY", "scopes": ["workers"], "status": "active"}
    server.answers = [(200, [answer]), (200, answer)]
    provider = server.provider()
    found = provider.create(SECRET, inputs)
    provider.update(SECRET, "x1", found.outputs, {**inputs, "value": "other"})
    path = "/accounts/acc/secrets_store/stores/s1/secrets"
    assert server.asked == [
        ("POST", path, [{"name": "KEY", "scopes": ["workers"], "value": "hidden"}]),
        ("PATCH", f"{path}/x1", {"scopes": ["workers"], "value": "other"}),
    ]
    assert found.outputs["value"] == "hidden"
    assert provider.secret_outputs(SECRET) == {"value"}


def test_a_store_can_be_forced_away(server: Server) -> None:
    server.answers = [(200, {}), (200, {})]
    for known in ({"accountId": "acc"}, {"accountId": "acc", "force": True}):
        server.provider().delete(STORE, "s1", known)
    path = "/accounts/acc/secrets_store/stores/s1"
    assert [asked[1] for asked in server.asked] == [path, f"{path}?force=true"]


def test_what_is_gone_is_none_to_read_and_no_error_to_delete(server: Server) -> None:
    gone = (404, [{"code": 81044, "message": "Record does not exist."}])
    server.answers = [gone, gone]
    assert server.provider().read(RECORD, "r1", {"zoneId": "z1"}) is None
    server.provider().delete(RECORD, "r1", {"zoneId": "z1"})


def test_an_answer_without_content_is_one(server: Server) -> None:
    server.answers = [(204, None)]
    server.provider().delete(RULESET, "s1", {"zoneId": "z1"})
    assert server.asked == [("DELETE", "/zones/z1/rulesets/s1", None)]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_trouble_is_tried_again(server: Server, method: str, status: int) -> None:
    server.answers = [(status, []), (status, []), (200, {"ok": 1})]
    assert server.client().call(method, "/x") == {"ok": 1}
    assert len(server.asked) == 3


def test_it_is_not_tried_for_ever_and_a_creation_not_even_twice(server: Server) -> None:
    trouble = (503, [{"code": 7, "message": "later"}])
    server.answers = [trouble] * 9
    with pytest.raises(ApiError, match=r"GET /x: 7 later \(HTTP 503\)"):
        server.client().call("GET", "/x")
    assert len(server.asked) == 3
    with pytest.raises(ApiError) as caught:
        server.client().call("POST", "/x", {})
    assert len(server.asked) == 4
    assert caught.value.uncertain


def test_a_creation_that_was_throttled_is_asked_again_for_it_was_not_done(server: Server) -> None:
    server.answers = [(429, [{"code": 971, "message": "slower"}]), (200, {"id": "1"})]
    assert server.client().call("POST", "/x", {}) == {"id": "1"}


def test_a_record_that_is_declared_by_its_data_is_found_by_it(server: Server) -> None:
    data = {"flags": 0, "tag": "issue", "value": "letsencrypt.org"}
    there = {"name": "a.test", "type": "CAA", "content": '0 issue "letsencrypt.org"'}
    server.answers = [
        (200, [{"id": "r1", **there, "data": {**data, "tag": "iodef"}}, {"id": "r2", **there, "data": data}])
    ]
    found = server.provider().find(RECORD, {"zoneId": "z1", "name": "a.test", "type": "CAA", "ttl": 1, "data": data})
    assert found is not None
    assert found.id == "r2"
    assert server.asked == [("GET", "/zones/z1/dns_records?name=a.test&type=CAA&page=1&per_page=100", None)]


def test_a_refusal_names_every_code_and_is_certain(server: Server) -> None:
    chain = [{"code": 9009, "message": "must be an IPv4 address"}]
    server.answers = [(400, [{"code": 1004, "message": "DNS Validation Error", "error_chain": chain}])]
    with pytest.raises(ApiError, match="1004 DNS Validation Error; 9009 must be an IPv4 address") as caught:
        server.client().call("POST", "/x", {})
    assert not caught.value.uncertain


def test_where_nobody_listens_it_says_so_and_that_nothing_was_done(server: Server) -> None:
    client = Client("http://127.0.0.1:9/client/v4", Secret("t"), attempts=2, pause=0.001)
    with pytest.raises(ApiError, match="refused the connection: is the lab up") as caught:
        client.call("POST", "/x", {})
    assert not caught.value.uncertain


@pytest.mark.parametrize(
    "url", ["https://api.cloudflare.com/client/v4", "http://localhost/client/v4", "http://10.0.0.1/"]
)
def test_nothing_beyond_loopback_is_talked_to(url: str) -> None:
    with pytest.raises(LabError, match=r"127\.0\.0\.0/8"):
        Client(url, Secret("t"))


def test_every_page_is_read(server: Server) -> None:
    server.answers = [(200, [{"id": "1"}])]
    assert server.client().pages("/zones") == [{"id": "1"}]
    assert server.asked[0][1] == "/zones?page=1&per_page=100"


def test_a_type_that_is_not_there_is_named_with_those_that_are(server: Server) -> None:
    with pytest.raises(EngineError, match=r"queue:Queue yet; of Cloudflare's it has: .*\bDnsRecord, .*\bRuleset\b"):
        server.provider().shape("cloudflare:index/queue:Queue")


@pytest.mark.parametrize(
    ("type_", "import_id", "path"),
    [
        (ZONE, "z1", "/zones/z1"),
        (RECORD, "z1/r1", "/zones/z1/dns_records/r1"),
        (SETTING, "z1/ssl", "/zones/z1/settings/ssl"),
        (RULESET, "zones/z1/s1", "/zones/z1/rulesets/s1"),
        (RULESET, "accounts/acc/s1", "/accounts/acc/rulesets/s1"),
        (SECRET, "acc/s1/x1", "/accounts/acc/secrets_store/stores/s1/secrets/x1"),
        (LEAKED, "z1", "/zones/z1/leaked-credential-checks"),
    ],
)
def test_ids_to_look_up_have_the_form_that_pulumi_import_documents(
    server: Server, type_: str, import_id: str, path: str
) -> None:
    server.answers = [(200, {"id": import_id.rsplit("/", 1)[-1]})]
    assert server.provider().lookup(type_, import_id, {}) is not None
    assert server.asked == [("GET", path, None)]


@pytest.mark.parametrize(("type_", "import_id"), [(RECORD, "r1"), (RECORD, "z1/"), (RULESET, "z1/s1"), (SECRET, "a/b")])
def test_an_id_of_another_form_is_refused(server: Server, type_: str, import_id: str) -> None:
    with pytest.raises(EngineError, match="has the form"):
        server.provider().lookup(type_, import_id, {})


def test_a_record_that_a_cut_off_run_made_is_found_by_what_it_is(server: Server) -> None:
    record = {"id": "r2", "name": "a.test", "type": "A", "content": "192.0.2.1"}
    server.answers = [(200, [{**record, "id": "r1", "content": "192.0.2.9"}, record])] * 2
    inputs = {"zoneId": "z1", "name": "a.test", "type": "A", "content": "192.0.2.1", "ttl": 1}
    found = server.provider().find(RECORD, inputs)
    assert found is not None
    assert found.id == "r2"
    assert server.provider().find(RECORD, {**inputs, "type": "TXT"}) is None


@pytest.mark.parametrize(
    ("wire", "api"),
    [
        ({"requestsPerPeriod": 1}, {"requests_per_period": 1}),
        ({"a": [{"fromValue": {"targetUrl": 1}}]}, {"a": [{"from_value": {"target_url": 1}}]}),
        ({"settings": {"ipv4Only": True}}, {"settings": {"ipv4_only": True}}),
        ({"headers": {"X_Odd-Name": {"someThing": 1}}}, {"headers": {"X_Odd-Name": {"some_thing": 1}}}),
    ],
)
def test_names_on_the_wire_and_in_the_api(wire: Any, api: Any) -> None:
    assert to_api(wire) == api
    assert to_wire(api) == wire
