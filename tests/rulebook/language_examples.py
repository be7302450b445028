"""The forms of the rule language, as its documentation shows them: each must be accepted as it stands."""

from __future__ import annotations

CAMPAIGN = """\
# yaml-language-server: $schema=../docs/schema/campaign.json
campaign: After the purchase
owner: care@example.com

conditions:
  happy:
    means: scored us 9 or 10 in the last 90 days and nothing is unresolved
    all_of:
      - {event: nps_answered, latest: score, at_least: 9, within: 90 days}
      - none_of: [{open: ticket}]

rules:
  delivery_check_in:
    reason: Their {event.product} has arrived; check it while we can still put it right.
    asks_for: nothing
    when: order_delivered
    after: 1 day
    before: 4 days
    at: "10:00"
    unless: [{event: order_returned, same: order_id}]
    send: delivery_check_in
    by: [email, sms]

  referral_ask:
    reason: They have had the full benefit of {event.product} and told us that they are happy.
    asks_for: referral
    when: order_delivered
    after: value_window          # 30, 60 or 90 days, by product category, from the house rules
    before: 120 days
    only_if: [happy]
    until: {event: referral_made}   # the goal: once reached, no ask
    again: after 365 days
    send: referral_ask
    by: [email]

  birthday_card:
    reason: It is their birthday.
    asks_for: nothing
    when: {date: birthday}
    before: 1 day
    send: birthday_card
    by: [{post: {ahead: 4 business days}}, email]     # the card leaves early; a mail goes on the day

  exit_interview:
    reason: They left; thank them, and learn what to do better.
    asks_for: feedback
    when: subscription_cancelled
    after: 2 days
    before: 21 days
    unless:
      - {event: subscription_cancelled, latest: reason, in: [deceased, business closed]}
    assign: account_owner        # a person calls: a task is created, nothing is sent
    script: exit_interview
    by: [phone]
"""
HOUSE_RULES = """\
timezone: Europe/Berlin                 # where a customer's own zone is not known
send_hours:                             # per channel, or for all
  any:   {from: "09:00", to: "20:00", days: [mon, tue, wed, thu, fri, sat], holidays: skip}
  email: {from: "08:00", to: "21:00", days: all}
  closed: [2026-12-24, 2026-12-25]      # nobody is contacted on these dates
default_at: "10:00"
default_window: 3 days                  # from opening, where a rule has no `before`
lateness: 2 hours                       # how long after its time of day a contact may still go
leap_day: feb 28                        # when 29 February falls in a common year; or mar 1
frequency_caps:
  - {at_most: 1, within: 1 day}
  - {at_most: 3, within: 7 days}
  - {at_most: 1, within: 90 days, serves: us}
  - {at_most: 2, within: 30 days, by: sms}
value_window:
  delivered_by: [order_delivered, subscription_started]
  property: category
  windows: {coffee: 30 days, appliance: 60 days, mattress: 90 days}
  default: 60 days
asks:                                   # what asks need beside their rules' own conditions
  any:      {blocked_while: [unresolved], gives: 90 days}
  purchase: {value_window: if delivered}      # prospects have had nothing yet
  feedback: {value_window: none, gives: none}
open_things:
  ticket:   {opened_by: ticket_opened, closed_by: ticket_closed, key: ticket_id}
topics:                                 # consent: opt_out = yes until withdrawn; opt_in = only when given
  care:     {default_for: [nothing], consent: opt_out}
  feedback: {default_for: [feedback], consent: opt_out}
  offers:   {default_for: [review, referral, purchase], consent: opt_in}
channels: {sms: {consent: opt_in}}
conditions:                             # house-wide conditions live here too
  unresolved: {means: a ticket or a recovery is open, any_of: [{open: ticket}]}
"""
TEMPLATES = (
    "delivery_check_in.email.md",
    "delivery_check_in.email.de.md",
    "delivery_check_in.sms.txt",
    "referral_ask.email.md",
    "birthday_card.post.typ",
    "birthday_card.email.md",
    "exit_interview.phone.md",
    "renewal.webhook.json",
    "layout.email.html",
)


def rule(*lines: str, when: str = "order_delivered") -> str:
    """A campaign of one rule with more keys."""
    keys = "".join(f"    {line}\n" for line in lines)
    return (
        "campaign: Examples\nrules:\n  example:\n    reason: They have a good reason to hear from us.\n"
        f"    asks_for: nothing\n    when: {when}\n    send: hello\n{keys}"
    )


def with_condition(condition: str) -> str:
    """A campaign of one rule that stays silent while the condition holds."""
    return rule(f"unless: [{condition}]")


