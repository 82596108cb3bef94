"""A whole stack: every section of its file, and what holds between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from core.errors import SettingsError
from core.rulesets import check_rulesets
from core.settings.access import Access
from core.settings.authorities import forbidden
from core.settings.base import NAMESPACE, Section, config_of, stack_file, validate_sections
from core.settings.cache import Cache
from core.settings.certificates import Certificates, read_certificates
from core.settings.checks import beside, check, lost_reports
from core.settings.credentials import Credentials
from core.settings.dns import Dns
from core.settings.edge_checks import check_edge
from core.settings.email import Email
from core.settings.explain import cut, dotted, near
from core.settings.finding import Finding
from core.settings.headers import Headers
from core.settings.hosts import Fleet, Hosts, fleet_of
from core.settings.load_balancer import LoadBalancer
from core.settings.monitoring import Monitoring
from core.settings.other_zones import OtherZones
from core.settings.platform import Platform
from core.settings.rate_limits import RateLimits
from core.settings.readiness import Readiness
from core.settings.redirects import Redirects
from core.settings.release import Release
from core.settings.review import Review
from core.settings.secrets import RELEASES, Secrets
from core.settings.tls import Tls
from core.settings.unmanaged import Unmanaged
from core.settings.waf import Waf
from core.settings.waivers import Waivers
from core.settings.yaml_tree import Json, Tree, read_tree
from core.settings.zone import Zone
from core.terminal import clean

STACKS_DIR = "stacks"
SECTIONS: Mapping[str, type[Section]] = {
    "zone": Zone,
    "other_zones": OtherZones,
    "hosts": Hosts,
    "platform": Platform,
    "dns": Dns,
    "tls": Tls,
    "waf": Waf,
    "rate_limits": RateLimits,
    "redirects": Redirects,
    "cache": Cache,
    "headers": Headers,
    "email": Email,
    "load_balancer": LoadBalancer,
    "access": Access,
    "monitoring": Monitoring,
    "unmanaged": Unmanaged,
    "secrets": Secrets,
    "credentials": Credentials,
    "release": Release,
    "review": Review,
    "readiness": Readiness,
    "waivers": Waivers,
}
"""Every section, in the order in which the documentation has them."""

# What the Pulumi CLI itself keeps in a stack's file (`workspace.ProjectStack` in its source).
_TOP_LEVEL = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What a stack's file says, read and checked, with the hosts and the certificates that it names."""

    zone: Zone
    other_zones: OtherZones
    platform: Platform
    dns: Dns
    tls: Tls
    waf: Waf
    rate_limits: RateLimits
    redirects: Redirects
    cache: Cache
    headers: Headers
    email: Email
    load_balancer: LoadBalancer
    access: Access
    monitoring: Monitoring
    unmanaged: Unmanaged
    secrets: Secrets
    credentials: Credentials
    release: Release
    review: Review
    readiness: Readiness
    waivers: Waivers
    fleet: Fleet
    certificates: Certificates


def load_stack(root: Path, name: str) -> Stack:
    """Read and check a stack's file; ``root`` is the project's folder.

    Raises :class:`SettingsError` that holds every reason, a line each.
    """
    tree = read_tree(stack_file(root / STACKS_DIR, name))
    return stack_of(config_of(tree), tree, root)


def stack_of(config: Mapping[str, Json], tree: Tree, root: Path) -> Stack:
    """As :func:`load_stack`, of values that were read already (``launch-ready:<section>`` → value).

    ``tree`` is the file that they come from: it lends file and lines to the messages, and shows what it has that no
    section knows. Config secrets may stand in it encrypted; their values are not looked at.
    """
    reasons = [*_unknown_keys(tree), *_unknown_sections(config, tree), *_open_credentials(config, tree)]
    try:
        sections = validate_sections(config, SECTIONS, tree)
    except SettingsError as error:
        raise SettingsError("\n".join([*map(clean, reasons), str(error)])) from None
    fleet = fleet_of(cast(Hosts, sections.pop("hosts")), root)
    certificates, findings = read_certificates(cast(Tls, sections["tls"]), root)
    stack = Stack(fleet=fleet, certificates=certificates, **cast(dict[str, Any], sections))
    reasons += _secret_values(config, stack, tree)
    reasons += _readers(stack, tree)
    findings += [*check(stack.zone, stack.dns, stack.email, fleet), *check_rulesets(stack)]
    findings += lost_reports(stack.email, stack.other_zones)
    findings += [*beside(stack.other_zones, stack.zone, stack.dns), *forbidden(stack.dns, stack.tls)]
    findings += check_edge(
        stack.zone, stack.platform, stack.dns, stack.load_balancer, stack.access, stack.monitoring, fleet
    )
    reasons += [_explain(finding, tree) for finding in findings]
    if reasons:
        raise SettingsError("\n".join(map(clean, reasons)))
    return stack


def _explain(finding: Finding, tree: Tree) -> str:
    section, *steps = finding.place
    key = f"{NAMESPACE}:{section}"
    where = tree.where(("config", key, *steps))
    return f"{where}: {dotted(f'config.{key}', tuple(steps))}: {finding.reason}"


