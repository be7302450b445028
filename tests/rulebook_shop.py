"""A small rulebook without a mistake, to which tests add one."""

from __future__ import annotations

from scheduler.rulebook.findings import Finding
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts

HOUSE = """\
timezone: Europe/Berlin
send_hours:
  any: {from: "09:00", to: "20:00", days: [mon, tue, wed, thu, fri, sat], holidays: skip}
  email: {from: "08:00", to: "21:00", days: all}
value_window:
  delivered_by: [order_delivered]
  property: category
  windows: {coffee: 30 days, mattress: 90 days}
open_things:
  ticket: {opened_by: ticket_opened, closed_by: ticket_closed, key: ticket_id}
topics:
  care: {default_for: [nothing]}
  feedback: {default_for: [feedback]}
  offers: {default_for: [review, referral, purchase], consent: opt_in}
conditions:
  well: {means: scored us 9 or 10 lately, event: nps_answered, latest: score, at_least: 9, within: 90 days}
  returned: {means: this order came back, event: order_returned, same: order_id}
"""
PEOPLE = """\
people:
  maria: {name: Maria Lopez, email: maria@example.com}
roles:
  care: {members: [maria]}
  manager: {members: [maria]}
"""
WELCOME = """\
campaign: A welcome
rules:
  welcome:
    reason: They have just become a customer of ours.
    asks_for: nothing
    when: signed_up
    send: hello
    by: [email]
"""
FILES = {
    "rules/a_welcome.yaml": WELCOME,
    "rules/house_rules.yaml": HOUSE,
    "rules/people.yaml": PEOPLE,
    "templates/ask.email.md": "---\nsubject: A favour\n---\nWould you tell a friend? {{ links.refer }}\n",
    "templates/call.phone.md": "Ask {{ customer.name }} why.\n",
    "templates/card.email.md": "---\nsubject: Happy birthday\n---\nHappy birthday!\n",
    "templates/card.post.typ": "Happy birthday!\n",
    "templates/hello.email.md": '---\nsubject: Hello\n---\nHello {{ customer.first_name or "there" }}!\n',
    "templates/hello.sms.txt": "Hello!\n",
    "templates/shopping.email.md": "---\nsubject: There is more\n---\nThere is more: {{ links.shop }}\n",
}
RULE = """\
campaign: Under test
rules:
  tested:
    reason: They have just received their order from us.
    asks_for: nothing
    when: order_delivered
    send: hello
    by: [email]
"""


def read(**files: str) -> tuple[Rulebook, list[Finding]]:
    """The shop's rulebook with more files, or others in their place; `rules__x` stands for `rules/x.yaml`."""
    more = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
    return rulebook_from_texts({**FILES, **more})


def codes(findings: list[Finding]) -> list[str]:
    """The codes of the findings, in order."""
    return [finding.code for finding in findings]
