"""The Edgefold sync API: initial profiles, diffs, scoring and bundle delivery over HTTP."""
