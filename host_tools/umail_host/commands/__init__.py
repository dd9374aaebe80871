"""One module for each subcommand of `umail`."""
