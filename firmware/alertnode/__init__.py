"""The alert node: reads a sensor, decides by rules, and mails who must know."""

VERSION = "0.1.0"
