"""Many fast clients in one process: keep-alive requests, posts, slow uploads, WebSockets, server-sent events.

Nothing is ever sent twice: what was not answered whole is lost, and each loss is written down.
"""

from lab.swarm.plan import Door, Plan
from lab.swarm.tally import KINDS, Counts, Loss, Samples, Streams, Tally

__all__ = ["KINDS", "Counts", "Door", "Loss", "Plan", "Samples", "Streams", "Tally"]
