"""L0: items, scoring, attempts, plans. Pure: nothing here reads a clock, a file or a socket; time and chance are given."""
