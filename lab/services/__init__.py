"""The lab's services as processes: what they are, how they are started, watched, repaired and stopped."""
