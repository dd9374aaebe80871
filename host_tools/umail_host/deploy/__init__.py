"""What lies on a board, and how it gets there."""
