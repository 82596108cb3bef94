"""The machines themselves: preparing and auditing them, and what is asked of them in an incident."""
