"""What the platform in memory does by route, as the lab's app does; each fault stands where it would be made."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.readiness.platform import Answer, Ask, Platform, Route

COMMON = {
    "password1234",
    "123456789012",
    "qwertyuiop12",
    "1q2w3e4r5t6y",
    "iloveyou1234",
    "passwordpassword",
    "1234567890123456",
    "qwertyuiopasdfgh",
}
COOKIE_FAULTS = {
    "cookie-no-secure": ("; Secure", ""),
    "cookie-no-httponly": ("; HttpOnly", ""),
    "cookie-no-samesite": ("; SameSite=lax", ""),
    "cookie-no-prefix": ("__Host-", ""),
    "cookie-for-years": ("Max-Age=1209600", "Max-Age=63072000"),
}


def problem(detail: str) -> dict[str, str]:
    """RFC 9457."""
    return {"type": "about:blank", "detail": detail}


def set_cookie(app: Platform, value: str, age: int = 1209600) -> str:
    """The session's cookie."""
    line = f"__Host-session={value}; HttpOnly; Max-Age={age}; Path=/; SameSite=lax; Secure"
    for fault, (old, new) in COOKIE_FAULTS.items():
        line = line.replace(old, new) if fault in app.faults else line
    return line


def bad_password(app: Platform, password: str) -> str:
    """Why it is refused."""
    shortest = 4 if "password-short" in app.faults else 12
    longest = 32 if "password-not-long" in app.faults else 200
    if not shortest <= len(password) <= longest:
        return "The password is too short or too long."
    if password.lower() in COMMON and "password-common" not in app.faults:
        return "Everybody has this password."
    if "password-composed" in app.faults and not re.search(r"[0-9].*[^\w]|[^\w].*[0-9]", password):
        return "It needs a digit and a sign."
    return ""


def signup(app: Platform, ask: Ask) -> Answer:
    """Make an account."""
    if why := bad_password(app, ask.given["password"]):
        return 422, problem(why)
    email = ask.given["email"].lower()
    if email in app.users:
        if "signup-tells" in app.faults:
            return 409, problem("The address has an account.")
        app.post(email, "You have an account already.")
    else:
        user = app.join(email, ask.given["name"], ask.given["password"])
        app.send(user, "verify", "The link works once, for 24 hours.")
    return 202, {"detail": "Read your mail."}


def verify(app: Platform, ask: Ask) -> Answer:
    """Prove an address."""
    user = app.use(ask.given["token"], "verify")
    if user is None:
        return 404, problem("No such link.")
    user.verified = True
    return 204, None


def verify_again(app: Platform, ask: Ask) -> Answer:
    """The mail once more."""
    if ask.user is None:
        return 401, problem("Sign in first.")
    app.send(ask.user, "verify", "The link works once, for 24 hours.")
    return 202, {"detail": "Read your mail."}


def login(app: Platform, ask: Ask) -> tuple[Any, ...]:
    """Sign in."""
    user = app.users.get(ask.given["email"].lower())
    given = ask.given["password"]
    if "password-truncated" in app.faults and user:
        given, kept = given[:16], user.password[:16]
    else:
        kept = user.password if user else ""
    if user is None or not secrets.compare_digest(given.encode(), kept.encode()):
        if user and "limit-tells" in app.faults and app.failed(user).failures > 10:
            return 429, problem("Too many.")
        tells = "login-tells" in app.faults and user is None
        return 401, problem("No such account." if tells else "The address or the password is wrong.")
    if "login-needs-proof" in app.faults and not user.verified:
        return 403, problem("Prove your address first.")
    planted = "session-kept" in app.faults and ask.cookie
    token = ask.cookie if planted else secrets.token_urlsafe(4 if "session-short" in app.faults else 32)
    if "session-kept" not in app.faults:
        app.sessions.pop(ask.cookie, None)
    app.sessions[token] = user
    return 200, {"id": user.id, "email": user.email, "name": user.name}, set_cookie(app, token)


