"""Cloudflare's REST API v4 behind the types of ``pulumi_cloudflare`` that the lab serves."""
