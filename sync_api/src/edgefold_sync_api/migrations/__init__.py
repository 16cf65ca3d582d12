"""The schema's history, run at start."""
