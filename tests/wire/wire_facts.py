"""Names that the tests over the wire share."""

USER = "esp32@contoso.com"
PASSWORD = "Winter-2026!"
