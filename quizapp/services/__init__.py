"""L3: use cases. One transaction each; no web framework. `now`, chance and paths are arguments."""
