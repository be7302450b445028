"""All measures, in the order in which they are told. A new one is an entry here and a small function."""

from __future__ import annotations

from functools import partial

from scheduler.measures import reach, rules, staying, surveys, times
from scheduler.measures.holdouts import lifts
from scheduler.measures.measure import CAMPAIGN, HOUSE, RULE, Measure, Observe, Statistic, Unit
from scheduler.wallclock import DAY

_COHORTS = (HOUSE, ("cohort",))
_BY_THING = (("thing",),)

_share = partial(Measure, statistics=[Statistic.SHARE], unit=Unit.PERCENT)
_time = partial(Measure, statistics=[Statistic.MEDIAN, Statistic.P90], unit=Unit.SECONDS)
_count = partial(Measure, denominator="none (a count)", statistics=[Statistic.TOTAL], unit=Unit.COUNT)


def _score(
    name: str, title: str, formula: str, observe: Observe, statistic: Statistic, unit: Unit, *, of: str = ""
) -> Measure:
    """A measure of the answers to the survey of its own name, or to that which it is `of`."""
    return Measure(
        name=name,
        title=title,
        formula=formula,
        denominator=f"answers to {of or name}, of each occasion the newest answer; none that was replaced",
        window="answers given in the month",
        observe=observe,
        statistics=[statistic],
        unit=unit,
        looks_at=surveys.answers_looked_at,
    )


