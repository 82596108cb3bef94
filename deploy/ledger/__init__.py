"""The journals as a ledger: read whole, held against their chain, each other, and what witnesses saw of them."""
