"""What a board is told before it goes to its place."""
