"""The fault matrix: random lives of a device in a real browser, of which nothing may be lost, doubled or stuck."""
