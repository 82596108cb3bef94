"""What the components have in common."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


class Component(pulumi.ComponentResource):
    """A concern of the environment. Its resources are made with :meth:`child` and have it as their parent."""

    def __init__(self, concern: str, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the component ``launch-ready:stacks:<concern>``."""
        super().__init__(f"launch-ready:stacks:{concern}", name, None, opts)

    def child(
        self, *, protect: bool | None = None, after: Sequence[pulumi.Resource] = (), free: Sequence[str] = ()
    ) -> pulumi.ResourceOptions:
        """Options of a resource in this component; those in ``after`` are made before it and deleted after it.

        Properties in ``free`` count when it is made, and may be anything later.
        """
        return pulumi.ResourceOptions(
            parent=self, protect=protect, depends_on=list(after), ignore_changes=list(free) or None
        )
