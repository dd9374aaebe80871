"""What happened at the fake server, kept and shown."""
