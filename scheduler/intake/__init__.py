"""Facts in: files become checked facts in the store, and what can't be taken is handed back with its cause."""

from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.imports import Progress, import_consents, import_customers, import_events
from scheduler.intake.options import Options
from scheduler.intake.summary import Summary

__all__ = [
    "Cause",
    "Options",
    "Progress",
    "Rejected",
    "Summary",
    "import_consents",
    "import_customers",
    "import_events",
]