def logout(app: Platform, ask: Ask) -> tuple[Any, ...]:
    """Sign out."""
    if "alive-after-logout" not in app.faults:
        app.sessions.pop(ask.cookie, None)
    return 204, None, set_cookie(app, '""', 0)


def me(app: Platform, ask: Ask) -> Answer:
    """Who is signed in; DELETE removes them."""
    if ask.user is None:
        return 401, problem("Sign in first.")
    if ask.method == "GET":
        return 200, {"id": ask.user.id, "email": ask.user.email, "name": ask.user.name}
    if ask.given.get("password") != ask.user.password:
        return 403, problem("The password is wrong.")
    app.users.pop(ask.user.email)
    if "alive-after-leave" not in app.faults:
        app.end(ask.user)
    return 204, None


def reset(app: Platform, ask: Ask) -> Answer:
    """A mail for a forgotten password."""
    user = app.users.get(ask.given["email"].lower())
    if user:
        says = "" if "mail-says-nothing" in app.faults else "The link works once, for 30 minutes."
        app.send(user, "reset", says.replace("30 minutes", "7 days") if "reset-lasts" in app.faults else says)
    if not user and "reset-tells" in app.faults:
        return 202, {"detail": "There is no such account."}
    return 202, {"detail": "If there is an account, a mail is on its way."}


def set_password(app: Platform, ask: Ask) -> Answer:
    """By a mail's token."""
    if why := bad_password(app, ask.given["password"]):
        return 422, problem(why)
    user = app.use(ask.given["token"], "reset")
    if user is None:
        return 404, problem("No such link.")
    user.password = ask.given["password"]
    if "alive-after-reset" not in app.faults:
        app.end(user)
    return 204, None


def change_password(app: Platform, ask: Ask) -> Answer:
    """By who knows the present one."""
    if ask.user is None:
        return 401, problem("Sign in first.")
    if ask.given["current"] != ask.user.password and "change-without-current" not in app.faults:
        return 403, problem("The password is wrong.")
    ask.user.password = ask.given["new"]
    if "alive-after-change" not in app.faults:
        app.end(ask.user, but=ask.cookie)
    return 204, None


def make_org(app: Platform, ask: Ask) -> Answer:
    """An organisation."""
    if ask.method == "GET":
        return 200, []
    return _made(app, ask, "org")


def make_space(app: Platform, ask: Ask, _org: str) -> Answer:
    """A space."""
    return _made(app, ask, "space")


def make_post(app: Platform, ask: Ask, _org: str, _space: str) -> Answer:
    """A post."""
    return _made(app, ask, "post")


def invite(app: Platform, ask: Ask, org: str) -> Answer:
    """An invite, whose token is in the answer."""
    token = app.token()
    app.invites[token] = org
    return 201, {"id": secrets.token_hex(8), "token": token}


def accept(app: Platform, ask: Ask) -> Answer:
    """Join."""
    return (201, {}) if app.invites.pop(ask.given["token"], "") else (404, problem("No such invite."))


def _made(app: Platform, ask: Ask, kind: str) -> Answer:
    id_ = secrets.token_hex(8)
    app.orgs[id_] = {"kind": kind, **{key: str(value) for key, value in ask.given.items()}}
    return 201, {"id": id_}


ROUTES: tuple[tuple[str, str, Route], ...] = (
    ("POST", "/api/auth/signup", signup),
    ("POST", "/api/auth/verify", verify),
    ("POST", "/api/auth/verify/again", verify_again),
    ("POST", "/api/auth/login", login),
    ("POST", "/api/auth/logout", logout),
    ("GET DELETE", "/api/auth/me", me),
    ("POST", "/api/auth/reset", reset),
    ("POST", "/api/auth/reset/confirm", set_password),
    ("POST", "/api/auth/password", change_password),
    ("GET POST", "/api/orgs", make_org),
    ("POST", "/api/orgs/([^/]+)/spaces", make_space),
    ("POST", "/api/orgs/([^/]+)/spaces/([^/]+)/posts", make_post),
    ("POST", "/api/orgs/([^/]+)/invites", invite),
    ("POST", "/api/invites/accept", accept),
)
