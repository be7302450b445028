"""The command line: one file a command, and no logic in any of them."""

try:
    from scheduler.cli.app import app, main
except KeyboardInterrupt:  # Ctrl+C while all this is loaded is no fault to be traced
    raise SystemExit(130) from None

__all__ = ["app", "main"]
