"""`make bench`: what a learner's journey costs the server, beside floors measured in the same run."""
