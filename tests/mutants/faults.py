"""The seeded faults: what is changed in which file, and which tests have to notice.

One list, over 400 lines, that is read as a table: each entry is a fault by itself. Where the engine is written anew,
`test_faults` says which texts are no more there.
"""

from __future__ import annotations

from dataclasses import dataclass

KERNEL = "scheduler/decisions/kernel.py"
PROGRAM = "scheduler/decisions/program.py"
COLUMNS = "scheduler/decisions/columns.py"
DECIDING = "scheduler/delivery/deciding.py"
SENDING = "scheduler/delivery/sending.py"
GATES_AGAIN = "scheduler/delivery/gates.py"
OUTBOX = "scheduler/store/outbox.py"
LEDGER = "scheduler/store/ledger.py"
SHARES = "scheduler/store/shares.py"

_GATES = "tests/decisions/test_gates.py::test_"
_CONDITIONS = "tests/decisions/test_conditions.py::test_"
_WINDOWS = "tests/decisions/test_windows.py::test_"
_MOMENTS = "tests/decisions/test_moments.py::test_"
_WALK = "tests/decisions/test_walk.py::test_"
_WAKING = "tests/decisions/test_waking.py::test_"
_TRIGGERS = "tests/decisions/test_triggers.py::test_"
_TRACE = "tests/decisions/test_trace.py::test_"
_DECIDING = "tests/delivery/test_deciding.py::test_"
_SENDING = "tests/delivery/test_sending.py::test_"
_CRASHES = "tests/delivery/test_crashes.py::test_"
_FENCES = "tests/delivery/test_fences.py::test_"
_POISON = "tests/delivery/test_poison.py::test_"
_OUTBOX = "tests/store/test_outbox.py::test_"
_LEDGER = "tests/store/test_ledger.py::test_"
_SHARES = "tests/store/test_shares.py::test_"
_SHARING = "tests/delivery/test_sharing.py::test_"


class NotOnce(Exception):
    """The text of a fault does not stand exactly once in its file."""


@dataclass(frozen=True)
class Fault:
    """A fault by its name, a sentence: in `file`, `text` stands once and becomes something else; `tests` notice.

    The tests are node ids of pytest.
    """

    name: str
    file: str
    text: str
    becomes: str
    tests: tuple[str, ...]

    def put_into(self, source: str) -> str:
        """The file's source with the fault; raises `NotOnce`."""
        found = source.count(self.text)
        if found != 1:
            raise NotOnce(f"{self.text!r} is found {found} times in {self.file}")
        return source.replace(self.text, self.becomes)


def _kernel(name: str, text: str, becomes: str, *tests: str) -> Fault:
    return Fault(name, KERNEL, text, becomes, tests)


def _always(name: str, docstring: str, *tests: str) -> Fault:
    """The gate whose docstring begins so says yes before it looks at anything."""
    return Fault(name, KERNEL, f'    """{docstring}', f'    return True, NEVER\n    """{docstring}', tests)


_GATES_OFF = [
    _always("gate 1, active, is not asked", "Gate 1:", _GATES + "a_paused_rule_cancels"),
    _kernel(
        "gate 2, the window, is not asked",
        "if not opens <= t < closes:",
        "if False:",
        _TRACE + "a_window_is_open_from_its_opening_up_to_the_instant_at_which_it_closes",
    ),
    _always("gate 3, again, is not asked", "Gate 3:", _GATES + "never_again_ends_every_further_occasion"),
    _always("gate 4, the goal, is not asked", "Gate 4:", _GATES + "a_goal_reached_after_the_trigger_ends_the_occasion"),
    _kernel(
        "gate 5, only_if and unless, is not asked",
        "if yes != (p.gates[i].wanted == 1):",
        "if False:",
        _CONDITIONS + "a_named_condition_is_its_own_gate",
    ),
    _always(
        "gate 6, the value window, is not asked",
        "Gate 6: the customer",
        _GATES + "an_ask_anchored_on_a_delivery_waits_for_its_value_window",
    ),
    _kernel(
        "gate 6, what blocks asks, is not asked",
        "        if yes:",
        "        if False:",
        _GATES + "what_blocks_asks_does_not_block_what_serves_the_customer",
    ),
    _always(
        "gate 6, whether something was given, is not asked",
        "Gate 6: we gave",
        _GATES + "what_was_given_too_long_ago_does_not_count",
    ),
    _always("gate 7, reachable, is not asked", "Gate 7:", _GATES + "a_suppressed_address_is_no_address"),
    _always("gate 8, consent, is not asked", "Gate 8:", _GATES + "where_the_topic_is_opt_in_silence_is_a_no"),
    _always("gate 9, the hours, is not asked", "Gate 9:", _GATES + "outside_the_send_hours_it_waits_until_they_begin"),
    _always("gate 10, the caps, is not asked", "Gate 10:", _GATES + "at_most_one_within_a_day_is_one_a_local_day"),
    _kernel(
        "gate 11, the holdout, is not asked",
        "elif rule.holdout != NONE",
        "elif False",
        _GATES + "the_control_group_is_held_out_only_when_all_other_gates_say_yes",
    ),
]

