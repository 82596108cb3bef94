"""Request cases: requests and bursts, and what is expected to become of them at the edge."""
