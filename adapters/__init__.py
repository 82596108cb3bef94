"""All that reaches out of this process, behind the protocols of `core.ports`."""