_GATES_INVERTED = [
    _kernel(
        "only_if and unless change places",
        "if yes != (p.gates[i].wanted == 1):",
        "if yes == (p.gates[i].wanted == 1):",
        _CONDITIONS + "an_event_has_happened_or_not",
    ),
    _kernel(
        "the goal must be reached",
        "return not reached, until",
        "return reached, until",
        _GATES + "a_goal_reached_before_the_trigger_does_not_count",
    ),
    _kernel(
        "asks pass while something blocks them",
        "        if yes:",
        "        if not yes:",
        _GATES + "what_blocks_asks_does_not_block_what_serves_the_customer",
    ),
    _kernel(
        "who has no address is reachable",
        "x.reachable[channel * len(x.customers) + c] == 0",
        "x.reachable[channel * len(x.customers) + c] == 1",
        _GATES + "a_suppressed_address_is_no_address",
    ),
    _kernel(
        "silence about consent is a no where the topic is opt-out",
        "given = p.slots[slot].opt_in == 0",
        "given = p.slots[slot].opt_in == 1",
        _GATES + "where_the_topic_is_opt_in_silence_is_a_no",
    ),
    _kernel(
        "the others are held out, not the control group",
        "x.draws[rule.holdout * len(x.customers) + c] == 1",
        "x.draws[rule.holdout * len(x.customers) + c] == 0",
        _GATES + "a_share_below_the_customers_own_lets_them_pass",
    ),
    _kernel(
        "the holdout is asked before the other gates",
        "    chosen = NONE\n",
        "    chosen = NONE\n"
        "    if outcome == CONTACT and rule.holdout != NONE and x.draws[rule.holdout * len(x.customers) + c] == 1:\n"
        "        return HELD_OUT, first_slot, 1 << (channel_gate + CAPS + len(p.caps)), NEVER\n",
        _GATES + "the_control_group_is_held_out_only_when_all_other_gates_say_yes",
    ),
]

