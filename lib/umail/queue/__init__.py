"""The outbox on flash: its files, and sending what waits in them."""
