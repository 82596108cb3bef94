"""The embedded default: a whole environment on this machine, reached on 127.0.0.0/8 and nowhere else."""
