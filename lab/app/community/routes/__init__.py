"""The routes, a module a concern."""
