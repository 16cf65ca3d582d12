"""Read, verify and score an Edgefold bundle in Python."""
