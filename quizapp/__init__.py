"""Fascicle: continuing education for therapists. `docs/map.md` shows which page is where."""
