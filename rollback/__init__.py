"""The way back, from what is on the hosts alone."""
