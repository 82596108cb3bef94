"""DNSSEC, certificates for the edge and for the hosts, and authenticated origin pulls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.errors import EngineError
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.kinds.base import Kind
from lab.engine.wire import Properties


@dataclass(frozen=True)
class ZonesOwnKind(Kind):
    """What each zone has one of, always: its id is the zone's, making is changing it, deleting leaves it alone."""

    def create(self, client: Client, inputs: Properties) -> Found:
        return self.update(client, inputs["zoneId"], {}, inputs)

    def delete(self, client: Client, id_: str, known: Properties) -> None:
        del client, id_, known

    def find(self, client: Client, inputs: Properties) -> Found | None:
        return self.read(client, inputs["zoneId"], inputs)

    def split(self, import_id: str) -> tuple[str, Properties]:
        if "/" in import_id or not import_id:
            raise EngineError(f"{import_id!r} is not an id to look up: it has the form <zone_id>")
        return import_id, {"zoneId": import_id}

    def _item(self, id_: str, known: Properties) -> str:
        return self._collection({"zoneId": id_, **known})

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        return super()._found({**answer, "id": known["zoneId"]}, known)


@dataclass(frozen=True)
class DnssecKind(ZonesOwnKind):
    """A zone's DNSSEC: it is asked for as ``active``, and ``pending`` until the zone's parent has its DS record."""

    def delete(self, client: Client, id_: str, known: Properties) -> None:
        Kind.delete(self, client, id_, known)

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        status = {"pending": "active", "pending-disabled": "disabled"}.get(answer["status"], answer["status"])
        return super()._found({**answer, "status": status}, known)


@dataclass(frozen=True)
class PackKind(Kind):
    """A certificate pack: it is ordered, never changed, and its hosts are a set."""

    def create(self, client: Client, inputs: Properties) -> Found:
        return self._found(client.call("POST", f"{self._collection(inputs)}/order", self._body(inputs)), inputs)

    def find(self, client: Client, inputs: Properties) -> Found | None:
        founds = [self._found(item, inputs) for item in client.pages(self._collection(inputs))]
        return _alike(founds, inputs, ("certificateAuthority", "type", "validationMethod", "validityDays"), ("hosts",))


@dataclass(frozen=True)
class OriginCaKind(Kind):
    """A certificate of the Origin CA: the list wants a zone, and not every answer has the request and the days."""

    def find(self, client: Client, inputs: Properties) -> Found | None:
        for zone in client.pages("/zones"):
            if any(_inside(name, zone["name"]) for name in inputs["hostnames"]):
                # Without what was asked for beside it: what the answer lacks must not pass for what was wanted.
                items = client.pages("/certificates", {"zone_id": zone["id"]})
                founds = [self._found(item, {}) for item in items]
                found = _alike(founds, inputs, ("csr", "requestType", "requestedValidity"), ("hostnames",))
                return found and self._found(client.call("GET", self._item(found.id, inputs)), inputs)
        return None

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        found = super()._found(answer, known)
        kept = {key: known[key] for key in ("csr", "requestedValidity") if key in known}
        return Found(found.id, found.inputs | kept, found.outputs | kept)


@dataclass(frozen=True)
class PullsKind(Kind):
    """The certificate that the edge shows to origins. The API tells neither its key nor white space at its ends."""

    def find(self, client: Client, inputs: Properties) -> Found | None:
        for item in client.pages(self._collection(inputs)):
            if item["certificate"].strip() == inputs["certificate"].strip():
                return self._found(item, inputs)
        return None

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        same = str(known.get("certificate", "")).strip() == answer["certificate"].strip()
        certificate = known["certificate"] if same else answer["certificate"]
        found = super()._found({**answer, "certificate": certificate}, known)
        return Found(found.id, found.inputs, found.outputs | {"certificateId": found.id})


def _alike(founds: Iterable[Found], inputs: Properties, equal: Iterable[str], sets: Iterable[str]) -> Found | None:
    """The first that has the same as ``inputs``: ``equal`` by value, ``sets`` in any order."""
    for found in founds:
        same = all(found.outputs.get(key) == inputs.get(key) for key in equal)
        if same and all(sorted(found.outputs.get(key) or ()) == sorted(inputs.get(key) or ()) for key in sets):
            return found
    return None


def _inside(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


ZONE_DNSSEC = DnssecKind(
    type="cloudflare:index/zoneDnssec:ZoneDnssec",
    collection="/zones/{zoneId}/dnssec",
    scope=("zoneId",),
    settable=("dnssecMultiSigner", "dnssecPresigned", "dnssecUseNsec3", "status"),
    computed=(
        *("algorithm", "digest", "digestAlgorithm", "digestType", "ds", "flags", "keyTag", "keyType", "modifiedOn"),
        "publicKey",
    ),
    replaced_by=frozenset({"zoneId"}),
    identity=("zoneId",),
    volatile=frozenset({"modifiedOn"}),
    update_method="PATCH",
)
CERTIFICATE_PACK = PackKind(
    type="cloudflare:index/certificatePack:CertificatePack",
    collection="/zones/{zoneId}/ssl/certificate_packs",
    scope=("zoneId",),
    settable=(*("certificateAuthority", "cloudflareBranding", "hosts", "type", "validationMethod", "validityDays"),),
    computed=(
        *("certificates", "dcvDelegationRecords", "primaryCertificate", "status", "validationErrors"),
        "validationRecords",
    ),
    replaced_by=frozenset(
        {
            *("certificateAuthority", "cloudflareBranding", "hosts", "type", "validationMethod", "validityDays"),
            "zoneId",
        }
    ),
    identity=(),
)
ORIGIN_CA_CERTIFICATE = OriginCaKind(
    type="cloudflare:index/originCaCertificate:OriginCaCertificate",
    collection="/certificates",
    scope=(),
    settable=("csr", "hostnames", "requestType", "requestedValidity"),
    computed=("certificate", "expiresOn"),
    replaced_by=frozenset({"csr", "hostnames", "requestType", "requestedValidity"}),
    identity=(),
)
ORIGIN_PULLS_CERTIFICATE = PullsKind(
    type="cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate",
    collection="/zones/{zoneId}/origin_tls_client_auth",
    scope=("zoneId",),
    settable=("certificate", "privateKey"),
    computed=("certificateId", "enabled", "expiresOn", "issuer", "serialNumber", "signature", "status", "uploadedOn"),
    replaced_by=frozenset({"zoneId", "certificate", "privateKey"}),
    identity=("zoneId", "certificate"),
    secret=frozenset({"privateKey"}),
)
ORIGIN_PULLS_SETTINGS = ZonesOwnKind(
    type="cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings",
    collection="/zones/{zoneId}/origin_tls_client_auth/settings",
    scope=("zoneId",),
    settable=("enabled",),
    computed=(),
    replaced_by=frozenset({"zoneId"}),
    identity=("zoneId",),
)
KINDS = (ZONE_DNSSEC, CERTIFICATE_PACK, ORIGIN_CA_CERTIFICATE, ORIGIN_PULLS_CERTIFICATE, ORIGIN_PULLS_SETTINGS)
