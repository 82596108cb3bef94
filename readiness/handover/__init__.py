"""The handover: what somebody who takes the platform over must know, out of its own files, hosts and last evidence."""
