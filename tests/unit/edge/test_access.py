"""Which application of Access a request is for, and what its policies say of whom."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from lab.cloudflare.snapshot import Snapshot
from lab.edge.access import Access, Application, Outcome, Who, access_of
from lab.edge.tokens import ISSUER, Tokens
from lab.pki import Pki

HOST = "app.community.test"
OPEN, IN, LOG_IN, REFUSED = Outcome.OPEN, Outcome.IN, Outcome.LOG_IN, Outcome.REFUSED
ADA, BOB, NOBODY = Who("203.0.113.9", "ada@a.test"), Who("203.0.113.9", "bob@b.test"), Who("203.0.113.9")
PROGRAM = Who("203.0.113.9", token="t1")


def policy(decision: str, *include: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"decision": decision, "include": list(include), "exclude": [], "require": [], "name": decision, **more}


def application(*policies: dict[str, Any], uris: tuple[str, ...] = (f"{HOST}/admin",), **more: Any) -> dict[str, Any]:
    return {
        "id": f"app of {uris[0]}",
        "name": "admin",
        "aud": f"aud of {uris[0]}",
        "domain": uris[0],
        "destinations": [{"type": "public", "uri": uri} for uri in uris],
        "policies": list(policies),
        "session_duration": "1h30m",
        "http_only_cookie_attribute": True,
        "options_preflight_bypass": False,
        **more,
    }


def access(*apps: dict[str, Any], tokens: tuple[dict[str, Any], ...] = ()) -> tuple[Access, list[str]]:
    """The account's applications, with their policies as the API keeps them, and what the edge says of them."""
    policies = [{**each, "id": f"{app['id']} {place}"} for app in apps for place, each in enumerate(app["policies"])]
    linked = [
        {**app, "policies": [{"id": f"{app['id']} {place}"} for place in range(len(app["policies"]))]} for app in apps
    ]
    account = {
        "id": "a",
        "name": "a",
        "access_apps": linked,
        "access_policies": policies,
        "access_tokens": list(tokens),
    }
    document = {"revision": 1, "accounts": [account], "zones": [], "secrets_stores": []}
    warnings: list[str] = []
    return access_of(Snapshot.model_validate(document), warnings), warnings


def only(*policies: dict[str, Any], **more: Any) -> Application:
    found = access(application(*policies, **more))[0].application(HOST, "/admin")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("uri", "inside", "outside"),
    [
        (f"{HOST}/admin", ["/admin", "/admin/", "/admin/users"], ["/", "/administration", "/Admin", "/x/admin"]),
        (HOST, ["/", "/anything"], []),
        (f"{HOST}/a/*/c", ["/a/b/c", "/a/b/c/d"], ["/a/c", "/a/b/x/c", "/a/b"]),
        (f"{HOST}/a.c", ["/a.c"], ["/abc"]),
        ("*.community.test/admin", ["/admin"], ["/"]),
        ("other.community.test/admin", [], ["/admin"]),
    ],
)
def test_an_application_is_its_path_and_all_below_it(uri: str, inside: list[str], outside: list[str]) -> None:
    found = access(application(uris=(uri,)))[0]
    assert [path for path in inside if found.application(HOST, path) is None] == []
    assert [path for path in outside if found.application(HOST, path) is not None] == []


def test_the_more_specific_place_counts() -> None:
    apps = [application(uris=(uri,)) for uri in (HOST, f"{HOST}/admin", f"{HOST}/admin/public")]
    found = access(*apps)[0]
    seen = {path: found.application(HOST, path) for path in ("/x", "/admin/x", "/admin/public/x")}
    assert [app.domain for app in seen.values() if app] == [HOST, f"{HOST}/admin", f"{HOST}/admin/public"]


MAIL, DOMAIN = {"email": {"email": "Ada@A.test"}}, {"email_domain": {"domain": "b.test"}}
EVERYONE: dict[str, Any] = {"everyone": {}}
TOKEN = {"service_token": {"token_id": "t1"}}
ANY_TOKEN: dict[str, Any] = {"any_valid_service_token": {}}
NEAR, UNKNOWN = {"ip": {"ip": "203.0.113.0/24"}}, {"geo": {"country_code": "IS"}}


