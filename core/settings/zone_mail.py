"""A zone's mail out of a stack's file, for who needs nothing else of it."""

from __future__ import annotations

from pathlib import Path

from core.settings.base import NAMESPACE, config_of, validate_sections
from core.settings.email import Email
from core.settings.yaml_tree import Tree, read_tree
from core.settings.zone import Zone


def zone_mail(path: Path) -> tuple[Email, str] | None:
    """The section ``launch-ready:email`` of the file and its zone's name; None where it says nothing of mail.

    Raises :class:`core.errors.SettingsError` for a file that cannot be read or is wrong there.
    """
    return mail_in(read_tree(path))


def mail_in(tree: Tree) -> tuple[Email, str] | None:
    """As :func:`zone_mail`, of a file that was read already."""
    config = config_of(tree)
    if f"{NAMESPACE}:email" not in config:
        return None
    sections = validate_sections(config, {"email": Email, "zone": Zone}, tree)
    email, zone = sections["email"], sections["zone"]
    if not isinstance(email, Email) or not isinstance(zone, Zone):
        raise TypeError("validate_sections returned other sections than were asked for")
    return email, zone.name
