"""Links to pages elsewhere, `links.page(NAME)`: that somebody follows one is a fact that rules can use."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import Response

from scheduler.store.bounces import Bounces
from scheduler.web.pages.answers import ANYWHERE, Answers
from scheduler.web.pages.forms import Form
from scheduler.web.pages.visit import Visit

EVENT = "link_followed"


@dataclass(frozen=True)
class Followed:
    """The page that leads to one of `[brand] pages`: the address is that of the settings, whatever a request says."""

    answers: Answers
    name: str
    address: str
    needs_contact = True

    def show(self, visit: Visit) -> Response:
        """Where it leads, and a button to go there."""
        host = urlsplit(self.address).hostname or self.address
        return self.answers.page("followed", visit.words, leads=ANYWHERE, host=host)

    def take(self, visit: Visit, form: Form) -> Response:  # noqa: ARG002 - a button has nothing to say
        """Write that it was followed, the first time, and lead there."""
        id_ = f"{EVENT}:{visit.link.occasion}:{self.name}"
        with visit.recording() as record:
            if not Bounces(record.store).is_known(id_):
                record.event(EVENT, {"page": self.name}, id_=id_)
        return self.answers.see(self.address)