_EDGES = [
    _kernel(
        "a window opens an instant later",
        "    occasion.opens = opens\n",
        "    occasion.opens = opens + 1\n",
        _WINDOWS + "without_a_delay_the_window_opens_at_the_trigger",
    ),
    _kernel(
        "a window closes an instant later",
        "    occasion.closes = closes\n",
        "    occasion.closes = closes + 1\n",
        _GATES + "an_occasion_whose_window_has_passed_takes_no_part",
    ),
    _kernel(
        "the window is still open at the instant at which it closes",
        "opens <= t < closes:\n        refused",
        "opens <= t <= closes:\n        refused",
        _TRACE + "a_window_is_open_from_its_opening_up_to_the_instant_at_which_it_closes",
    ),
    _kernel(
        "the window is not yet open at the instant at which it opens",
        "if not opens <= t < closes:",
        "if not opens < t < closes:",
        _WINDOWS + "a_date_returns_every_year_from_the_year_after_its_own",
        _WALK + "a_higher_priority_goes_first",
    ),
    _kernel(
        "the lateness leaves its end out",
        "if at + lateness >= start:",
        "if at + lateness > start:",
        _MOMENTS + "a_rule_with_a_time_of_day_may_speak_until_lateness_after_it_both_ends_included",
    ),
    _kernel(
        "before its start a rule waits an instant too long",
        "if t < starts:",
        "if t <= starts:",
        _GATES + "before_its_start_a_rule_waits",
    ),
    _kernel(
        "a rule is over on its last day",
        "row.ends + 1",
        "row.ends",
        _GATES + "its_end_is_a_rules_last_local_day",
    ),
    _kernel(
        "what triggers at the very activation is from before it",
        "trigger < x.activated[r]",
        "trigger <= x.activated[r]",
        _GATES + "a_trigger_at_the_instant_of_the_activation_needs_no_backfill",
    ),
    _kernel(
        "a pause lasts an instant too long",
        "if t < customer.paused_until:",
        "if t <= customer.paused_until:",
        _GATES + "a_pause_is_a_no_until_it_ends",
    ),
    _kernel(
        "value windows last an instant too long",
        "return t >= ripe, ripe if t < ripe else NEVER",
        "return t > ripe, ripe if t < ripe else NEVER",
        _GATES + "an_ask_anchored_on_a_delivery_waits_for_its_value_window",
    ),
    _kernel(
        "what was given today counts",
        "if contact.day < today:",
        "if contact.day <= today:",
        _GATES + "an_ask_waits_until_something_was_given_on_an_earlier_day",
    ),
    _kernel(
        "the hours begin an instant later",
        "opens <= t < closes:\n        return",
        "opens < t < closes:\n        return",
        _GATES + "outside_the_send_hours_it_waits_until_they_begin",
    ),
    _kernel(
        "the hours end an instant later",
        "opens <= t < closes:\n        return",
        "opens <= t <= closes:\n        return",
        _GATES + "outside_the_send_hours_it_waits_until_they_begin",
    ),
    _kernel(
        "a cap lets one more pass",
        "if count < p.caps[cap].at_most",
        "if count <= p.caps[cap].at_most",
        _GATES + "at_most_one_within_a_day_is_one_a_local_day",
    ),
    _kernel(
        "a cap of days reaches a day less far back",
        "contact.at <= after or contact.day <= after_day:",
        "contact.at <= after or contact.day <= after_day + 1:",
        _GATES + "at_most_one_within_a_day_is_one_a_local_day",
    ),
    _kernel(
        "a cap of hours reaches an instant too far back",
        "contact.at <= after or contact.day <= after_day:",
        "contact.at < after or contact.day <= after_day:",
        _GATES + "a_cap_of_hours_is_exact",
    ),
    _kernel(
        "a condition within days reaches a day too far back",
        "entry.day <= after_day",
        "entry.day < after_day",
        _CONDITIONS + "within_days_means_today_and_the_days_before",
    ),
    _kernel(
        "a condition within hours reaches an instant too far back",
        "if at <= after or entry.day",
        "if at < after or entry.day",
        _CONDITIONS + "within_hours_is_exact",
    ),
    _kernel(
        "a condition on contacts within days reaches a day too far back",
        "at <= after or contact.day <= after_day or contact.held == 1",
        "at <= after or contact.day < after_day or contact.held == 1",
        _CONDITIONS + "a_contact_within_days_was_made_today_or_on_the_days_before",
    ),
    _kernel(
        "since the trigger means with the trigger's own event",
        "after = max(after, occasion.since)",
        "after = max(after, occasion.since - 1)",
        _CONDITIONS + "since_the_trigger_leaves_its_own_event_out",
    ),
    _kernel(
        "an exact span of again ends an instant later",
        "return t >= last + p.spans[span].count",
        "return t > last + p.spans[span].count",
        _GATES + "again_after_hours_is_exact",
    ),
    _kernel(
        "at least means more than",
        "good = number >= wanted",
        "good = number > wanted",
        _CONDITIONS + "an_aggregate_of_events_compares",
    ),
    _kernel(
        "less than means at most",
        "good = number < wanted",
        "good = number <= wanted",
        _CONDITIONS + "an_aggregate_of_events_compares",
    ),
    Fault(
        "a date becomes older than a span a day too early",
        COLUMNS,
        "_aged(value, written.older_than, 1)",
        "_aged(value, written.older_than, 0)",
        (_CONDITIONS + "a_date_becomes_older_than_on_the_day_after_so_much_has_passed",),
    ),
]

