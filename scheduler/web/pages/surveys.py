"""Surveys with a scale: how likely somebody is to recommend us (NPS), how satisfied (CSAT), how easy it was (CES)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from scheduler.decisions.facts import Value
from scheduler.messages.links import SCALES
from scheduler.web.pages.answers import DONE, Answers
from scheduler.web.pages.forms import LONGEST_COMMENT, Form, comment_of, one, too_long
from scheduler.web.pages.visit import Visit


@dataclass(frozen=True)
class Survey:
    """A survey whose scores up to `low` say that something is wrong; an answer becomes the event `NAME_answered`."""

    answers: Answers
    name: str
    low: int
    needs_contact = True

    def show(self, visit: Visit) -> Response:
        """The scale, with the score chosen that the address names; or the thanks, once there is an answer."""
        given = self._given(visit)
        if DONE in visit.asked and given is not None:
            return self._thanks(visit, given)
        chosen = self._score(visit.asked.get("score", ""))
        return self._form(visit, given if chosen is None else chosen)

    def take(self, visit: Visit, form: Form) -> Response:
        """Write the answer; the newest takes the place of an earlier one, and the same one again changes nothing."""
        score, comment = self._score(one(form, "score")), comment_of(form)
        words = visit.words["survey"]
        if score is None:
            return self._form(visit, None, comment, words["choose"].format(lowest=self._lowest, highest=self._highest))
        if wrong := too_long(comment, visit.words):
            return self._form(visit, score, comment, wrong)
        self._write(visit, score, comment)
        return self.answers.done()

    def _write(self, visit: Visit, score: int, comment: str) -> None:
        answer: dict[str, Value] = {"score": score}
        if comment:
            answer["comment"] = comment
        if about := self._about(visit):
            answer["about"] = about
        with visit.recording() as record:
            record.answer(self._event, answer)

    @property
    def _event(self) -> str:
        return f"{self.name}_answered"

    @property
    def _lowest(self) -> int:
        return SCALES[self.name][0]

    @property
    def _highest(self) -> int:
        return SCALES[self.name][1]

    def _score(self, written: str) -> int | None:
        """The score that is written, where it is one of the scale."""
        scores = {str(score): score for score in range(self._lowest, self._highest + 1)}
        return scores.get(written)

    def _given(self, visit: Visit) -> int | None:
        """The score that they have given, if any."""
        scores = [one.properties.get("score") for one in visit.given(self._event)]
        return next((score for score in reversed(scores) if isinstance(score, int)), None)

    def _about(self, visit: Visit) -> str:
        """What a CSAT asks about: the product of the event that the contact came of."""
        if self.name != "csat" or visit.row is None:
            return ""
        anchor = visit.row.anchor
        product = next((one.properties.get("product") for one in visit.customer.events if one.id == anchor), None)
        return product if isinstance(product, str) else ""

    def _form(self, visit: Visit, chosen: int | None, comment: str = "", wrong: str = "") -> Response:
        words, about = visit.words[self.name], self._about(visit)
        question = words["about" if about else "question"].format(brand=visit.site.settings.brand.name, about=about)
        return self.answers.page(
            "survey",
            visit.words,
            status=422 if wrong else 200,
            question=question,
            ends=words,
            scores=range(self._lowest, self._highest + 1),
            chosen=chosen,
            comment=comment,
            wrong=wrong,
            most=LONGEST_COMMENT,
        )

    def _thanks(self, visit: Visit, score: int) -> Response:
        words = visit.words["survey"]
        saved = words["saved"].format(score=score, lowest=self._lowest, highest=self._highest)
        person = words["person"].format(brand=visit.site.settings.brand.name) if score <= self.low else ""
        return self.answers.page("thanks", visit.words, texts=[saved, person], change=f"?score={score}")


def surveys(answers: Answers) -> list[Survey]:
    """All of them; a detractor gives 6 or less, and with 2 of 5, or 3 of 7, something is wrong as well."""
    return [Survey(answers, "nps", 6), Survey(answers, "csat", 2), Survey(answers, "ces", 3)]
