"""Faults on purpose: a real server under load is killed, cut off, filled up, set back; no answer may be lost."""