_FACTS = [
    _kernel(
        "an event is seen before it is known",
        "entry.seen = max(event.at, event.known)",
        "entry.seen = event.at",
        _CONDITIONS + "a_condition_counts_an_event_from_when_it_became_known",
    ),
    _kernel(
        "an occasion arises before its event is known",
        "occasion.known = x.events[e].known if e != NONE else occasion.opens",
        "occasion.known = occasion.opens",
        _WINDOWS + "an_event_that_becomes_known_late_leaves_its_window_where_it_was",
    ),
    _kernel(
        "the newest event is the one that became known last",
        "        count += 1\n        newest = i\n",
        "        count += 1\n"
        "        newest = i if newest == NONE or entry.seen >= s.entries[newest].seen else newest\n",
        _CONDITIONS + "the_newest_event_is_the_one_that_happened_last_not_the_one_that_became_known_last",
    ),
    _kernel(
        "the newest delivery is the one that became known last",
        "                    newest = i\n",
        "                    newest = i if newest == NONE or s.entries[i].seen >= s.entries[newest].seen else newest\n",
        _GATES + "the_newest_delivery_is_the_one_that_happened_last_not_the_one_that_became_known_last",
    ),
    _kernel(
        "events trigger a rule whatever its where says",
        "if not passes_where(p, x, e, rule.where_from, rule.where_to):",
        "if False:",
        _WINDOWS + "only_events_that_pass_where_are_triggers",
    ),
    _kernel(
        "same is ignored: events of any key count",
        "(column != NONE and entry.key != key)",
        "False",
        _CONDITIONS + "same_takes_only_events_with_the_triggers_own_key",
    ),
    _kernel(
        "silence is not void when another event comes",
        "elif row.voided_by != NONE:",
        "elif False:",
        _GATES + "silence_is_void_when_another_event_comes",
    ),
    _kernel(
        "silence is void by an event of any key",
        "(row.void_key == NONE or s.entries[i].key == key)",
        "True",
        _GATES + "silence_with_same_is_void_only_by_an_event_of_the_same_key",
    ),
    _kernel(
        "a thing that is opened and closed at one instant is open",
        "            order_closings(s, start, count, x, p, stream)\n",
        "",
        _CONDITIONS + "a_tie_of_opening_and_closing_is_closed",
    ),
    _kernel(
        "what is missing counts as a number",
        "    if number != number:\n        return False\n",
        "",
        _CONDITIONS + "an_aggregate_of_events_compares",
    ),
    _kernel(
        "a consent that lies ahead counts already",
        "if record.at > t:",
        "if False:",
        _GATES + "a_consent_that_comes_later_lets_the_contact_go_at_that_moment",
    ),
    _kernel(
        "a tie of consent and withdrawal is a consent",
        "elif record.at == newest and record.given == 0:\n            given = False",
        "elif record.at == newest and record.given == 1:\n            given = True",
        _GATES + "a_tie_with_a_withdrawal_is_a_withdrawal",
    ),
    _kernel(
        "the oldest record of consent decides",
        "if record.at > newest:",
        "if newest == NOWHEN:",
        _GATES + "the_newest_record_that_fits_decides",
    ),
    Fault(
        "an address that must not be used is reachable",
        COLUMNS,
        "if channel in customer.suppressed:",
        "if False:",
        (_GATES + "a_suppressed_address_is_no_address",),
    ),
    Fault(
        "a channel's own opt-in is not asked",
        PROGRAM,
        "in (mode, self.house.channel_consent(channel))",
        "in (mode,)",
        (_GATES + "a_channel_that_asks_for_opt_in_is_asked_as_well",),
    ),
]

_CONTACTS = [
    _kernel(
        "a held-out contact is counted by caps",
        "or contact.held == 1 or contact.exempt == 1:",
        "or contact.exempt == 1:",
        _GATES + "a_held_out_contact_is_not_counted_by_caps",
    ),
    _kernel(
        "an exempt contact is counted by caps",
        "or contact.held == 1 or contact.exempt == 1:",
        "or contact.held == 1:",
        _GATES + "exempt_contacts_are_neither_bound_nor_counted",
    ),
    _kernel(
        "an exempt rule is bound by caps",
        "if rule.exempt_caps == 1 or (",
        "if (",
        _GATES + "an_exempt_contact_goes_although_the_cap_is_used_up",
    ),
    _kernel(
        "a cap counts whom it does not bind",
        "if serves != NONE and serves != serves_of(contact.asks):",
        "if False:",
        _GATES + "a_cap_with_serves_counts_and_binds_only_such_contacts",
    ),
    _kernel(
        "a cap by a channel counts every channel",
        "if channel != NONE and channel != contact.channel:",
        "if False:",
        _GATES + "a_cap_by_a_channel_counts_only_what_went_by_it",
    ),
    _kernel(
        "a cap frees only when the newest contact has left it",
        "if count == p.caps[cap].at_most:",
        "if count == 1:",
        _GATES + "a_cap_frees_when_enough_contacts_have_left_it",
    ),
    _kernel(
        "a held-out contact counts as made in conditions",
        "or contact.day <= after_day or contact.held == 1:",
        "or contact.day <= after_day:",
        _CONDITIONS + "a_held_out_contact_was_not_made",
    ),
    _kernel(
        "a held-out contact does not forbid another",
        "if contact.rule == r and contact.at <= t",
        "if contact.rule == r and contact.held == 0 and contact.at <= t",
        _GATES + "a_held_out_contact_forbids_another_as_if_it_had_been_made",
    ),
    _kernel(
        "again counts from the instant of the last contact, not its day",
        "return local_today(k, x, s, c, t) >= moved_day(p, k, customer.country, span, last_day, 1)",
        "return t >= later_on_the_wall(p, k, customer.country, customer.zone, span, last)",
        _GATES + "again_after_days_counts_from_the_local_day_of_the_last_contact",
    ),
    _kernel(
        "what was given before the last ask counts",
        "after = max(after, contact.at)",
        "pass",
        _GATES + "what_was_given_before_the_last_ask_does_not_count",
    ),
    _kernel(
        "feedback has to be given for anew",
        "ASKS_US = 0b11100",
        "ASKS_US = 0b11110",
        _GATES + "feedback_is_no_ask_that_has_to_be_given_for_anew",
    ),
    _kernel(
        "a held-out contact gives rise to others",
        "    if held == 1:\n",
        "    if False:\n",
        _TRIGGERS + "a_held_out_contact_gives_rise_to_nothing",
    ),
    _kernel(
        "what a contact gives rise to arises an instant later",
        "o, s.made[made].at, made)",
        "o, s.made[made].at + 1, made)",
        _TRIGGERS + "what_a_contact_gives_rise_to_may_speak_at_the_same_instant",
    ),
    _kernel(
        "our silence is not void when we speak again",
        "if row.trigger == BY_CONTACT_SILENCE:",
        "if False:",
        _TRIGGERS + "our_silence_is_void_as_soon_as_we_speak_again",
    ),
]

