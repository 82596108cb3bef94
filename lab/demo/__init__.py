"""The main job, from end to end on the lab: what it claims it checks, and its exit status says if all held."""