def _unknown_keys(tree: Tree) -> Iterator[str]:
    """Keys at the top of the file that the Pulumi CLI does not know."""
    for key in tree.value if isinstance(tree.value, dict) else ():
        if key not in _TOP_LEVEL:
            hint = near(key, _TOP_LEVEL)
            yield f"{tree.where((key,))}: {cut(key)} is not a known key{hint}; allowed: {', '.join(_TOP_LEVEL)}"


def _unknown_sections(config: Mapping[str, Json], tree: Tree) -> Iterator[str]:
    """Keys of ours that are neither a section nor a secret's value."""
    known = (*SECTIONS, *_config_secrets(config))
    for name in (key.removeprefix(f"{NAMESPACE}:") for key in config if key.startswith(f"{NAMESPACE}:")):
        if name not in known:
            key = f"{NAMESPACE}:{name}"
            yield (
                f"{tree.where(('config', key))}: config.{cut(key)} is not a known section nor a secret that "
                f"{NAMESPACE}:secrets, :credentials, :email, :monitoring, :tls or :readiness names{near(name, known)}; "
                f"sections: {', '.join(SECTIONS)}"
            )


_OF_CHECKS = (("readiness", "admin"), ("readiness", "mailbox"), ("readiness", "errors"))


def _config_secrets(config: Mapping[str, Json]) -> Iterator[str]:
    """The config secrets that sections name, as far as a section that may be wrong can be read."""
    named = (("secrets", "items"), ("credentials", "items"), ("email", "dkim"), ("monitoring", "webhooks"))
    for name, key in (*named, ("tls", "origin_pulls"), *_OF_CHECKS):
        section = config.get(f"{NAMESPACE}:{name}")
        items = section.get(key) if isinstance(section, dict) else None
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, dict) and isinstance(found := item.get("config_secret"), str):
                yield found
    yield from _secrets_of_checks(config)


def _secrets_of_checks(config: Mapping[str, Json]) -> Iterator[str]:
    """Those that readiness names otherwise: what is over by now, and what webhooks are signed with."""
    section = config.get(f"{NAMESPACE}:readiness")
    found = section if isinstance(section, dict) else {}
    expired = found.get("expired")
    kept = expired if isinstance(expired, dict) else {}
    for name in (kept.get("session"), kept.get("reset"), found.get("webhook_secret")):
        if isinstance(name, str):
            yield name


def _open_credentials(config: Mapping[str, Json], tree: Tree) -> Iterator[str]:
    """Cloudflare's credentials, which belong in the environment or encrypted."""
    for key in ("cloudflare:apiToken", "cloudflare:apiKey", "cloudflare:apiUserServiceKey"):
        if key in config and not _is_encrypted(config[key]):
            where = tree.where(("config", key))
            yield f"{where}: config.{key} is not encrypted: revoke it, and set the new one in CLOUDFLARE_API_TOKEN"


def _secret_values(config: Mapping[str, Json], stack: Stack, tree: Tree) -> Iterator[str]:
    """Secrets that have no value, and those whose value stands in the file for all to read."""
    # An ESC environment can bring values that are not in the file: only Pulumi itself knows them.
    elsewhere = isinstance(tree.value, dict) and "environment" in tree.value
    needed_by = {item.config_secret: item.name for item in stack.credentials.items if item.config_secret}
    needed_by |= {item.config_secret: item.name for item in stack.secrets.items}
    needed_by |= {item.config_secret: item.selector for item in stack.email.dkim if item.config_secret}
    needed_by |= {item.config_secret: item.name for item in stack.monitoring.webhooks if item.config_secret}
    if pulls := stack.tls.origin_pulls:
        needed_by[pulls.config_secret] = "of tls.origin_pulls"
    for _, part in _OF_CHECKS:
        if (account := getattr(stack.readiness, part)) and account.config_secret:
            needed_by[account.config_secret] = f"of readiness.{part}"
    if expired := stack.readiness.expired:
        needed_by |= {name: "of readiness.expired" for name in (expired.session, expired.reset) if name}
    for config_secret, name in needed_by.items():
        key = f"{NAMESPACE}:{config_secret}"
        way_out = f"set it with `pulumi config set --secret {key}`"
        if key not in config and not elsewhere:
            where = tree.where(("config",))
            yield f"{where}: config.{key} is missing, and the secret {name} has its value there: {way_out}"
        if key in config and not _is_encrypted(config[key]):
            yield f"{tree.where(('config', key))}: config.{key} is not encrypted: replace the secret, and {way_out}"


def _readers(stack: Stack, tree: Tree) -> Iterator[str]:
    """Credentials that hand a secret to releases, of which the secret's own entry says nothing."""
    for index, credential in enumerate(stack.credentials.items):
        for item in stack.secrets.items:
            same = any(
                (place := getattr(credential, kind)) and place == getattr(item, kind)
                for kind in ("config_secret", "aws_secrets_manager", "aws_ssm")
            )
            if same and not item.for_releases:
                key = f"{NAMESPACE}:credentials"
                where = tree.where(("config", key, "items", index))
                yield (
                    f"{where}: config.{key}.items[{index}]: {credential.name} hands the secret {item.name} to releases,"
                    f" and its readers in {NAMESPACE}:secrets do not have {RELEASES}: add that, or take this out"
                )


def _is_encrypted(value: Json) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}
