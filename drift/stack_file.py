"""The files that an adoption writes: the stack's own, and the one for ``pulumi import --file``.

The import file's format: https://www.pulumi.com/docs/iac/cli/commands/pulumi_import/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.terminal import clean
from drift.adopt import Draft

NAMESPACE = "launch-ready"
_ABOUT = {
    "zone": "The domain. Pulumi refuses to delete it.",
    "hosts": "The machines that the web names lead to. Give each its name, user and key.",
    "dns": "The names that lead to every host, and all other records that this file can say.",
    "tls": "The zone's settings for encryption.",
    "waf": "The custom rules, in the order in which they are tried. A name is the rule's lasting reference.",
    "email": "The zone's mail. Nothing of it is declared as long as `email` stands in launch-ready:unmanaged.",
    "secrets": "Secrets have to be declared with their values: docs/stack-file.md.",
    "unmanaged": (
        "What is left as it is, because this file cannot say it exactly. Take a name out, run `invoke preview`, and "
        "see what would change."
    ),
}


def stack_file(draft: Draft, zone: str) -> str:
    """The stack's file, with a comment a section and what is left out at its head."""
    head = [f"# Adopted from the zone {clean(zone)} as it was; `invoke drift` says what has changed since."]
    head += [f"# Not in here: {clean(line)}" for line in draft.left]
    parts = ["\n".join([*head, "config:"])]
    for name, about in _ABOUT.items():
        body = _yaml({f"{NAMESPACE}:{name}": draft.config[name]})
        parts.append(f"  # {about}\n" + "".join(f"  {line}\n" for line in body.splitlines()))
    return parts[0] + "\n" + "\n".join(parts[1:])


def import_file(resources: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> dict[str, Any]:
    """The document for ``pulumi import --file``.

    ``resources``: ``{urn, type, name, parent, custom}`` in the order in which the program declares them; ``ids``: a
    URN → the id to import by. Each has a variable name that is its own, and ``logicalName``, which is the program's.
    """
    variables = {each["urn"]: f"{_last(each['type'])}-{number}" for number, each in enumerate(resources)}
    entries = []
    for each in resources:
        entry: dict[str, Any] = {"type": each["type"], "name": variables[each["urn"]], "logicalName": each["name"]}
        if each["parent"] in variables:
            entry["parent"] = variables[each["parent"]]
        if each["custom"]:
            entry["id"] = ids[each["urn"]]
        else:
            entry["component"] = True
        entries.append(entry)
    return {"resources": entries}


def _last(type_: str) -> str:
    word = type_.rsplit(":", 1)[-1]
    return word[:1].lower() + word[1:]


def _yaml(value: Any) -> str:
    import yaml

    text: str = yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=10_000)
    return text


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Text that some readers of YAML take for something else is in quotes."""

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def text(dumper: Any, data: str) -> Any:
        plain = data.replace("-", "").replace("_", "").isalpha() and data.lower() not in _WORDS
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=None if plain else '"')

    Dumper.add_representer(str, text)
    return Dumper


_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"})