_TIME = [
    _kernel(
        "months do not clamp to the end of a shorter month",
        "counted // 12, counted % 12 + 1\n    return day_number(year, month, min(of_month, days_in_month(year, month)))",
        "counted // 12, counted % 12 + 1\n    return day_number(year, month, of_month)",
        _WINDOWS + "months_clamp_to_the_end_of_a_shorter_month",
    ),
    _kernel(
        "the 31st of a shorter month is a day of the next",
        "months // 12, months % 12 + 1\n    return day_number(year, month, min(of_month, days_in_month(year, month)))",
        "months // 12, months % 12 + 1\n    return day_number(year, month, of_month)",
        _TRIGGERS + "what_returns_comes_from_its_start_on",
    ),
    _kernel(
        "29 February falls on the other day",
        "p.house[0].leap_day_in_march == 1:",
        "p.house[0].leap_day_in_march == 0:",
        _WINDOWS + "the_29_february_falls_where_the_house_says_in_a_common_year",
    ),
    _kernel(
        "a date returns in its own year",
        "first_year = max(birth + 1,",
        "first_year = max(birth,",
        _WINDOWS + "a_date_returns_every_year_from_the_year_after_its_own",
    ),
    _kernel(
        "a period returns after the rule's end",
        "late = min((last - low) // DAY + 3, rule.ends) - shift",
        "late = (last - low) // DAY + 3 - shift",
        _WINDOWS + "a_period_returns_no_more_after_its_end",
    ),
    _kernel(
        "a time that the clock skips comes before the gap",
        "            at = max(at, k.change[after - 1])\n",
        "            pass\n",
        _MOMENTS + "a_time_of_day_that_is_skipped_means_the_first_instant_after_the_gap",
    ),
    _kernel(
        "a time in a gap that reaches midnight comes on the next day",
        "    if at < ends or time == DAY:\n",
        "    if True:\n",
        _MOMENTS + "a_time_of_day_in_a_gap_that_reaches_midnight_means_the_last_minute_before_it",
    ),
    _kernel(
        "a day that the zone skips has moments",
        "    if begins == ends:\n",
        "    if False:\n",
        _MOMENTS + "a_day_that_is_skipped_in_the_midst_of_a_window_has_no_moment",
    ),
    _kernel(
        "of a time that occurs twice the second is meant",
        "or at < k.change[after]:",
        "or max(at, shown - k.offset[after + z + 1]) < k.change[after]:",
        _MOMENTS + "a_time_of_day_that_occurs_twice_means_the_first",
    ),
    _kernel(
        "an evening's moment ends at midnight",
        "local_day(k, z, start - lateness) - 1",
        "local_day(k, z, start)",
        _MOMENTS + "a_moment_late_in_the_evening_reaches_over_midnight",
    ),
    _kernel(
        "a day's end is no moment of that day",
        "local_day(k, z, start - lateness) - 1",
        "local_day(k, z, start - lateness)",
        _MOMENTS + "the_end_of_a_day_is_a_moment_of_that_day",
    ),
    _kernel(
        "a calendar delay opens at the trigger's time of day",
        "opens = midnight(k, z, moved_day(p, k, country, delay, day, sign))",
        "opens = midnight(k, z, moved_day(p, k, country, delay, day, sign)) + trigger - midnight(k, z, day)",
        _WINDOWS + "a_calendar_delay_opens_at_the_midnight_that_begins_the_day",
    ),
    _kernel(
        "business days do not skip holidays",
        "if (day + 3) % 7 < 5 and not is_holiday(k, country, day):",
        "if (day + 3) % 7 < 5:",
        _WINDOWS + "business_days_skip_weekends_and_the_holidays_of_the_country",
    ),
    _kernel(
        "closed dates are open",
        "if k.closed[i] == day:",
        "if False:",
        _GATES + "nobody_is_contacted_on_a_closed_date",
    ),
    _kernel(
        "the spread is ignored",
        "shift = 0 if rule.spread == NONE else x.draws[rule.spread * len(x.customers) + c]",
        "shift = 0",
        _TRIGGERS + "a_spread_shifts_each_customer_by_their_own_days",
    ),
    _kernel(
        "the hours of another customer's clock are remembered",
        "    forget(s)\n",
        "",
        _WALK + "each_customers_hours_follow_their_own_clock",
    ),
]

