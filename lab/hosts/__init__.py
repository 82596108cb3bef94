"""The lab's machines: real Debian with systemd, sshd and nginx, in containers on addresses of 127.0.0.0/8."""
