"""L4: HTTP to plain values and back. A view loads, checks access, calls one service, answers."""