_ORDER = [
    Fault(
        "the lower priority goes first",
        PROGRAM,
        "key=lambda rule: (-rule.priority,",
        "key=lambda rule: (rule.priority,",
        (_WALK + "a_higher_priority_goes_first",),
    ),
    Fault(
        "what serves us goes first",
        PROGRAM,
        "SERVES.index(rule.asks_for.serves), rule.name",
        "-SERVES.index(rule.asks_for.serves), rule.name",
        (_WALK + "what_serves_the_customer_goes_before_what_serves_both_and_that_before_us",),
    ),
    _kernel(
        "the later trigger goes first",
        "return s.occasions[a].trigger < s.occasions[b].trigger",
        "return s.occasions[a].trigger > s.occasions[b].trigger",
        _WALK + "of_one_rule_the_earlier_trigger_goes_first_then_the_anchor",
    ),
    _kernel(
        "the later anchor goes first",
        "x.events[one].rank < x.events[other].rank",
        "x.events[one].rank > x.events[other].rank",
        _WALK + "of_one_rule_the_earlier_trigger_goes_first_then_the_anchor",
    ),
    _kernel(
        "after a contact those before it in order are not asked again first",
        "i = 0  # those refused",
        "i += 0  # those refused",
        _WALK + "those_asked_again_after_a_contact_come_before_those_that_stand_behind_it",
    ),
    _kernel(
        "a new event does not wake those who wait",
        "(occasion.refused | 1 << UNTIL) != 0:",
        "(occasion.refused | 1 << UNTIL) != 0 and e == NONE:",
        _CONDITIONS + "a_condition_that_becomes_true_later_leads_to_a_contact_at_that_moment",
    ),
    _kernel(
        "a new event wakes those who wait for it, but does not end those it ends",
        "(occasion.refused | 1 << UNTIL) != 0:",
        "occasion.refused != 0:",
        _WAKING + "a_goal_reached_while_consent_is_missing_ends_it_at_that_moment",
    ),
    _kernel(
        "a new record of consent does not wake those who wait",
        "(occasion.refused | 1 << UNTIL) != 0:",
        "(occasion.refused | 1 << UNTIL) != 0 and e != NONE:",
        _GATES + "a_consent_that_comes_later_lets_the_contact_go_at_that_moment",
    ),
    Fault(
        "a new record of consent wakes only those whose first channel lacks it",
        PROGRAM,
        "elif gate.cause in CHANNEL_GATES:",
        "elif gate.cause is Cause.CONSENT:",
        (_WAKING + "consent_for_the_second_channel_lets_it_go_though_the_first_has_no_address",),
    ),
    Fault(
        "a newer event does not wake a silence that waits",
        PROGRAM,
        "yield {row.voided_by, *(",
        "yield {*(",
        (_GATES + "a_silence_that_waits_for_something_else_is_void_as_soon_as_another_event_comes",),
    ),
    Fault(
        "a delivery learned late does not wake an ask that waits for one",
        PROGRAM,
        "                yield {self._deliveries}\n",
        "                yield set()\n",
        (_WAKING + "an_ask_whose_newest_delivery_is_learned_late_waits_for_that_one",),
    ),
    _kernel(
        "a gift does not wake an ask that waits for one",
        "opens = rule.contact_gates | (",
        "opens = rule.contact_gates & (",
        _WAKING + "an_ask_that_waits_for_a_gift_speaks_on_the_day_after_it",
    ),
    _kernel(
        "what is too late later than it is asked is never so",
        "s.due[i] = min(occasion.next, max(occasion.closes, occasion.known))",
        "s.due[i] = occasion.next",
        _WALK + "too_late_names_what_refused_at_the_last_instant_inside_the_send_hours",
    ),
    _kernel(
        "a contact does not wake those who wait for it",
        "if occasion.next > t and (ends or",
        "if occasion.next > t and (ends and",
        _WALK + "after_a_contact_those_refused_at_this_instant_are_asked_again",
    ),
    _kernel(
        "a contact does not end at once what it forbids",
        "if occasion.next > t and (ends or",
        "if occasion.next > t and (False or",
        _WALK + "a_contact_ends_at_once_what_it_forbids_though_that_waits_for_something_else",
    ),
    _kernel(
        "an occasion that is too late is asked why outside the hours",
        "t = last_moment(p, k, x, s, c, o, before, True)",
        "t = last_moment(p, k, x, s, c, o, before, False)",
        _WALK + "too_late_names_what_refused_at_the_last_instant_inside_the_send_hours",
    ),
    _kernel(
        "an occasion that is too late is asked why a day too early",
        "    day = local_day(k, z, before - 1)\n",
        "    day = local_day(k, z, before - 1) - 1\n",
        _WALK + "too_late_names_what_refused_at_the_last_instant_inside_the_send_hours",
    ),
]

