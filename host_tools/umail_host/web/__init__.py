"""The page and the JSON API beside the fake server: mails, sessions and boards in a browser."""
