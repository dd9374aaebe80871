"""The sockets of the fake server."""
