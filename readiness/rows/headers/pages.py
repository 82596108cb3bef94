"""What the answers' headers say to browsers: on pages, the API, static files, errors, and on every name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from core.settings.tls import ONE_YEAR
from core.site import Reply, Visitor
from readiness.check import Check, Evidence, Result, Table, held, unknown
from readiness.exchange import exchange
from readiness.rows.headers import checks, csp, page
from readiness.rows.headers.fields import is_foreign, max_age
from readiness.rows.headers.names import own_names, web_names
from readiness.rows.headers.observatory import Seen, score
from readiness.rows.headers.route import followed
from readiness.target import Target

_BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36"
}
_TO_BROWSERS = " (to a browser)"
_FOREIGN = "https://evil.example"
_LEAST_POINTS = 90
_NOWHERE = "/there-is-nothing-here"
_TELLING = (
    *("Server", "Via", "X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version", "X-Generator", "X-Runtime"),
    *("X-Drupal-Cache", "X-Backend-Server", "X-Varnish", "Liferay-Portal"),
)
_VERSION = re.compile(r"\d+\.\d+")
_PRODUCT = re.compile(
    r"(?i)\b(nginx|apache|openresty|caddy|uvicorn|gunicorn|hypercorn|werkzeug|python|django|flask|fastapi|starlette|"
    r"php|express|node|tomcat|jetty|postgresql|openssl)/(\d+(?:\.\d+)+)"
)
_REFERRER = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
_SHOWN = (
    *("Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options"),
    *("Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"),
)


@dataclass(frozen=True)
class Answers:
    """What was asked for: path → answer. ``pages`` are there twice, as a browser gets them too; ``others`` are the API,
    a static file and errors; ``names`` go by the name.
    """

    pages: Mapping[str, Reply]
    others: Mapping[str, Reply]
    names: Mapping[str, Reply]

    @property
    def all(self) -> dict[str, Reply]:
        """Every one."""
        return {**self.pages, **self.others, **self.names}


def pages(target: Target) -> Iterator[Result]:
    """Each main page, what it loads, the API, errors, and the front of every name."""
    visitor = target.visitor()
    answers = _asked(target, visitor)
    silent = [f"{path} ({reply.reason})" for path, reply in answers.all.items() if not reply.status]
    silent += [f"{path} ({reply.status})" for path, reply in answers.pages.items() if not 200 <= reply.status < 300]
    if silent:
        said = ", ".join(silent[:4])
        why = f"{len(silent)} of {len(answers.all)} addresses give no page ({said}): see launch-ready:readiness.pages"
        yield from (unknown(check, why) for check in CHECKS)
        return
    yield _score(target, visitor, answers)
    yield _policies(answers)
    yield _transport(answers)
    yield _nosniff(answers)
    yield _each(checks.REFERRER, answers.pages, _referrer, "Referrer-Policy keeps paths back")
    yield _each(checks.FRAMES, answers.pages, _frames, "frame-ancestors keeps other sites out")
    yield _each(checks.ISOLATION, answers.pages, _isolation, "both headers are there")
    yield _integrity(target, answers)
    yield _versions(answers)


CHECKS = (
    *(checks.SCORE, checks.CSP, checks.HSTS, checks.NOSNIFF, checks.REFERRER, checks.FRAMES, checks.ISOLATION),
    *(checks.INTEGRITY, checks.VERSIONS),
)


def _asked(target: Target, visitor: Visitor) -> Answers:
    settings = target.settings.readiness
    # Somebody may let the checks have what visitors do not get.
    found = {path: visitor.ask("GET", target.url(path)) for path in settings.pages}
    found |= {path + _TO_BROWSERS: visitor.ask("GET", target.url(path), headers=_BROWSER) for path in settings.pages}
    assets = [asset for reply in found.values() for asset in page.read(reply.text).assets if not is_foreign(asset, "")]
    paths = [settings.calls.me.path, settings.openapi, _NOWHERE, "/" + "long" * 3000]
    paths += [urljoin("/", asset) for asset in dict.fromkeys(assets[:3])]
    others = {path[:60]: visitor.ask("GET", target.url(path)) for path in paths if path.startswith("/")}
    bad = visitor.ask(
        "POST", target.url(settings.calls.login.path), body=b"{", headers={"Content-Type": "application/json"}
    )
    others[f"POST {settings.calls.login.path} (no JSON)"] = bad
    names = {
        f"https://{name.name}/": visitor.ask("GET", f"https://{name.name}/") for name in web_names(target.settings)
    }
    return Answers(found, others, names)


def _score(target: Target, visitor: Visitor, answers: Answers) -> Result:
    site = target.origin.removeprefix("https://")
    route = followed(visitor, f"http://{site}/", own_names(target.settings)).urls
    wrong: list[str] = []
    rows: list[tuple[str, ...]] = []
    lowest = []
    for path, reply in answers.pages.items():
        cors = visitor.ask("GET", target.url(path.removesuffix(_TO_BROWSERS)), headers={"Origin": _FOREIGN})
        found = score(Seen(reply, cors, _FOREIGN, tuple(route), site))
        lowest.append(f"{path} {found.points} ({found.grade})")
        if found.points < _LEAST_POINTS:
            wrong.append(f"{path} has {found.points} points, {found.grade}")
        rows += [(path, mark.test, f"{mark.modifier:+d}", f"{mark.result}: {mark.meaning}") for mark in found.marks]
    table = Table(
        "Tests and modifiers, from 100 on; bonuses from 90 on", ("Page", "Test", "Points", "Result"), tuple(rows)
    )
    return held(checks.SCORE, wrong, f"{len(rows)} tests of {len(answers.pages)} pages: {', '.join(lowest)}", table)


def _policies(answers: Answers) -> Result:
    markup = {path: reply for path, reply in answers.all.items() if "html" in reply.header("Content-Type")}
    return _each(checks.CSP, {**answers.pages, **markup}, _policy, "no injected script would run")


def _policy(reply: Reply) -> str:
    try:
        policy = csp.policy_of(reply.all("Content-Security-Policy"))
    except ValueError as error:
        return f"a Content-Security-Policy that cannot be read: {error}"
    if not policy:
        return "no Content-Security-Policy"
    scripts, objects = csp.sources(policy, "script-src"), csp.sources(policy, "object-src")
    wrong = sorted(scripts & (csp.BROAD | csp.INLINE | {"'unsafe-eval'"}))
    found = [f"script-src allows {' '.join(wrong)}"] if wrong else []
    found += ["object-src allows everything"] if objects & csp.BROAD else []
    found += ["no base-uri"] if policy.get("base-uri", csp.BROAD) & csp.BROAD else []
    found += ["script-src has 'strict-dynamic' and no nonce"] if csp.dynamic_without_a_nonce(policy) else []
    return ", ".join(found)


def _transport(answers: Answers) -> Result:
    wrong, rows = [], []
    for address, reply in {**answers.names, **answers.pages}.items():
        said = reply.header("Strict-Transport-Security")
        age = max_age(reply)
        rows.append((address, said or "none", f"{age / 86_400:.0f}" if age is not None and age > 0 else "0"))
        if age is None:
            wrong.append(f"{address} has none")
        elif age < ONE_YEAR:
            wrong.append(f"{address} has {max(age, 0) / 86_400:.0f} days, and ASVS 3.4.1 wants 365")
    table = Table("Strict-Transport-Security", ("Address", "Value", "Days"), tuple(rows))
    return held(checks.HSTS, wrong, f"{len(rows)} addresses have it for a year or more (ASVS 3.4.1)", table)


def _nosniff(answers: Answers) -> Result:
    return _each(checks.NOSNIFF, answers.all, _no_sniffing, "all say nosniff")


def _no_sniffing(reply: Reply) -> str:
    return "" if reply.header("X-Content-Type-Options").strip().lower() == "nosniff" else "no nosniff"


def _referrer(reply: Reply) -> str:
    words = [word.strip().lower() for value in reply.all("Referrer-Policy") for word in value.split(",")]
    return "" if words and words[-1] in _REFERRER else f"Referrer-Policy is {words[-1] if words else 'missing'}"


def _frames(reply: Reply) -> str:
    try:
        ancestors = csp.policy_of(reply.all("Content-Security-Policy")).get("frame-ancestors")
    except ValueError:
        ancestors = None
    if ancestors is None:
        return "no frame-ancestors"
    return "" if ancestors <= {"'none'", "'self'"} else f"frame-ancestors is {' '.join(sorted(ancestors))}"


def _isolation(reply: Reply) -> str:
    opener = reply.header("Cross-Origin-Opener-Policy").partition(";")[0].strip()
    found = [] if opener in ("same-origin", "same-origin-allow-popups") else [f"opener policy {opener or 'missing'}"]
    found += [] if reply.header("Permissions-Policy") else ["no Permissions-Policy"]
    return ", ".join(found)


def _integrity(target: Target, answers: Answers) -> Result:
    site = target.origin.removeprefix("https://")
    scripts = {path: page.read(reply.text) for path, reply in answers.pages.items()}
    foreign = [
        (path, script) for path, read in scripts.items() for script in read.scripts if is_foreign(script.src, site)
    ]
    wrong = [f"{path} loads {script.src} without integrity" for path, script in foreign if not script.integrity]
    wrong += [
        f"{path} loads {script.src} not by https:" for path, script in foreign if not script.src.startswith("https:")
    ]
    total = sum(len(read.scripts) for read in scripts.values())
    return held(checks.INTEGRITY, wrong, f"{total} scripts on {len(scripts)} pages, {len(foreign)} of others")


def _versions(answers: Answers) -> Result:
    wrong, told = [], set()
    for address, reply in answers.all.items():
        for name in _TELLING:
            for value in reply.all(name):
                told.add(f"{name}: {value}")
                if _VERSION.search(value) or name.startswith(("X-Powered", "X-Asp")):
                    wrong.append(f"{address} says {name}: {value}")
        if reply.status >= 400 and (product := _PRODUCT.search(reply.text)):
            wrong.append(f"{address} answers {reply.status} with {product[0]} in its body")
    summary = f"{len(answers.all)} answers, errors too, name no version ({', '.join(sorted(told)) or 'nothing told'})"
    return held(checks.VERSIONS, list(dict.fromkeys(wrong)), summary)


def _each(check: Check, replies: Mapping[str, Reply], wrong: Callable[[Reply], str], good: str) -> Result:
    found = {address: why for address, reply in replies.items() if (why := wrong(reply))}
    said = [f"{address}: {why}" for address, why in found.items()]
    return held(check, said, f"{len(replies)} answers, {good}", *_shown(replies, list(found)))


def _shown(replies: Mapping[str, Reply], wrong: Sequence[str]) -> list[Evidence]:
    chosen = wrong[:2] or list(replies)[:1]
    return [exchange(f"GET {address}", replies[address], told=_SHOWN, body=False) for address in chosen]
