"""The `flask …` commands: what a person can do to a deployment from a shell. Exit 0 done, 1 faults listed, 2 wrong call."""
