"""Whole commands beside raw OpenSSH with fresh connections and beside pyinfra: all hosts at once, the same work."""
