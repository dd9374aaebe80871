"""A board on a serial port: found, reached, held still."""
