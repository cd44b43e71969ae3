"""L2: rows and queries, one file per aggregate, and the one unit of work that commits."""
