"""The sink for alerts, errors and webhooks: it takes whatever is sent to it and lists it as JSON."""