_ON_ITS_WAY = [
    Fault(
        "no revision fence: a new fact does not stop the mark",
        OUTBOX,
        "if present.get(row.customer) != revisions[row.key]:",
        "if False:",
        (_OUTBOX + "a_withdrawal_before_the_mark_stops_the_message[sqlite]",),
    ),
    Fault(
        "what is marked can be marked again",
        OUTBOX,
        "if row.state not in OUTGOING:",
        "if False:",
        (_OUTBOX + "what_is_marked_cannot_be_marked_again[sqlite]",),
    ),
    Fault(
        "who has lost the lease still marks",
        OUTBOX,
        "if lease is not None:",
        "if False:",
        (_OUTBOX + "who_has_lost_the_lease_marks_nothing[sqlite]",),
    ),
    Fault(
        "no fence of the rules: what was asked by others leaves",
        OUTBOX,
        "if rules is not None and _active_rules(connection) != rules:",
        "if False:",
        (_FENCES + "a_rule_that_is_removed_in_the_midst_sends_no_more",),
    ),
    Fault(
        "no fence of the holds: they wait for the next batch",
        OUTBOX,
        "elif holds.is_held(row.rule, row.channel, held_back):",
        "elif False:",
        (_FENCES + "a_hold_in_the_midst_stops_at_the_next_mark[all]",),
    ),
    Fault(
        "what is held is claimed",
        OUTBOX,
        " AND NOT EXISTS {holds.HELD}",
        "",
        (_OUTBOX + "what_is_held_is_not_claimed_until_it_is_released[sqlite-rule:thanks]",),
    ),
    Fault(
        "who has lost the lease still writes outcomes",
        OUTBOX,
        "return row.sender == sender",
        "return True",
        (_OUTBOX + "who_has_lost_the_lease_says_nothing_of_what_another_one_is_sending[sqlite-2]",),
    ),
    Fault(
        "an earlier attempt speaks for a later one",
        OUTBOX,
        " or outcome.attempt not in (None, row.attempts):",
        ":",
        (_OUTBOX + "an_outcome_of_an_earlier_attempt_is_refused[sqlite]",),
    ),
    Fault(
        "what may have broken its worker is claimed among others",
        OUTBOX,
        'for breaks in ("breaks = 0", "breaks > 0")',
        'for breaks in ("breaks >= 0", "breaks > 0")',
        (_OUTBOX + "what_may_have_broken_its_worker_is_claimed_last_and_alone[sqlite]",),
    ),
    Fault(
        "what was given back counts as broken",
        SENDING,
        "    if tried:\n        outbox.give_back(worker.lease, now)\n",
        "",
        (_POISON + "what_a_worker_gives_back_when_it_is_stopped_has_not_broken_it",),
    ),
    Fault(
        "what another one has claimed is claimed too",
        OUTBOX,
        " AND sender IN ('', :sender)",
        "",
        (_OUTBOX + "a_claim_is_nobody_elses_while_its_lease_lives[sqlite]",),
    ),
    Fault(
        "what was being sent when the process ended is sent again",
        OUTBOX,
        "SET state = 'unconfirmed', error = :error, next_at = NULL",
        "SET state = 'retry', error = :error, next_at = :now",
        (_CRASHES + "what_was_being_sent_is_unconfirmed_and_never_sent_again",),
    ),
    Fault(
        "a decision is written though something new came",
        LEDGER,
        "row.state != decided.was or revisions.get(row.customer) != decided.revision",
        "row.state != decided.was",
        (_LEDGER + "a_decision_from_old_facts_is_not_written[sqlite]",),
    ),
    Fault(
        "the gates are not asked again before sending",
        SENDING,
        "if not self._just_asked(row, customers[row.customer], now)]",
        "if False]",
        (_SENDING + "consent_withdrawn_just_before_the_mark_stops_the_message",),
    ),
    Fault(
        "the gates are not asked again though something new came",
        SENDING,
        "            and row.revision == customer.revision\n",
        "",
        (_SENDING + "consent_withdrawn_just_before_the_mark_stops_the_message",),
    ),
    Fault(
        "the gates are not asked again though time has passed",
        SENDING,
        "            and row.decided_for == now\n",
        "",
        (_SENDING + "after_a_hold_the_backlog_does_not_burst",),
    ),
    Fault(
        "contacts of one instant speak against each other",
        GATES_AGAIN,
        "    if doubted:\n",
        "    if False:\n",
        (_SENDING + "contacts_of_one_instant_do_not_speak_against_each_other",),
    ),
    Fault(
        "a backlog bursts",
        SENDING,
        "            late.add(row.customer)\n",
        "",
        (_SENDING + "after_a_hold_the_backlog_does_not_burst",),
    ),
    Fault(
        "seconds of delay add up",
        DECIDING,
        "oldest if now - oldest < ON_TIME else now",
        "now",
        (_DECIDING + "seconds_of_delay_do_not_count",),
    ),
    Fault(
        "what comes late is decided as of when it was due",
        DECIDING,
        "oldest if now - oldest < ON_TIME else now",
        "oldest",
        (_DECIDING + "after_a_week_without_the_daemon_what_is_too_late_ends_and_the_cap_holds",),
    ),
    Fault(
        "a fact that lies ahead is not waited for",
        DECIDING,
        "return at if next_fact is None else min(at, next_fact)",
        "return at",
        (_DECIDING + "a_fact_that_lies_ahead_is_waited_for",),
    ),
]

