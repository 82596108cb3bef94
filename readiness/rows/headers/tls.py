"""TLS as the edge speaks it to visitors: versions, ciphers, certificates, known attacks, for every declared name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from readiness.check import Check, Evidence, Outcome, Result, Said, Table, beside_the_point, held, unknown
from readiness.rows.headers import checks
from readiness.rows.headers.names import web_names
from readiness.rows.headers.origin import LEAST_DAYS
from readiness.rows.headers.scan import CERTIFICATE, FULL, Scanned, scanned
from readiness.target import Target

_GOOD = ("TLS 1.2", "TLS 1.3")
# Said in the profile's comparison and no weakness: more curves, all of them strong. A private edge's chain is in no
# public store, and is looked at by itself; how long a certificate is good for is its authority's to say.
_NOTED = ("tls_curves", "certificate_path_validation", "maximum_certificate_lifespan")


def tls(target: Target) -> Iterator[Result]:
    """The site and one name of each other zone whole, the certificates of all names."""
    names = web_names(target.settings)
    site = target.origin.removeprefix("https://")
    first = {name.zone: name.name for name in reversed(names)} | {target.settings.zone.name: site}
    whole = list(dict.fromkeys([site, *first.values()]))
    others = [name.name for name in names if name.name not in whole]
    found, command = scanned(target, whole, FULL)
    more, second = scanned(target, others, CERTIFICATE) if others else ([], "")
    ran = Said("The scanner, a process of its own", "\n".join(filter(None, (command, second))))
    yield _versions(found, ran)
    yield _ciphers(found, ran)
    yield _attacks(found, ran)
    yield from _certificates([*found, *more], len(names))


def _versions(found: Sequence[Scanned], ran: Evidence) -> Result:
    wrong = [f"{one.name} speaks {version}" for one in found for version in one.versions if version not in _GOOD]
    wrong += [f"{one.name} speaks no TLS: {one.trouble}" for one in found if one.trouble]
    rows = tuple((one.name, ", ".join(one.versions) or one.trouble) for one in found)
    table = Table("Versions", ("Name", "Speaks"), rows)
    result = held(checks.TLS_VERSIONS, wrong, f"{len(found)} names speak TLS 1.2 and 1.3 alone", table, ran)
    return _whole(result, found, "_cipher_suites")


def _ciphers(found: Sequence[Scanned], ran: Evidence) -> Result:
    told = [(one, one.profile) for one in found if one.profile is not None]
    wrong = [
        f"{one.name}: {what}"
        for one, profile in told
        for key, what in profile.items()
        if key not in (*_NOTED, "tls_versions")
    ]
    rows = tuple((one.name, version, ", ".join(suites)) for one in found for version, suites in one.ciphers.items())
    noted = tuple((one.name, key, what) for one, profile in told for key, what in profile.items() if key in _NOTED)
    tables = [
        Table("Ciphers that were taken", ("Name", "Version", "Suites"), rows),
        Table("Not as in the profile, and no weakness", ("Name", "What", "How"), noted),
    ]
    if len(told) < len(found) and not wrong:
        why = f"the scanner compared {len(told)} of {len(found)} names with the profile: run it by hand"
        return unknown(checks.TLS_CIPHERS, why, *tables, ran)
    summary = f"{len(rows)} lists of ciphers on {len(found)} names are in Mozilla's intermediate profile"
    return _whole(held(checks.TLS_CIPHERS, wrong, summary, *tables, ran), found, "_cipher_suites")


def _attacks(found: Sequence[Scanned], ran: Evidence) -> Result:
    wrong = [f"{one.name}: {attack}" for one in found for attack, open_ in one.attacks.items() if open_]
    rows = tuple(
        (one.name, attack, "possible" if open_ else "no") for one in found for attack, open_ in one.attacks.items()
    )
    table = Table("Attacks that were tried", ("Name", "Attack", "Works"), rows)
    if not rows:
        return unknown(checks.TLS_ATTACKS, "the scanner tried none: run it by hand", ran)
    result = held(checks.TLS_ATTACKS, wrong, f"{len(rows)} tries on {len(found)} names, none worked", table, ran)
    return _whole(result, found, "")


def _whole(result: Result, found: Sequence[Scanned], ending: str) -> Result:
    """``result``, or that it cannot be told where it is good and the scanner had trouble."""
    unread = [f"{key} of {one.name}" for one in found for key in one.unread if key.endswith(ending)]
    if result.outcome is Outcome.FAIL or not unread:
        return result
    return unknown(
        result.check, f"the scanner could not tell {', '.join(unread[:4])}: run this again", *result.evidence
    )


def _certificates(found: Sequence[Scanned], declared: int) -> Iterator[Result]:
    shown = [(one.name, certificate) for one in found for certificate in one.certificates]
    wrong = [f"{one.name} shows none: {one.trouble or 'not told'}" for one in found if not one.certificates]
    wrong += [f"that of {name}: {certificate.trouble}" for name, certificate in shown if certificate.trouble]
    wrong += [f"that of {name} has {each.days:.0f} days left" for name, each in shown if each.days < LEAST_DAYS]
    rows = tuple((name, ", ".join(c.names), f"{c.days:.0f}", c.key, c.issuer, str(c.chain)) for name, c in shown)
    table = Table("Certificates", ("Name", "For", "Days left", "Key", "Issuer", "Chain"), rows)
    summary = f"{len(found)} of {declared} declared names show one that holds, {LEAST_DAYS} days or more"
    yield held(checks.CERTIFICATES, wrong, summary, table)
    yield _stapling(checks.STAPLING, found)


def _stapling(check: Check, found: Sequence[Scanned]) -> Result:
    shown = [(one.name, certificate) for one in found for certificate in one.certificates]
    asked = [(name, one) for name, one in shown if one.offers_ocsp or one.must_staple]
    if not shown:
        return unknown(check, "no certificate was seen")
    if not asked:
        return beside_the_point(check, f"none of {len(shown)} certificates names an OCSP server")
    wrong = [
        f"{name} staples none" + (", and its certificate says that it must" if one.must_staple else "")
        for name, one in asked
        if not one.stapled
    ]
    return held(check, wrong, f"{len(asked)} certificates with OCSP come with it stapled")
