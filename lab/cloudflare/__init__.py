"""A stateful stand-in for Cloudflare's API, and the reader of its state for the parts that act on it."""
