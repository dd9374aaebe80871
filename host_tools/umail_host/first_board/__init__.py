"""What a real board is measured by when umail runs on it for the first time."""
