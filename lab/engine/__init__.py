"""Runs a Pulumi program with no Pulumi CLI, by serving the protocols that the program speaks."""
