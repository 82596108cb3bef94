"""What is looked for beside the scanner's own rules: forms that it has none for, and what depends on a file's name.

It is given a stream, which has no name, so its rules for some files alone find nothing there. What such files have is
looked for everywhere by rules of ours, and what they find elsewhere is dropped.
"""

from __future__ import annotations

import hashlib
import re

from core.leaks import Leak, Piece

# Of Cloudflare's three scannable kinds the tool's own rules have two:
# https://developers.cloudflare.com/fundamentals/api/get-started/token-formats
_KUBERNETES = (
    r"""(?i)\bkind:[ \t]*["']?secret\b[^\x00]{0,900}?\n(?:string)?data:[^\x00]{0,100}?"""
    r"""\n[ \t]+[\w.-]+:[ \t]*["']?([a-z0-9+/]{10,}={0,2})"""
)
CONFIG = r"""
title = "launch-ready"
[extend]
useDefault = true
[[rules]]
id = "cloudflare-global-api-key.2"
description = "Detected a Cloudflare Global API Key (cfk format), which may do everything that its user may."
regex = '''\b(cfk_[A-Za-z0-9]{40}[0-9a-f]{8})\b'''
keywords = ["cfk_"]
confidence = "high"
[[rules]]
id = "terraform-password"
description = "A password in a file of Terraform."
regex = '''(?i)password[\w.-]{0,20}[ \t]*=[ \t]*"([a-z0-9=_-]{8,20})"'''
keywords = ["password"]
confidence = "medium"
filter = '''entropy(finding["secret"]) <= 2.0'''
[[rules]]
id = "kubernetes-secret"
description = "A Kubernetes Secret with its values: they are encoded, and not encrypted."
regex = '''KUBERNETES'''
keywords = ["secret"]
confidence = "medium"
[[rules]]
id = "nuget-password"
description = "A password for a source of NuGet's packages."
regex = '''(?i)<add\s+key="(?:cleartext)?password"\s+value="([^"%]{8,200})"'''
keywords = ["<add"]
confidence = "medium"
[[rules]]
id = "freemius-secret"
description = "A secret key of Freemius."
regex = '''(?i)["']secret_key["']\s*=>\s*["'](sk_\S{29})["']'''
keywords = ["secret_key"]
confidence = "medium"
""".replace("KUBERNETES", _KUBERNETES)
_ONLY_IN = {
    "freemius-secret": re.compile(r"(?i)\.php$"),
    "terraform-password": re.compile(r"(?i)\.(?:tf|hcl|tfvars)$"),
    "kubernetes-secret": re.compile(r"(?i)\.ya?ml$"),
    "nuget-password": re.compile(r"(?i)nuget\.config$"),
}
OVER_LINES = ("private-key", "kubernetes-secret")
"""Rules that take anything between a first and a last line."""
_STORES = re.compile(r"(?i)(?:^|/)[^/]+\.(?:p12|pfx|jks|keystore|kdbx)$")


def belongs(leak: Leak) -> bool:
    """Whether what was found is in a file that its rule is for."""
    only = _ONLY_IN.get(leak.rule)
    return only is None or only.search(leak.path) is not None


def key_store(piece: Piece) -> Leak | None:
    """What a store of private keys is told by: its name, for its content is encrypted or not text."""
    if not _STORES.search(piece.path):
        return None
    return Leak(
        rule="key-store",
        what="A store of private keys or passwords, by its name.",
        confidence="medium",
        place=piece.place,
        path=piece.path,
        line=0,
        fingerprint=hashlib.sha256(piece.data).hexdigest(),
    )
