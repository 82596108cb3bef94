"""What every part shares: settings, errors, secrets, ports. It imports nothing else of this project."""
