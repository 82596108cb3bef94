"""A load of real clients on the edge, every request of which is on record."""

from lab.load.records import Record, Stored, is_lost, read
from lab.load.summary import ReleaseSummary, Summary, summary

__all__ = ["Record", "ReleaseSummary", "Stored", "Summary", "is_lost", "read", "summary"]
