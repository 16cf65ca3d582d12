"""Turn a fitted model and a reducer spec into a verified Edgefold bundle."""
