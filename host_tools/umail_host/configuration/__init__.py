"""Judges a configuration as a whole before anything is copied: pins, rules, zones, dates; describes it as a schema."""
