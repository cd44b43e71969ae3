"""The `flask …` commands: what can be done to a deployment from a shell. Exit 0 done, 1 faults listed, 2 wrong call."""
