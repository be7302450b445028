"""The exit interview: why somebody leaves, what should have been different, and whether we may stay in touch."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from scheduler.decisions.facts import Value
from scheduler.web.pages.answers import DONE, Answers
from scheduler.web.pages.forms import LONGEST_COMMENT, Form, comment_of, one, too_long
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
        given = visit.given(EVENT)
        if DONE in visit.asked and given:
            return self._goodbye(visit, stays=given[-1].properties.get("may_stay_in_touch") is not False)
        return self._form(visit, "", "", "")

    def take(self, visit: Visit, form: Form) -> Response:
        """Write the answers, which take the place of earlier ones."""
        reason, stay, comment = one(form, "reason"), one(form, "stay"), comment_of(form)
        if reason not in REASONS:
            return self._form(visit, "", stay, comment, visit.words["exit"]["choose"])
        if wrong := too_long(comment, visit.words):
            return self._form(visit, reason, stay, comment, wrong)
        answer: dict[str, Value] = {"reason": reason}
        if comment:
            answer["comment"] = comment
        if stay in ("yes", "no"):
            answer["may_stay_in_touch"] = stay == "yes"
        self._write(visit, answer)
        return self.answers.done()

    def _write(self, visit: Visit, answer: dict[str, Value]) -> None:
        with visit.recording() as record:
            record.answer(EVENT, answer)
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
