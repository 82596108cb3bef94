"""What every section of a stack's file is made of."""

from __future__ import annotations

import os
import re
from typing import ClassVar

# Looking for plugins reads the metadata of every package there is, which a rollback would wait for.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """The base of every section and of what stands in it: unknown keys are errors, values keep their type.

    A section whose values must not be shown in an error message sets ``hide_values``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
    hide_values: ClassVar[bool] = False


def matching(pattern: str, rule: str) -> AfterValidator:
    """A type's mark for text that ``pattern`` fits from end to end; ``rule`` says in words what that is."""
    compiled = re.compile(pattern)

    def validate(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"it must be {rule}")
        return text

    return AfterValidator(validate)