@pytest.mark.parametrize(
    ("policies", "who", "outcome"),
    [
        ([policy("allow", MAIL)], ADA, IN),
        ([policy("allow", MAIL)], BOB, REFUSED),
        ([policy("allow", MAIL)], NOBODY, LOG_IN),
        ([policy("allow", MAIL)], PROGRAM, LOG_IN),
        ([policy("allow", MAIL, DOMAIN)], BOB, IN),
        ([policy("allow", EVERYONE)], NOBODY, LOG_IN),
        ([policy("allow", EVERYONE, exclude=[MAIL])], ADA, REFUSED),
        ([policy("allow", EVERYONE, require=[DOMAIN])], ADA, REFUSED),
        ([policy("allow", EVERYONE, require=[DOMAIN])], BOB, IN),
        ([policy("deny", MAIL), policy("allow", EVERYONE)], ADA, REFUSED),
        ([policy("allow", EVERYONE), policy("deny", MAIL)], ADA, IN),
        ([policy("non_identity", TOKEN)], PROGRAM, IN),
        ([policy("non_identity", TOKEN)], Who(token="t2"), REFUSED),
        ([policy("non_identity", ANY_TOKEN)], Who(token="t2"), IN),
        ([policy("non_identity", TOKEN)], ADA, REFUSED),
        ([policy("non_identity", TOKEN)], NOBODY, REFUSED),
        ([policy("allow", TOKEN)], PROGRAM, LOG_IN),
        ([policy("allow", MAIL), policy("non_identity", TOKEN)], PROGRAM, IN),
        ([policy("allow", MAIL), policy("non_identity", TOKEN)], NOBODY, LOG_IN),
        # Those of programs and of nobody go first, wherever they stand.
        ([policy("deny", EVERYONE), policy("bypass", NEAR)], NOBODY, OPEN),
        ([policy("bypass", NEAR)], Who("192.0.2.1"), REFUSED),
        # What cannot be told lets nobody in, and keeps out whom it might.
        ([policy("allow", UNKNOWN)], ADA, REFUSED),
        ([policy("allow", MAIL, require=[UNKNOWN])], ADA, REFUSED),
        ([policy("allow", MAIL, exclude=[UNKNOWN])], ADA, REFUSED),
        ([], ADA, REFUSED),
    ],
)
def test_policies_decide_who_is_let_in(policies: list[dict[str, Any]], who: Who, outcome: Outcome) -> None:
    assert only(*policies).outcome(who) is outcome


def test_what_cannot_be_told_is_said_and_how_long_a_login_holds_is_read() -> None:
    found, warnings = access(application(policy("allow", UNKNOWN, MAIL)))
    assert warnings == ["application admin: policy allow: nobody is known to be of a geo"]
    app = found.application(HOST, "/admin")
    assert app is not None
    assert app.seconds == 5400


def test_a_service_token_is_proven_by_its_own_secret_while_it_holds() -> None:
    digest = hashlib.sha256(b"the secret").hexdigest()
    body = {
        "id": "t1",
        "client_id": "c",
        "secret_sha256": digest,
        "enabled": True,
        "expires_at": "2026-12-01T00:00:00Z",
    }
    made = access(tokens=(body, {**body, "client_id": "off", "enabled": False}, {**body, "client_id": "old"}))[0].tokens
    before = made["c"].ends - 1
    assert made["c"].is_proven_by("the secret", before)
    assert not made["c"].is_proven_by("the secret", made["c"].ends)
    assert not made["c"].is_proven_by(digest, before)
    assert not made["off"].is_proven_by("the secret", before)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(Pki(tmp_path_factory.mktemp("pki")))


def test_a_token_is_the_teams_for_one_application_as_long_as_it_holds(tokens: Tokens) -> None:
    made = tokens.issue("aud", {"email": "ada@a.test"}, 60)
    claims = tokens.claims(made, "aud")
    assert claims is not None
    assert (claims["email"], claims["iss"], claims["aud"]) == ("ada@a.test", ISSUER, ["aud"])
    assert tokens.claims(made, "another") is None
    assert tokens.claims(tokens.issue("aud", {}, -1), "aud") is None
    assert tokens.claims(tokens.issue("aud", {"type": "org"}, 60), "aud") is None
    assert tokens.claims(tokens.issue("aud", {"iss": "https://elsewhere.test"}, 60), "aud") is None


CLAIMS = {"aud": ["aud"], "iss": ISSUER, "type": "app", "exp": int(time.time()) + 600, "email": "ada@a.test"}


def _by_shared_secret(secret: str) -> str:
    """With HS256, as the library would not for a public key."""
    head, claims = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, CLAIMS))
    signature = hmac.digest(secret.encode(), head + b"." + claims, "sha256")
    return b".".join((head, claims, urlsafe_b64encode(signature).rstrip(b"="))).decode()


def test_nobody_else_makes_a_token(tokens: Tokens) -> None:
    """Not by another key, nor by no signature, nor by the public key as a shared secret (RFC 8725 section 2.1)."""
    public = tokens.certs()["public_cert"]["cert"]
    head, claims, _ = tokens.issue("aud", {}, 60).split(".")
    forged = [
        jwt.encode({"alg": "RS256"}, CLAIMS, RSAKey.generate_key(2048), algorithms=["RS256"]),
        jwt.encode({"alg": "none"}, CLAIMS, OctKey.import_key("none"), algorithms=["none"]),
        _by_shared_secret(public),
        f"{head}.{claims}.",
        f"{head}.{claims}.AAAA",
    ]
    assert [token for token in forged if tokens.claims(token, "aud") is not None] == []


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True))
def test_what_is_no_token_is_none(tokens: Tokens, text: str) -> None:
    assert tokens.claims(text, "aud") is None


def test_the_teams_key_is_made_once_and_shown_in_public_alone(tmp_path: Path) -> None:
    first, second = Tokens(Pki(tmp_path)), Tokens(Pki(tmp_path))
    assert first.certs() == second.certs()
    assert set(first.certs()["keys"][0]) == {"kty", "n", "e", "use", "alg", "kid"}
    assert (Pki(tmp_path).team_key_file.stat().st_mode & 0o777) == 0o600
