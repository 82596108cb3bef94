"""Slack, a webhook, GitHub and Sentry, each against a server on this machine that keeps what it gets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from adapters.markers import marker
from adapters.web import Client
from core.errors import AfterError
from core.ports import Event
from core.secret import Secret
from core.settings.after import Marker
from lab.pki import Pki
from lab.place import here
from tests.own_server import Answering, served

SLACK_PATH = "/services/T000/B000/hunter22hunter22"
TOKEN = "token-that-nobody-may-see"
EVENT = Event(
    happening="live",
    stack="lab",
    serves="2.0.0",
    left="1.0.0",
    who="ada@ci",
    began="2026-01-01T00:00:00.000Z",
    at="2026-01-01T00:00:09.000Z",
    run="0123456789ab",
    hosts=2,
    url="https://app.community.test",
)


@dataclass
class Server:
    """What came, and what is answered: path → (status, body)."""

    base: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    location: str = ""
    drip: float = 0.0

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _path, _headers, body in self.got]

    def paths(self) -> list[str]:
        return [path for path, _headers, _body in self.got]


def handler(server: Server) -> type[Answering]:
    class Handler(Answering):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.got.append((self.path, headers, self.body()))
            status, text = server.answers.get(self.path, (200, "ok"))
            time.sleep(server.drip)
            self.answer(status, text.encode(), *([("Location", server.location)] if server.location else []))

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with served(handler(made), here().address(0, 207)) as made.base:
        yield made


def made(wanted: dict[str, Any], **environment: str) -> Any:
    return marker(TypeAdapter(Marker).validate_json(json.dumps(wanted)), environment)


GITHUB = {"kind": "github", "repository": "acme/community", "token_env": "T"}
SENTRY = {"kind": "sentry", "organization": "acme", "projects": ["web", "api"], "token_env": "T"}
SENTRY["release"] = "community@{version}"


def test_slack_gets_one_line_that_cannot_be_markup(server: Server) -> None:
    slack = made({"kind": "slack", "url_env": "S"}, S=server.base + SLACK_PATH)
    slack.send(replace(EVENT, why="<!channel> & <http://evil|x>"))
    assert server.paths() == [SLACK_PATH]
    assert server.bodies() == [
        {
            "text": ":large_green_circle: lab: 2.0.0 is live, after 1.0.0 on 2 hosts, by ada@ci:"
            " &lt;!channel&gt; &amp; &lt;http://evil|x&gt;"
        }
    ]


def test_the_webhook_is_signed_as_the_standard_has_it(server: Server) -> None:
    key = b"0123456789abcdef01234567"
    for secret in (f"whsec_{base64.b64encode(key).decode()}", key.decode()):
        made({"kind": "webhook", "url_env": "U", "secret_env": "K"}, U=server.base + "/hook", K=secret).send(EVENT)
        _path, headers, body = server.got[-1]
        assert abs(time.time() - int(headers["webhook-timestamp"])) < 10
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        document = json.loads(body)
        assert (document["type"], document["timestamp"]) == ("release.live", EVENT.at)
        assert document["data"]["serves"] == "2.0.0"


def test_github_gets_a_deployment_and_its_status(server: Server) -> None:
    path = "/repos/acme/community/deployments"
    server.answers[path] = (201, '{"id": 42}')
    github = made({**GITHUB, "api": server.base}, T=TOKEN)
    github.send(EVENT)
    github.send(replace(EVENT, happening="taken back", serves="1.0.0", left="2.0.0"))
    github.send(replace(EVENT, happening="drill"))
    assert server.paths() == [path, f"{path}/42/statuses"] * 2
    deployment, status, bad_deployment, bad_status = server.bodies()
    assert (deployment["ref"], deployment["auto_merge"], deployment["required_contexts"]) == ("v2.0.0", False, [])
    assert (status["state"], status["environment_url"]) == ("success", EVENT.url)
    assert (bad_deployment["ref"], bad_status["state"], bad_status["auto_inactive"]) == ("v2.0.0", "failure", False)
    assert {headers["authorization"] for _path, headers, _body in server.got} == {f"Bearer {TOKEN}"}


def test_github_that_merges_instead_of_deploying_is_said(server: Server) -> None:
    server.answers["/repos/acme/community/deployments"] = (202, '{"message": "merged"}')
    with pytest.raises(AfterError, match="GitHub answered 202 without a deployment's id"):
        made({**GITHUB, "api": server.base}, T=TOKEN).send(EVENT)


def test_sentry_gets_the_release_that_serves(server: Server) -> None:
    sentry = made({**SENTRY, "api": server.base}, T=TOKEN)
    sentry.send(replace(EVENT, happening="taken back", serves="1.0.0", left="2.0.0"))
    base = "/api/0/organizations/acme/releases/"
    assert server.paths() == [base, f"{base}community%401.0.0/deploys/"]
    release, deploy = server.bodies()
    assert release == {"version": "community@1.0.0", "projects": ["web", "api"]}
    assert (deploy["environment"], deploy["dateStarted"], deploy["dateFinished"]) == (
        "production",
        EVENT.began,
        EVENT.at,
    )


def refused(sink: Any) -> str:
    with pytest.raises(AfterError) as error:
        sink.send(EVENT)
    assert error.value.__context__ is None or error.value.__suppress_context__
    return str(error.value)


def test_no_message_holds_a_secret_and_no_redirect_is_followed(server: Server) -> None:
    slack = made({"kind": "slack", "url_env": "S"}, S=server.base + SLACK_PATH)
    server.answers[SLACK_PATH] = (404, "no_service")
    assert refused(slack).endswith("answers 404: no_service")
    server.answers[SLACK_PATH] = (403, f'{{"message": "no {SLACK_PATH}"}}')
    assert "hunter22" not in refused(slack)
    server.answers[SLACK_PATH] = (302, "")
    server.location = f"{server.base}/elsewhere"
    assert refused(slack).endswith("answers 302")
    assert set(server.paths()) == {SLACK_PATH}
    server.answers["/api/0/organizations/acme/releases/"] = (401, f'{{"detail": "bad Bearer {TOKEN}"}}')
    assert refused(made({**SENTRY, "api": server.base}, T=TOKEN)).endswith("answers 401")


@pytest.mark.parametrize("url", ["http://hooks.example/x", "https://u:p@hooks.example/x", "ftp://a/b", "no url", "/x"])
def test_only_https_is_sent_to(url: str) -> None:
    assert refused(made({"kind": "slack", "url_env": "S"}, S=url)) == "the address is no https:// one: set it anew"


def test_what_is_not_set_is_named() -> None:
    assert refused(made({"kind": "slack"})) == "the environment does not set SLACK_WEBHOOK_URL"
    assert refused(made({**SENTRY}, T=" ")) == "the environment does not set T"
    wrong = made({"kind": "webhook", "url_env": "U", "secret_env": "K"}, U="https://a.example", K="whsec_!")
    assert refused(wrong) == "the key begins with whsec_ and has no base64 after it"


def test_one_that_is_away_or_slow_is_said(server: Server) -> None:
    address = here().address(0, 208)
    assert refused(made({"kind": "slack", "url_env": "S"}, S=f"http://{address}:9{SLACK_PATH}")) == (
        f"{address} cannot be reached"
    )
    server.drip = 3
    with pytest.raises(AfterError, match=r"did not answer within 0\.3 s"):
        Client(Secret(server.base), seconds=0.3).post("/slow", b"{}")


def test_a_certificate_that_does_not_hold_gets_nothing(tmp_path: Path) -> None:
    address, kept = here().address(0, 207), Server()
    files = Pki(tmp_path).origin_certificate("hook", [address])
    with served(handler(kept), address, files) as base:
        words = refused(made({"kind": "slack", "url_env": "S"}, S=base + SLACK_PATH))
    assert words.endswith("has a certificate that does not hold")
    assert kept.got == []


def test_a_login_in_netrc_is_not_sent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {here().address(0, 207)} login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    made({"kind": "slack", "url_env": "S"}, S=server.base + SLACK_PATH).send(EVENT)
    assert "authorization" not in server.got[0][1]
