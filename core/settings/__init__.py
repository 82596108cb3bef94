"""One typed, strict model of a stack's file. Cheap to import: Pydantic and PyYAML, never Pulumi."""
