"""What watches the zones: health checks that probe, and notifications that are sent when one changes."""
