"""Authoritative DNS for what the Cloudflare API holds: Knot DNS, kept in step with the state file."""
