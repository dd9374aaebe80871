"""The SMTP dialogue, without any input or output."""
