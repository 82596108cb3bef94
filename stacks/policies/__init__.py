"""The policies, a module a concern. :mod:`stacks.policy` puts them together and asks them."""
