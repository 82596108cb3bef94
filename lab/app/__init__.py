"""The community platform that the lab deploys: a small API and a few pages on PostgreSQL."""
