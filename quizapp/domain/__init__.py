"""L0: items, scoring, attempts, plans. Pure: no clock, no file, no socket; time and chance are given."""