_SHARED = [
    Fault(
        "what is another worker's is taken too",
        SHARES,
        "if slice_ not in taken]",
        "]",
        (_SHARES + "a_new_worker_waits_until_others_have_made_room[postgresql]",),
    ),
    Fault(
        "the dead are inherited and not expelled",
        SHARES,
        "for one in dead:",
        "for one in ():",
        (_SHARES + "who_was_expelled_claims_and_marks_nothing_and_what_it_was_sending_is_uncertain[postgresql]",),
    ),
    Fault(
        "customers are given up while one of their messages is being sent",
        SHARES,
        "if spare and connection.execute(_UNDER_WAY",
        "if False and connection.execute(_UNDER_WAY",
        (_SHARES + "nothing_is_given_up_while_a_message_of_it_is_being_sent[postgresql]",),
    ),
    Fault(
        "customers are given up before it is written what became of their messages",
        "scheduler/delivery/worker.py",
        "        if self.unwritten:\n            return  # others",
        "        if False:\n            return  # others",
        (_SHARING + "what_became_of_messages_is_written_before_their_customers_are_given_up[postgresql]",),
    ),
    Fault(
        "a new worker waits until all is sent",
        SENDING,
        "worker.unsettled or stopping()",
        "stopping()",
        (_SHARING + "a_sign_of_life_shows_that_another_one_came_and_the_tick_ends_between_two_batches[postgresql]",),
    ),
]

FAULTS = (
    *_SHARED,
    *_GATES_OFF,
    *_GATES_INVERTED,
    *_EDGES,
    *_FACTS,
    *_CONTACTS,
    *_TIME,
    *_ORDER,
    *_ON_ITS_WAY,
)