MEASURES: tuple[Measure, ...] = (
    _score(
        "nps",
        "Net promoter score",
        "% of answers 9 or 10, minus % of answers 0 to 6",
        surveys.nps,
        Statistic.NET,
        Unit.POINTS,
    ),
    _score("csat", "Satisfied (CSAT)", "answers 4 or 5 / answers", surveys.csat, Statistic.SHARE, Unit.PERCENT),
    _score(
        "ces", "Customer effort score (1 hard, 7 easy)", "mean of the answers", surveys.ces, Statistic.MEAN, Unit.SCORE
    ),
    _score(
        "ces_easy", "Found it easy", "answers 5 to 7 / answers", surveys.easy, Statistic.SHARE, Unit.PERCENT, of="ces"
    ),
    _share(
        name="answer_rate",
        title="Answer rate",
        formula="surveys answered by now / surveys sent; each occasion once",
        denominator="contacts that ask for feedback and were sent, without tasks",
        window="surveys sent in the month",
        observe=surveys.answered,
        looks_at=surveys.answers_looked_at,
    ),
    _share(
        name="recovery_rate",
        title="Detractors who came back",
        formula=f"detractors with nps 9 or 10 or csat 4 or 5 within {surveys.RECOVERY_DAYS} days / detractors",
        denominator="customers who answered nps with 0 to 6, once a month",
        window=f"first such answer in the month, and the {surveys.RECOVERY_DAYS} days after it",
        observe=surveys.recovered,
        looks_at=surveys.answers_looked_at,
        settles=surveys.RECOVERY_DAYS * DAY,
    ),
    Measure(
        name="first_contact",
        title="Time to the first contact after a delivery",
        formula="median of first contact minus delivery",
        denominator=f"deliveries that were followed by a contact within {times.FIRST_CONTACT_DAYS} days",
        window=f"deliveries in the month, and the {times.FIRST_CONTACT_DAYS} days after each",
        observe=times.first_contact,
        statistics=[Statistic.MEDIAN],
        unit=Unit.SECONDS,
        looks_at=times.deliveries_looked_at,
        groupings=(HOUSE, CAMPAIGN),
        settles=times.FIRST_CONTACT_DAYS * DAY,
    ),
    _time(
        name="first_response",
        title="Time to the first response",
        formula="first response, or else closing, minus opening; median, and the least that 9 of 10 do not exceed",
        denominator="things opened that had a response or were closed, by what they are",
        window="opened in the month",
        observe=times.first_response,
        looks_at=times.things_looked_at,
        groupings=_BY_THING,
    ),
    _time(
        name="solution",
        title="Time to the solution",
        formula="closing minus opening; median, and the least that 9 of 10 do not exceed",
        denominator="things closed, by what they are",
        window="closed in the month",
        observe=times.solution,
        looks_at=times.things_looked_at,
        groupings=_BY_THING,
    ),
    _time(
        name="task_time",
        title="Time until a task is done",
        formula="done minus assigned; median, and the least that 9 of 10 do not exceed",
        denominator="tasks done, without those dropped",
        window="done in the month",
        observe=times.task_time,
    ),
    _share(
        name="tasks_in_time",
        title="Tasks done in time",
        formula="tasks done by when they were due / tasks done",
        denominator="tasks done, without those dropped",
        window="done in the month",
        observe=times.task_in_time,
    ),
    _share(
        name="retention",
        title="Subscribers kept",
        formula="customers with a subscription at the end of the month / customers who ever had one",
        denominator="customers by the month of their first subscription_started",
        window="at the end of the month",
        observe=staying.kept,
        looks_at=staying.subscriptions_looked_at,
        groupings=_COHORTS,
    ),
    _share(
        name="churn",
        title="Subscribers lost",
        formula="customers without a subscription at the month's end / customers with one at its beginning",
        denominator="customers with a subscription as the month begins, by the month of their first one",
        window="from the beginning of the month to its end",
        observe=staying.lost,
        looks_at=staying.subscriptions_looked_at,
        groupings=_COHORTS,
    ),
    _share(
        name="buyers_kept",
        title="Earlier buyers who bought",
        formula="customers who ordered in the month / customers who had ordered before it",
        denominator="customers with an order before the month, by the month of their first order",
        window="orders in the month",
        observe=staying.ordered,
        looks_at=staying.orders_looked_at,
        groupings=_COHORTS,
    ),
    _share(
        name="repeat_purchase",
        title="Repeat purchase rate",
        formula="customers with two orders or more by the month's end / customers who ordered in the month",
        denominator="customers with an order in the month",
        window="orders in the month, and all before",
        observe=staying.repeated,
        looks_at=staying.orders_looked_at,
        groupings=(HOUSE,),
    ),
    _count(
        name="referrals",
        title="Referrals",
        formula="number of referral_made",
        window="made in the month",
        observe=staying.referred,
        looks_at=staying.referrals_looked_at,
    ),
    Measure(
        name="contacts_per_customer",
        title="Contacts a customer and month",
        formula="contacts of each; median, the least that 95 of 100 do not exceed, and the most",
        denominator="customers with a contact in the month",
        window="contacts made in the month",
        observe=reach.heard,
        statistics=[Statistic.MEDIAN, Statistic.P95, Statistic.MOST],
        unit=Unit.COUNT,
        regroups=True,
    ),
    _share(
        name="heard_nothing",
        title=f"Heard nothing for over {reach.SILENT_DAYS} days",
        formula=f"customers without a contact (bounced ones aside) for {reach.SILENT_DAYS} days / customers",
        denominator=f"customers known for more than {reach.SILENT_DAYS} days",
        window="at the end of the month",
        observe=reach.unheard,
        groupings=(HOUSE,),
    ),
    _count(
        name="asks_at_the_wrong_time",
        title="Asks made at the wrong time (must be 0)",
        formula="asks made while a low score, an open trouble or what blocks asks was known",
        denominator="contacts that ask for a review, a referral or a purchase",
        window="asks made in the month",
        observe=reach.at_the_wrong_time,
        must_be_zero=True,
        note=reach.not_looked_for,
    ),
    _count(
        name="occasions",
        title="Occasions",
        formula="number of occasions decided",
        window="decided in the month",
        observe=rules.occasions,
        groupings=(RULE,),
    ),
    _count(
        name="contacts",
        title="Contacts",
        formula="number of contacts made",
        window="made in the month",
        observe=rules.contacts,
        groupings=(HOUSE, CAMPAIGN, RULE),
    ),
    _count(
        name="silences",
        title="Silences",
        formula="number of occasions that came to no contact, for each cause; one may have several",
        window="decided in the month",
        observe=rules.silences,
        groupings=((*RULE, "cause"),),
    ),
    _count(
        name="answers",
        title="Answers",
        formula="number of answers that name the rule",
        window="given in the month",
        observe=rules.answers,
        looks_at=surveys.answers_looked_at,
        groupings=(RULE,),
    ),
    _share(
        name="goal_reached",
        title="Goal reached",
        formula="customers who reached the rule's goal / customers, each once",
        denominator="customers for whom the rule decided to contact them, or held them out",
        window=f"decided in the months, and the {rules.GOAL_DAYS} days after it",
        observe=rules.goals,
        looks_at=rules.goals_looked_at,
        groupings=((*RULE, "arm"),),
        settles=rules.GOAL_DAYS * DAY,
        tell=lifts,
    ),
)
