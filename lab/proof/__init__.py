"""Proof that releases lose nothing: deploys and rollbacks, as whole commands, under many clients of every kind."""
