"""A small record shop on real purchases that shows the whole of Edgefold."""
