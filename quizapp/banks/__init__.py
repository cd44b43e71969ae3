"""L1: text files in; items, lessons, figures and every fault out. Nothing here prints, stores or opens a network."""
