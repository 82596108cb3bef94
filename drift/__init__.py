"""What is really there, compared with what a stack declares."""