ACCEPTED_RULES = (
    rule("after: 2 hours"),
    rule("after: 3 months"),
    rule("after: 2 business days", "before: 2 weeks", 'at: "09:30"'),
    rule("again: never"),
    rule("again: every time"),
    rule("again: after 30 days"),
    rule("until: order_returned"),
    rule("until: {event: referral_made, within: 30 days}"),
    rule("until: {all_of: [well]}"),
    rule("by: [preferred, email]"),
    rule("by: email".replace("email", "[email]")),
    rule('send_hours: {from: "10:00", to: "18:00", days: [mon, tue], holidays: skip}'),
    rule("topic: care", "priority: 0"),
    rule("exempt: [frequency_caps, send_hours]", "priority: 100"),
    rule("backfill: open"),
    rule("backfill: none"),
    rule("backfill: 2026-01-01"),
    rule("holdout: 0.1", "starts: 2026-01-01", "ends: 2026-12-31"),
    rule("status: paused"),
    rule("status: draft"),
    rule(when="{event: order_delivered, where: {category: coffee, total: {at_least: 20}, gift: true}}"),
    rule("before: 1 day", when="{date: birthday}"),
    rule("ahead: 30 days", when="{date: renews_on, once: true}"),
    rule("by: [{email: {ahead: 3 days}}]", "before: 1 day", when="{date: birthday}"),
)
EVERY_WEEK = rule("starts: 2026-01-01", when="{every: week, on: tuesday}")
ACCEPTED_TRIGGERS = (
    rule(when="order_delivered"),
    rule(when="{event: order_delivered}"),
    rule(when="{date: birthday}"),
    rule(when="{contact: welcome}"),
    rule("after: 3 days", "before: 10 days", "until: order_placed", when="{contact: welcome}"),
    rule("after: 2 hours", "unless: [{contact: any, since: trigger}]", when="{contact: welcome}"),
    EVERY_WEEK,
    rule("starts: 2026-01-01", when="{every: week}"),
    rule("starts: 2026-01-01", when="{every: week, spread: 7 days}"),
    rule("starts: 2026-01-01", when="{every: month, on: 1}"),
    rule("starts: 2026-01-31", when="{every: month, spread: 1 month}"),
    rule("starts: 2026-01-01", when="{every: 90 days, spread: 30 days}"),
    rule("starts: 2026-01-01", "after: 2 days", "before: 5 days", when="{every: 3 months, spread: 2 weeks}"),
    rule("starts: 2026-01-01", "after: 2 hours", when="{every: 1 year}"),
    rule("starts: 2026-01-01", when="{every: 10 business days, spread: 5 business days}"),
    rule("starts: 2026-01-01", "ahead: 3 days", when="{every: month, on: 31}"),
    rule("starts: 2026-01-01", "before: 1 day", "by: [{sms: {ahead: 1 day}}, email]", when="{every: 4 weeks}"),
    rule(when="{event: appointment_booked, date: day}"),
    rule("ahead: 1 day", when="{event: appointment_booked, date: day, same: appointment_id}"),
    rule("ahead: 2 hours", when="{event: appointment_booked, date: at, where: {kind: visit}, same: appointment_id}"),
    rule("before: 0 days", "by: [{email: {ahead: 1 day}}]", when="{event: appointment_booked, date: day}"),
    rule("after: value_window", "before: 120 days", when="{event: order_delivered, date: installed_on}"),
    rule("unless: [returned, {event: visited, since: trigger}]", when="{event: order_delivered, date: installed_on}"),
    rule("after: 60 days", when="{silence: order_placed}"),
    rule("after: 60 days", when="{silence: order_placed, where: {channel: web}}"),
    rule("after: 60 days", "unless: [returned]", when="{silence: order_placed, same: category}"),
    rule("after: value_window", "before: 120 days", when="{silence: order_delivered}"),
    rule("after: 180 days", when="{silence: contact}"),
    rule("after: 1 month", "until: {contact: welcome, since: trigger}", when="{silence: contact}"),
)
ACCEPTED_CONDITIONS = (
    "{customer: tier, is: gold}",
    "{customer: tier, is_not: gold}",
    "{customer: tier, in: [gold, silver]}",
    "{customer: tier, not_in: [gold, silver]}",
    "{customer: age, at_least: 18, less_than: 65}",
    "{customer: age, more_than: 18, at_most: 65.5}",
    "{customer: orders, multiple_of: 10}",
    "{customer: name, contains: GmbH}",
    "{customer: email, known: false}",
    "{customer: newsletter, is: true}",
    "{customer: joined, older_than: 1 year}",
    "{customer: joined, newer_than: 30 days}",
    "{event: order_placed}",
    "{event: order_placed, where: {total: {at_least: 100}, category: coffee}}",
    "{event: order_placed, count: true, at_least: 2, within: 90 days}",
    "{event: order_placed, sum: total, more_than: 1000, within: 12 months}",
    "{event: order_placed, average: total, at_least: 50}",
    "{event: order_placed, min: total, at_least: 50}",
    "{event: order_placed, max: total, at_least: 50, since: trigger}",
    "{event: nps_answered, latest: score, at_least: 9, within: 90 days}",
    "{event: nps_answered, first: score, is: 10}",
    "{event: nps_answered, latest: score, known: true}",
    "{event: order_returned, same: order_id, since: trigger}",
    "{open: ticket}",
    "{open: ticket, for: 3 days}",
    "{contact: any, within: 7 days}",
    "{contact: welcome}",
    "{contact: any, asks_for: review, by: email, count: true, at_least: 2, within: 90 days}",
    "{contact: any, asks_for: [review, referral], by: [email, sms], since: trigger}",
    "{all_of: [well, {open: ticket}]}",
    "{any_of: [{customer: tier, is: gold}, {none_of: [well]}]}",
    "well",
)
