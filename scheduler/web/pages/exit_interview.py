"""The exit interview: why somebody leaves, what should have been different, and whether we may stay in touch."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from scheduler.decisions.facts import Value
from scheduler.web.pages.answers import Answers
from scheduler.web.pages.forms import LONGEST_COMMENT, Form, comment_of, one
from scheduler.web.pages.surveys import DONE
from scheduler.web.pages.visit import Visit

REASONS = ("price", "moved", "competitor", "product", "service", "no longer needed", "other")
EVENT = "exit_answered"
SOURCE = "exit interview"


@dataclass(frozen=True)
class ExitInterview:
    """The page of `links.survey("exit")`; who wants to hear no more withdraws consent for everything."""

    answers: Answers
    needs_contact = True

    def show(self, visit: Visit) -> Response:
        """The questions; or a goodbye, once they are answered."""
        given = [
            event
            for event in visit.customer.events
            if event.name == EVENT and event.properties.get("occasion") == visit.link.occasion
        ]
        if DONE in visit.asked and given:
            return self._goodbye(visit, stays=given[-1].properties.get("may_stay_in_touch") is not False)
        return self._form(visit, "", "", "")

    def take(self, visit: Visit, form: Form) -> Response:
        """Write the answers, which take the place of earlier ones."""
        reason, stay, comment = one(form, "reason"), one(form, "stay"), comment_of(form)
        if reason not in REASONS:
            return self._form(visit, "", stay, comment, visit.words["exit"]["choose"])
        if len(comment) > LONGEST_COMMENT:
            too_long = visit.words["survey"]["shorter"].format(most=LONGEST_COMMENT, length=len(comment))
            return self._form(visit, reason, stay, comment, too_long)
        answer: dict[str, Value] = {"reason": reason}
        if comment:
            answer["comment"] = comment
        if stay in ("yes", "no"):
            answer["may_stay_in_touch"] = stay == "yes"
        self._write(visit, answer)
        return self.answers.see(f"?{DONE}")

    def _write(self, visit: Visit, answer: dict[str, Value]) -> None:
        with visit.recording() as record:
            before, id_ = record.newest(EVENT)
            if before is None or dict(before.properties) != {**answer, **visit.origin}:
                record.event(EVENT, answer, id_=id_, replaces=before.id if before else None)
            if answer.get("may_stay_in_touch") is False:
                record.withdraw(None, SOURCE)

    def _form(self, visit: Visit, reason: str, stay: str, comment: str, wrong: str = "") -> Response:
        return self.answers.page(
            "exit",
            visit.words,
            status=422 if wrong else 200,
            reasons=REASONS,
            reason=reason,
            stay=stay,
            comment=comment,
            wrong=wrong,
            most=LONGEST_COMMENT,
        )

    def _goodbye(self, visit: Visit, *, stays: bool) -> Response:
        text = visit.words["exit"]["saved" if stays else "gone"]
        return self.answers.page("thanks", visit.words, texts=[text], change="?")
