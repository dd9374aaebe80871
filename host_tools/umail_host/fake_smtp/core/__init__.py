"""The server's side of SMTP, without I/O."""
