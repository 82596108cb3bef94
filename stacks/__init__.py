"""The environment, declared: a Pulumi component a concern, and one settings file a stack."""
