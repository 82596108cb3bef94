"""How long each way back took, over time: from the ledgers to a table and a page."""
