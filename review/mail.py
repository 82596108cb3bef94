"""TXT records of mail: what a receiver is told before a change and after it, tag by tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from core.resources import Resource, is_open
from review.finding import Direction, Finding
from review.scales import DMARC_POLICY, SPF_ALL, Compared, compare
from review.show import show
from review.steps import Step
from review.texts import Text, read_text

_GONE: Final[Mapping[str, str]] = {
    "SPF": "no receiver can tell a forgery by its sender's address",
    "DKIM": "mail that was signed with this key fails its check",
    "DMARC": "receivers take in forgeries of the name, and nobody hears of them",
    "MTA-STS": "mail to the zone may go in the clear",
    "TLS-RPT": "nobody is told of mail that could not come encrypted",
}
_EMPTY: Final[Mapping[str, str]] = {
    "SPF": "it lets everybody send",
    "DMARC": "it asks receivers for nothing, and brings reports alone",
}
_FLAGS: Final = (
    ("t", "n", ("y", "n"), "test mode asks receivers for nothing"),
    ("adkim", "r", ("r", "s"), "any subdomain's signature counts"),
    ("aspf", "r", ("r", "s"), "any subdomain's sender counts"),
)
_WEIGHT: Final[Mapping[str, int]] = {"DMARC": 25, "SPF": 26, "DKIM": 27, "MTA-STS": 28, "TLS-RPT": 58}


def text_findings(step: Step) -> Iterator[Finding]:
    """What becomes of a TXT record that mail servers read; nothing of any other."""
    before, after = _text(step.before), _text(step.after)
    if "open" in (before, after):
        both_open = before == after and not step.paths
        if not both_open:
            yield _finding("unclear", step, "TXT", "its content is not known", "nobody can say what receivers are told")
        return
    old = before if isinstance(before, Text) and before.scheme else None
    new = after if isinstance(after, Text) and after.scheme else None
    if old is not None and (new is None or new.scheme != old.scheme):
        yield _finding("weaker", step, old.scheme, f"{old.scheme} removed", _GONE[old.scheme])
    if new is not None and (old is None or new.scheme != old.scheme):
        empty = _EMPTY.get(new.scheme, "") if _is_empty(new) else ""
        yield _finding("neutral" if empty else "stronger", step, new.scheme, f"{new.scheme} added", empty)
    if old is not None and new is not None and old.scheme == new.scheme and old.plain != new.plain:
        yield from _changed(step, old, new)


def _is_empty(text: Text) -> bool:
    """Whether a record that is new protects nothing."""
    return text.all_ in "+?" if text.scheme == "SPF" else _policy(text, "p") in ("none", None)


def _text(resource: Resource | None) -> Text | str | None:
    if resource is None:
        return None
    content = resource.properties.get("content")
    return "open" if is_open(content) else read_text(str(content or ""))


def _changed(step: Step, old: Text, new: Text) -> Iterator[Finding]:
    if old.scheme == "SPF":
        yield from _spf(step, old, new)
    elif old.scheme == "DMARC":
        yield from _dmarc(step, old, new)
    elif old.scheme == "DKIM":
        yield from _dkim(step, old, new)
    else:
        yield from _reported(step, old, new, "rua")
        if old.scheme == "MTA-STS" and old.tags.get("id") != new.tags.get("id"):
            why = "the policy itself stands in no record: does it still say enforce, and name every mail server?"
            yield _finding("unclear", step, old.scheme, "MTA-STS tells of another policy", why)
        yield from _tags(step, old, new, skipping=("rua", "id"))


def _spf(step: Step, old: Text, new: Text) -> Iterator[Finding]:
    if old.all_ != new.all_:
        found = compare(SPF_ALL, old.all_, new.all_)
        why = "a receiver lets more forgeries through" if found == "weaker" else ""
        yield _finding(_direction(found), step, "SPF", f"SPF {_all(old)} → {_all(new)}", why)
    came = [term for term in new.tags if term not in old.tags and not term.lower().endswith("all")]
    went = [term for term in old.tags if term not in new.tags and not term.lower().endswith("all")]
    if not came and not went and old.all_ == new.all_:
        what = f"SPF in another order: {' '.join(new.tags)}"
        yield _finding("unclear", step, "SPF", what, "the first term that fits decides, and nothing after all counts")
    if came:
        yield _finding("weaker", step, "SPF", f"SPF + {' '.join(came)}", "more machines may send mail as the zone")
    if went:
        why = "mail from there fails SPF from now on: is nothing sent from it any more?"
        yield _finding("stronger", step, "SPF", f"SPF - {' '.join(went)}", why)


def _all(text: Text) -> str:
    return "redirect" if text.all_ == "redirect" else f"{text.all_}all"


def _dmarc(step: Step, old: Text, new: Text) -> Iterator[Finding]:
    for tag in ("p", "sp", "np"):
        before, after = _policy(old, tag), _policy(new, tag)
        found = compare(DMARC_POLICY, before, after)
        if found != "same" and (tag == "p" or tag in old.tags or tag in new.tags):
            why = "a forgery is treated more gently" if found == "weaker" else ""
            yield _finding(_direction(found), step, "DMARC", f"DMARC {tag}: {show(before)} → {show(after)}", why)
    for tag, default, scale, why in _FLAGS:
        found = compare(scale, old.tags.get(tag, default), new.tags.get(tag, default))
        if found != "same":
            what = f"DMARC {tag}: {show(old.tags.get(tag, default))} → {show(new.tags.get(tag, default))}"
            yield _finding(_direction(found), step, "DMARC", what, why if found == "weaker" else "")
    share = compare("more", old.tags.get("pct", "100"), new.tags.get("pct", "100"))
    if share != "same":
        what = f"DMARC pct: {old.tags.get('pct', '100')} → {new.tags.get('pct', '100')}"
        yield _finding(_direction(share), step, "DMARC", what, "the policy counts for a part of the mail alone")
    yield from _reported(step, old, new, "rua", "ruf")
    yield from _tags(step, old, new, skipping=("p", "sp", "np", "t", "adkim", "aspf", "pct", "rua", "ruf"))


def _reported(step: Step, old: Text, new: Text, *tags: str) -> Iterator[Finding]:
    """Who gets reports: addresses of URIs, with commas between them."""
    for tag in tags:
        before, after = (_addresses(side.tags.get(tag, "")) for side in (old, new))
        went, came = [uri for uri in before if uri not in after], [uri for uri in after if uri not in before]
        if went:
            why = "no reports come there any more" if after else "nobody gets reports any more"
            yield _finding("weaker", step, old.scheme, f"{old.scheme} {tag}: without {', '.join(went)}", why)
        if came:
            yield _finding("neutral", step, old.scheme, f"{old.scheme} {tag}: with {', '.join(came)}", "")


def _addresses(listed: str) -> list[str]:
    return [uri.strip() for uri in listed.split(",") if uri.strip()]


def _policy(text: Text, tag: str) -> str | None:
    """RFC 9989 §4.7: ``np`` falls back to ``sp``, and ``sp`` to ``p``."""
    order = {"p": ("p",), "sp": ("sp", "p"), "np": ("np", "sp", "p")}[tag]
    return next((text.tags[one].lower() for one in order if one in text.tags), None)


def _dkim(step: Step, old: Text, new: Text) -> Iterator[Finding]:
    before, after = old.tags.get("p", ""), new.tags.get("p", "")
    if before and not after:
        yield _finding("neutral", step, "DKIM", "DKIM key revoked (empty p=)", _GONE["DKIM"])
    elif before != after:
        why = "mail that was signed with the old key fails its check: is nothing of it still on its way?"
        yield _finding("neutral", step, "DKIM", "DKIM key replaced under the same selector", why)
    testing = ["y" in text.tags.get("t", "").split(":") for text in (old, new)]
    if testing[0] != testing[1]:
        direction: Direction = "weaker" if testing[1] else "stronger"
        yield _finding(direction, step, "DKIM", f"DKIM t=y {'set' if testing[1] else 'taken out'}", "test mode")
    yield from _tags(step, old, new, skipping=("p", "t"))


def _tags(step: Step, old: Text, new: Text, *, skipping: tuple[str, ...]) -> Iterator[Finding]:
    for tag in dict.fromkeys((*old.tags, *new.tags)):
        before, after = old.tags.get(tag), new.tags.get(tag)
        if tag not in skipping and before != after:
            yield _finding("neutral", step, old.scheme, f"{old.scheme} {tag}: {show(before)} → {show(after)}", "")


def _direction(found: Compared) -> Direction:
    return "neutral" if found == "same" else found


def _finding(direction: Direction, step: Step, scheme: str, what: str, why: str) -> Finding:
    name = str(step.subject.properties.get("name", step.subject.name))
    return Finding(
        direction=direction,
        rule=f"mail.{scheme.lower()}",
        subject=step.subject.name,
        what=f"{name}: {what}",
        why=why,
        weight=_WEIGHT.get(scheme, 59),
        urn=step.urn,
    )
