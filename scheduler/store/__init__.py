"""The database: facts, the ledger, and who works on them. Rows of the ORM stay inside; values come out."""

from scheduler.store.consents import CustomerConsent
from scheduler.store.database import Store, open_store
from scheduler.store.events import CustomerEvent
from scheduler.store.holds import Hold
from scheduler.store.lease import Lease
from scheduler.store.ledger import Decided
from scheduler.store.notes import Note
from scheduler.store.outbox import Attempt, Marked, Tried
from scheduler.store.row import Row, Said
from scheduler.store.rulebooks import Activation
from scheduler.store.states import CONTACTED, OPEN, OUTGOING, OVER, State
from scheduler.store.suppressions import Suppression
from scheduler.store.survey import Counts, Survey
from scheduler.store.taken import Refusal, Taken
from scheduler.store.tasks import Task
from scheduler.store.watch import Watch

__all__ = [
    "CONTACTED",
    "OPEN",
    "OUTGOING",
    "OVER",
    "Activation",
    "Attempt",
    "Counts",
    "CustomerConsent",
    "CustomerEvent",
    "Decided",
    "Hold",
    "Lease",
    "Marked",
    "Note",
    "Refusal",
    "Row",
    "Said",
    "State",
    "Store",
    "Suppression",
    "Survey",
    "Taken",
    "Task",
    "Tried",
    "Watch",
    "open_store",
]
