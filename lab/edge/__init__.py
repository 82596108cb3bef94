"""The lab's edge: a proxy that does with a request what Cloudflare would, by what is declared in the lab's API."""
