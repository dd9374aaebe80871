"""What can go wrong in the fake server, on demand."""
