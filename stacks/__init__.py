"""The Pulumi program: a component a concern, put together by :mod:`stacks.environment`."""
