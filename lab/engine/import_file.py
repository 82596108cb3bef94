"""The file of ``pulumi import --file``: https://www.pulumi.com/docs/iac/cli/commands/pulumi_import/.

``{nameTable?: {name: urn}, resources: [{type, name, logicalName?, id?, parent?, component?}]}``; ``parent`` is a name
of the table or of another entry. Without a parent, an entry stands under the stack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import EngineError
from lab.engine.urn import build


def read_imports(file: Path, stack: str, project: str) -> dict[str, str]:
    """A URN → the id to import by. Raises :class:`EngineError` for a file that is not one."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        entries = {str(entry["name"]): entry for entry in document["resources"]}
        urns = {str(name): str(urn) for name, urn in (document.get("nameTable") or {}).items()}
        known = {name: _urn(name, entries, urns, stack, project, ()) for name in entries}
    except OSError as error:
        raise EngineError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EngineError(
            f"{file} is not a file for `pulumi import --file`: write it again with `invoke adopt`"
        ) from None
    return {known[name]: str(entry["id"]) for name, entry in entries.items() if entry.get("id")}


def _urn(
    name: str,
    entries: Mapping[str, Any],
    table: Mapping[str, str],
    stack: str,
    project: str,
    seen: tuple[str, ...],
) -> str:
    entry, above = entries[name], entries[name].get("parent")
    if name in seen:
        raise ValueError(name)
    parent = ""
    if above is not None:
        parent = table[above] if above in table else _urn(above, entries, table, stack, project, (*seen, name))
    return build(stack, project, parent, entry["type"], entry.get("logicalName") or name)
