"""From an artefact to live traffic: the new release is started, proven and switched to, on every host or on none."""
