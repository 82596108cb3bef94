"""What it means for live traffic that a resource goes, or goes and comes again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from core.resources import Resource
from review.finding import Direction, Finding, rule_id
from review.show import show
from review.steps import CREATE, DELETE, REPLACE, Step


@dataclass(frozen=True)
class Loss:
    """What is lost with a kind of resource: for good, and between delete and create where it is replaced."""

    direction: Direction
    gone: str
    between: str = ""
    weight: int = 40


_LOSSES: Final[Mapping[str, Loss]] = {
    "Zone": Loss(
        "outage",
        "every name of the zone, its mail and its certificates: nothing of it answers",
        "every name of the zone stops answering, and the registrar must be told of the new zone's name servers",
        1,
    ),
    "ZeroTrustAccessApplication": Loss(
        "weaker", "what it guarded is open to whoever asks", "it is open to whoever asks", 8
    ),
    "ZeroTrustAccessPolicy": Loss("unclear", "who may enter is decided by the policies that are left", "", 20),
    "CertificatePack": Loss(
        "outage",
        "names that no other certificate covers answer with a TLS error",
        "visitors get a TLS error until it is issued",
        6,
    ),
    "CustomSsl": Loss("outage", "visitors get a TLS error, or another certificate", "visitors get a TLS error", 6),
    "OriginCaCertificate": Loss(
        "outage",
        "it is revoked: a host that still has it is refused by the edge (526)",
        "the old one is revoked: hosts must have the new one first, or the edge answers 526",
        6,
    ),
    "AuthenticatedOriginPulls": Loss(
        "weaker", "hosts that ask for the edge's certificate refuse it, or let anyone in", "", 12
    ),
    "AuthenticatedOriginPullsCertificate": Loss(
        "outage", "the edge cannot show who it is: hosts that ask refuse it", "hosts refuse the edge", 7
    ),
    "AuthenticatedOriginPullsSettings": Loss("weaker", "hosts can no longer tell the edge from anybody else", "", 12),
    "ZoneDnssec": Loss(
        "weaker",
        "answers are not signed; while the registrar has the DS record, resolvers that check refuse the zone",
        "resolvers that check refuse the zone until the registrar has the new DS record",
        9,
    ),
    "LoadBalancer": Loss("outage", "its name has no answer", "its name has no answer", 4),
    "LoadBalancerPool": Loss("outage", "a load balancer that names it has fewer hosts, or none", "it has no hosts", 10),
    "LoadBalancerMonitor": Loss("weaker", "a host that is down is not noticed", "", 40),
    "WorkersScript": Loss("outage", "what it served fails", "what it serves fails", 11),
    "WorkersRoute": Loss(
        "outage", "its paths are not served by the Worker any more", "its paths go past the Worker", 11
    ),
    "WorkersCustomDomain": Loss("outage", "its name has no answer", "its name has no answer", 11),
    "PagesProject": Loss("outage", "its pages are gone", "its pages are gone", 11),
    "PagesDomain": Loss("outage", "its name has no answer", "its name has no answer", 11),
    "SecretsStore": Loss(
        "outage", "every secret in it, and whatever reads one fails", "whatever reads a secret fails", 3
    ),
    "SecretsStoreSecret": Loss("outage", "whatever reads it fails", "whatever reads it fails", 13),
    "AwsSecret": Loss("outage", "whatever reads it fails", "whatever reads it fails", 13),
    "Healthcheck": Loss("weaker", "nobody is told when it is down", "", 60),
    "NotificationPolicy": Loss("weaker", "nobody is told", "", 60),
    "NotificationPolicyWebhooks": Loss("weaker", "alerts that go there are lost", "", 60),
    "LeakedCredentialCheck": Loss("weaker", "rules on leaked credentials match nothing", "", 20),
    "BotManagement": Loss("weaker", "bots are judged as Cloudflare's defaults have it", "", 30),
    "List": Loss("unclear", "rules that ask it fit other requests, or fail", "rules that ask it find nothing", 18),
    "ListItem": Loss("unclear", "rules that ask its list fit other requests", "", 25),
    "UrlNormalizationSettings": Loss("weaker", "rules see a path as it was sent: /%61dmin is not /admin", "", 22),
}
# What has a module of its own.
_ELSEWHERE: Final = frozenset({"DnsRecord", "Ruleset", "ZoneSetting"})
_HARMLESS: Final = frozenset(
    {
        *("ZeroTrustAccessServiceToken", "HostnameTlsSetting", "TotalTls", "MtlsCertificate"),
        *("TieredCache", "RegionalTieredCache", "ArgoTieredCaching", "ArgoSmartRouting", "WebAnalyticsSite"),
    }
)
"""Kinds that are understood, and of which nobody misses one that goes."""


_CODE: Final = "code that nobody sees here answers requests"
_FITS: Final = "rules that ask the list fit other requests"
_NEW: Final[Mapping[str, str]] = {
    **dict.fromkeys(("WorkersScript", "WorkersRoute", "WorkersCustomDomain", "PagesProject", "PagesDomain"), _CODE),
    **dict.fromkeys(("List", "ListItem"), _FITS),
}
"""Kinds of which one more may take protection away."""


def unknown_findings(step: Step) -> Iterator[Finding]:
    """A resource of a kind that no part of a review knows, or of which one more may weaken: that cannot be told."""
    subject = step.subject
    if step.op == CREATE and subject.kind in _NEW:
        yield _finding("unclear", step, "made", "made", f"{_NEW[subject.kind]}: read it", None)
    if subject.kind in _HARMLESS or subject.kind in _LOSSES or subject.type.startswith("pulumi:"):
        return
    done = {CREATE: "made", DELETE: "deleted", REPLACE: "replaced"}.get(step.op)
    if done:
        why = f"what {subject.kind} does to traffic or to protection is not known here: read it"
        yield _finding("unclear", step, "unknown", done, why, None)


def loss_findings(step: Step) -> Iterator[Finding]:
    """What goes with a resource that is deleted or replaced."""
    kind = step.subject.kind
    if kind in _ELSEWHERE or step.op not in (DELETE, REPLACE):
        return
    loss = _LOSSES.get(kind)
    forces = f" (by {', '.join(step.forces)})" if step.forces else ""
    if step.op == DELETE:
        direction: Direction = loss.direction if loss else "neutral"
        yield _finding(direction, step, "deleted", "deleted", loss.gone if loss else "", loss)
    elif loss and loss.between and step.deleted_first is not False:
        yield _finding(
            "outage", step, "replaced", f"replaced{forces}", f"between delete and create: {loss.between}", loss
        )
    else:
        yield _finding("neutral", step, "replaced", f"replaced{forces}", loss.gone if loss else "", loss)


def _finding(direction: Direction, step: Step, word: str, what: str, why: str, loss: Loss | None) -> Finding:
    resource = step.subject
    return Finding(
        direction=direction,
        rule=rule_id(resource.kind[:1].lower() + resource.kind[1:], word),
        subject=resource.name,
        what=f"{resource.kind} {resource.name}: {what}",
        why=why,
        weight=loss.weight if loss else 55,
        urn=step.urn,
    )


def moved_findings(steps: Iterable[Step]) -> Iterator[Finding]:
    """The same record, deleted under one name of the program and made under another.

    Pulumi makes new resources before it deletes old ones, and Cloudflare refuses a record that is there already
    (81058), as it refuses a CNAME beside another (81053): the run stops half-way.
    """
    went: dict[tuple[str, ...], Step] = {}
    came: dict[tuple[str, ...], list[Step]] = defaultdict(list)
    for step in steps:
        if step.subject.kind == "DnsRecord" and step.op == DELETE:
            went[_identity(step.subject)] = step
        elif step.subject.kind == "DnsRecord" and step.op == CREATE:
            came[_identity(step.subject)].append(step)
    for identity, old in went.items():
        for new in came.get(identity, ()):
            yield Finding(
                direction="outage",
                rule="dns.moved",
                subject=new.subject.name,
                what=f"{identity[0]}: one {identity[1]}, deleted as {old.subject.name} and made as {new.subject.name}",
                why="Cloudflare refuses it while the first is there: give the resource an alias of its old name",
                weight=9,
                urn=new.urn,
            )


def _identity(record: Resource) -> tuple[str, ...]:
    """What Cloudflare lets no two records share; a name has one CNAME."""
    properties = record.properties
    name, type_ = show(properties.get("name")), show(properties.get("type"))
    data = properties.get("data")
    return (name, type_, "" if type_ == "CNAME" else show(properties.get("content")), show(data) if data else "")
