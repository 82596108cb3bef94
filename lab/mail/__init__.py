"""The mail sink: an SMTP server that delivers nothing and lists what it took as JSON."""
