"""The command line: one file a command, and no logic in any of them."""

from scheduler.cli.app import app, main

__all__ = ["app", "main"]
