"""Declare how events fold into a profile; fold, merge and read it, row by row or over tables."""
