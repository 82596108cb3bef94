"""The Invoke tasks, a module a family, and the guard that turns errors into exit statuses."""
