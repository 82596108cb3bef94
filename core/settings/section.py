"""What every section of a stack's file is made of."""

from __future__ import annotations

import ast
import inspect
import itertools
import os
import re
import textwrap
from typing import ClassVar

# Looking for plugins reads the metadata of every package there is, which a rollback would wait for.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """The base of every section and of what stands in it: unknown keys are errors, values keep their type.

    A section whose values must not be shown in an error message sets ``hide_values``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    hide_values: ClassVar[bool] = False


def said_of(model: type[Section], key: str) -> str:
    """The text below ``key`` (as a file has it) in its model's source, "" if there is none.

    It is read when it is asked for: Pydantic's own way reads every source at import, which a rollback would wait for.
    """
    name = next(name for name, field in model.model_fields.items() if key in (name, field.alias))
    owner = next(each for each in model.__mro__ if name in vars(each).get("__annotations__", {}))
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for statement, below in itertools.pairwise(body):
        declared = isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == name
        if declared and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return inspect.cleandoc(str(below.value.value))
    return ""


def matching(pattern: str, rule: str) -> AfterValidator:
    """A type's mark for text that ``pattern`` fits from end to end; ``rule`` says in words what that is."""
    compiled = re.compile(pattern)

    def validate(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"it must be {rule}")
        return text

    return AfterValidator(validate)
