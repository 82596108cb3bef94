"""Cloudflare's edge in miniature: its rules language evaluated, its phases in order, its rate-limit counters."""
