"""Whether a platform is ready for its first users: ten rows of checks, each with its evidence."""
