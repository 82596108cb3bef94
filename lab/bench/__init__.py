"""Whole commands against a floor: raw OpenSSH with fresh connections, all hosts at once, doing the same work."""
