"""What has gone wrong with trading daemons, and the tests that show that it does not go wrong here.

A row names its tests, or says why there can be none. What is not shown yet, or only in a part, stands in `OPEN` with
the scenario that is missing. docs/reliability.md is drawn from this: `python -m scripts.render_reliability --write`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

GROUPS: Final[Mapping[str, str]] = {
    "A": "Orders that may have been sent",
    "B": "Fills and execution reports",
    "C": "Cancels and amendments",
    "D": "Positions, restarts and other hands on the account",
    "E": "Money that does not come out even",
    "F": "Market data",
    "G": "Time",
    "H": "Limits of the venue",
    "I": "Process, host and storage",
    "J": "Controls",
    "K": "Security",
}

INVARIANTS: Final[Mapping[int, str]] = {
    1: "every intent comes to one end, or is an open alarm",
    2: "at most one order at the venue for an attempt, and one that lives or fills for an intent",
    3: "no intent is traded beyond its quantity, whatever it is amended to",
    4: "an end cites the venue or a refusal of our own, never a timer",
    5: "limits count at least what may have been bought",
    6: "nothing is sent that is not durable first, and no table that is lost changes a decision",
    7: "ids of the wire never repeat",
    8: "an order's state goes forward, and late or repeated reports are absorbed",
    9: "each execution counts once, by whatever way and however often it is heard",
    10: "what the venue tells when it is asked is in the books soon, though every push was lost",
    11: "a cancel or an amendment takes no fill away",
    12: "books add up, and differ from the account by nothing that is not named",
    13: "a strategy sees books that include what it is told",
    14: "after a halt or a trip nothing leaves but what reduces and cancels",
    15: "reduce-only never adds to a position nor turns it round",
    16: "a position has the protection that it should have, or there is an alarm",
    17: "orders and positions of others are not touched, and are nobody's",
    18: "positions of all strategies and what is nobody's are the venue's",
    19: "an answer that is missing, partial or old changes nothing",
    20: "whose a fill is follows from the journal alone",
    21: "orders that leave are those that were approved",
    22: "nobody spends what another was given",
    23: "paper is kept as live is: a restart changes no order, balance or place in the queue",
    24: "orders fit the venue's steps, rounding never adds risk, and dust is not tried again",
    25: "nothing is priced from data that is broken",
    26: "data that falls silent is noticed by stream, and gates what needs it",
    27: "no loop without an end: attempts are counted and then told",
    28: "a word that is not understood is kept, and stops nothing",
    29: "the account's mode is the declared one, or nothing is sent",
    30: "one writer for a state and an account",
    31: "one container, listener or log holds up no other, and every queue has a bound",
    32: "deadlines are kept by a clock that does not step",
    33: "sessions are of the venue's zone, the same on every host",
    34: "all processes are of one build and one config",
    35: "a key that is not known is an error, and live needs two signals",
    36: "the venue's budget of requests is kept",
    37: "after any crash what was acknowledged is there, or the start is refused; a failed sync is final",
    38: "every task has an owner who notices its death",
    39: "memory does not grow with time",
    40: "a breaker trips on fresh facts, and no wider than the risk is",
    41: "paper reaches nothing that takes orders",
    42: "no secret is anywhere but where it is kept",
    43: "whoever asks is known, and no page of another site can ask",
    44: "nothing from outside is run, and no path leads out of its folder",
    45: "what is installed is what was locked",
}
"""What must hold, whatever happens."""


class Fault(NamedTuple):
    """One way to lose money, state or sleep. `reason` says why no test can show anything."""

    id: str
    title: str
    invariants: tuple[int, ...]
    tests: tuple[str, ...] = ()
    reason: str = ""

    @property
    def group(self) -> str:
        """The letter of its group."""
        return next(letter for letter, first in reversed(_FIRST.items()) if int(self.id[1:]) >= first)


_FIRST: Final = {"A": 1, "B": 16, "C": 36, "D": 46, "E": 62, "F": 68, "G": 78, "H": 84, "I": 88, "J": 99, "K": 106}
"""The number of each group's first fault."""

_REPORTS = "tests/faults/test_reports.py::"
_CANCELS = "tests/faults/test_cancels.py::"
_POSITIONS = "tests/faults/test_positions.py::"
_MONEY = "tests/faults/test_money.py::"
_TIME = "tests/faults/test_time.py::"
_STORAGE = "tests/faults/test_storage.py::"
_TABLES = "tests/faults/test_tables.py::"
_LOG = "tests/faults/test_log.py::"
_PROCESS = "tests/faults/test_process.py::"
_CONTROLS = "tests/faults/test_controls.py::"
_SECURITY = "tests/faults/test_security.py::"
_EXECUTION = "tests/faults/test_execution.py::"
_SUBMITS = "tests/faults/test_submits.py::"
_RECOVERY = "tests/simulation/test_recovery.py::"
_CRASHES = "tests/simulation/test_journal_crashes.py::"
_LIVE_FEED = "tests/unit/test_live_connections.py::"

_SESSION = "tests/unit/test_venue_session.py::"
_BROKER = "tests/unit/test_plain_broker.py::"
_RECONCILED = "tests/unit/test_reconciliation.py::"
_COURIER = "tests/unit/test_courier.py::"
_FEEDS = "tests/simulation/test_feed_faults.py::"
_STALE = "tests/simulation/test_stale_feeds.py::"
_LIVE_ORDERS = "tests/acceptance/test_live_orders.py::"
_BREAKERS = "tests/unit/test_router_breakers.py::"
_AGREED = "tests/acceptance/test_reconciliation.py::"

_TAPED_SUBMITS = "tests/tapes/test_submits.py::"
_TAPED_FILLS = "tests/tapes/test_fills.py::"
_TAPED_CHANGES = "tests/tapes/test_changes.py::"
_TAPED_LINES = "tests/tapes/test_lines.py::"
_TAPED_POSITIONS = "tests/tapes/test_positions.py::"

FAULTS: Final[tuple[Fault, ...]] = (
    # A. Orders that may have been sent.
    Fault(
        "F01",
        "A time-out is counted as a failure, and orders pile up at the venue",
        (1, 2),
        (_TAPED_SUBMITS + "test_a_strategy_that_ticks_while_its_order_is_not_answered_gets_one_order",),
    ),
    Fault(
        "F02",
        "The transport sends a placement again after it has waited for the answer",
        (2,),
        (
            _BROKER + "test_what_breaks_is_not_sent_again",
            _SESSION + "test_a_refusal_that_says_the_id_is_in_use_proves_nothing",
            _TAPED_SUBMITS + "test_a_request_that_arrives_twice_is_one_order_where_ids_count_once",
            _TAPED_SUBMITS
            + "test_a_request_that_arrives_twice_is_two_orders_where_an_id_is_free_again_and_both_are_booked_and_told",
        ),
    ),
    Fault(
        "F03",
        "An order lands after its time-out, and nobody has the venue's id of it",
        (1,),
        (
            _SESSION + "test_an_answer_that_is_lost_leaves_an_order_unknown_until_it_is_found",
            _TAPED_SUBMITS + "test_an_order_that_lands_after_its_timeout_is_found_and_counts_once",
            _TAPED_SUBMITS + "test_an_order_that_comes_too_late_is_refused_by_its_stamp_and_shown_to_be_absent",
        ),
    ),
    Fault(
        "F04",
        "The venue answers a placement with an error of its own, before or after it has taken it",
        (1, 2),
        (
            _BROKER + "test_without_an_answer_that_says_so_nothing_is_known",
            _TAPED_SUBMITS + "test_an_error_of_the_server_is_no_answer_whether_it_took_the_order_or_not",
        ),
    ),
    Fault(
        "F05",
        "An order whose fate is not known is taken for rejected, and fills",
        (4, 5),
        (
            _SESSION + "test_no_time_ends_an_order_in_doubt_and_later_evidence_does",
            _SESSION + "test_absence_is_proven_by_two_queries_after_the_bound_the_executions_and_the_account",
            _TAPED_SUBMITS
            + "test_an_order_of_which_nobody_answers_for_ten_minutes_is_never_rejected_and_its_fill_is_booked",
        ),
    ),
    Fault(
        "F06",
        "The venue has taken an order, and a table cannot be written: the order is forgotten",
        (6,),
        (
            _TABLES + "test_tables_that_fail_at_any_statement_change_no_decision",
            _TABLES + "test_what_fails_for_good_is_an_alarm_and_what_comes_back_has_missed_nothing",
        ),
    ),
    Fault(
        "F07",
        "The process ends between the venue's acceptance and its own record of it",
        (1, 6),
        (
            _RECOVERY + "test_a_killed_life_is_taken_up_where_it_was",
            "tests/unit/test_lockstep.py::test_nothing_leaves_before_it_is_durable",
            _SESSION + "test_what_was_on_its_way_when_a_life_ended_is_unknown_in_the_next",
            _TAPED_POSITIONS + "test_an_order_of_which_only_its_intent_was_written_is_taken_up_again",
            _TAPED_SUBMITS + "test_wherever_a_process_dies_around_a_send_the_order_is_there_once_or_not_at_all",
        ),
    ),
    Fault(
        "F08",
        "Ids that are drawn by lot, or from the time, collide",
        (7,),
        (
            _SUBMITS + "test_no_id_comes_twice_over_starts_that_fall_into_one_millisecond_or_before_the_last",
            _SUBMITS + "test_an_order_id_that_comes_again_is_not_sent_and_ends_whoever_gave_it",
            "tests/unit/test_ids.py::test_no_id_repeats_over_strategies_and_starts",
            "tests/unit/test_ids.py::test_two_strategies_whose_tags_collide_can_be_told_beforehand",
            _TAPED_SUBMITS + "test_no_id_is_given_twice_by_lives_that_die_at_every_order",
        ),
    ),
    Fault(
        "F09",
        "Ids are counted by the orders that are kept, and come again once those are purged",
        (7,),
        (
            _POSITIONS + "test_no_order_id_comes_again_when_everything_about_old_orders_is_forgotten",
            _POSITIONS + "test_ids_go_on_where_they_were_though_the_tables_are_purged_between_lives",
            _TAPED_SUBMITS + "test_no_id_is_given_twice_by_lives_that_die_at_every_order",
        ),
    ),
    Fault(
        "F10",
        "The venue sets its sequence of ids back, and new orders inherit the events of lost ones",
        (7, 8),
        (_TAPED_SUBMITS + "test_ids_that_the_venue_gives_again_mislead_nobody",),
    ),
    Fault(
        "F11",
        "After a stop a reconnect sends the orders that waited",
        (14,),
        (
            _COURIER + "test_from_the_halt_flag_on_no_opening_order_leaves_and_cancels_and_reducing_orders_do",
            _COURIER + "test_what_waits_for_its_turn_is_held_against_what_has_come_by_then",
            "tests/unit/test_router_breakers.py"
            "::test_what_was_let_pass_and_has_not_left_yet_is_held_back_once_a_breaker_is_open",
            _TAPED_SUBMITS + "test_what_waits_to_leave_as_trading_is_halted_does_not_leave",
            _TAPED_SUBMITS + "test_an_outage_is_healed_after_a_stop_and_no_order_leaves_by_that",
        ),
    ),
    Fault(
        "F12",
        "Two instances trade on one account, or on copies of one state",
        (30,),
        (
            _POSITIONS + "test_a_second_instance_on_the_same_state_is_refused_and_sends_nothing",
            _POSITIONS + "test_an_instance_on_a_copied_state_never_gives_an_id_that_the_other_gave",
            _POSITIONS + "test_an_older_clock_than_the_last_start_is_refused",
            "tests/unit/test_disk.py::test_a_lock_file_that_somebody_removed_still_keeps_a_second_daemon_out",
            _LIVE_ORDERS + "test_a_second_daemon_for_the_same_account_cannot_start_on_this_host",
            _SESSION + "test_an_order_of_a_later_life_than_this_one_is_another_daemons",
            _TAPED_SUBMITS + "test_an_order_of_a_daemon_that_began_later_is_told_as_another_daemons",
        ),
    ),
    Fault(
        "F13",
        "An order takes longer than a tick, and the next tick places it again",
        (2,),
        (
            _SUBMITS + "test_an_order_that_is_not_acknowledged_yet_is_not_placed_again_at_the_next_tick",
            _TAPED_SUBMITS + "test_a_strategy_that_ticks_while_its_order_is_not_answered_gets_one_order",
        ),
    ),
    Fault(
        "F14",
        "A cancel that fails is read as an order that never was, and the position is bought again",
        (2, 11),
        (
            _CANCELS + "test_a_cancel_that_comes_too_late_buys_nothing_a_second_time",
            _SESSION + "test_a_cancel_that_is_refused_as_unknown_is_no_word_about_the_order",
            _TAPED_SUBMITS + "test_an_order_that_fills_as_it_is_cancelled_is_not_bought_again",
        ),
    ),
    Fault(
        "F15",
        "A layer above tries again what may have been done, under no key that tells",
        (2,),
        (_TAPED_SUBMITS + "test_the_same_order_again_is_refused_while_nobody_knows_what_became_of_the_first",),
    ),
    # B. Fills and execution reports.
    Fault(
        "F16",
        "A fill, or a cancel, comes before the acknowledgement",
        (8, 9),
        (
            _REPORTS + "test_a_fill_that_comes_before_its_acknowledgement_is_not_undone_by_it",
            _REPORTS + "test_a_cancel_that_comes_before_the_acknowledgement_ends_the_order",
            _REPORTS + "test_acknowledgement_and_fills_may_come_in_any_order_and_twice",
            _TAPED_FILLS + "test_a_fill_may_come_before_its_order_is_known_to_be_there",
        ),
    ),
    Fault(
        "F17",
        "A fill is dropped because the venue's id of its order is not known yet",
        (9,),
        (
            "tests/unit/test_router.py::test_a_fill_of_an_order_that_the_router_does_not_know_is_booked_to_the_strategy_it_names",
            _SESSION + "test_a_fill_may_come_before_the_answer_and_the_answer_is_late_then",
            _TAPED_FILLS + "test_a_fill_of_a_venues_id_that_is_not_known_is_booked_by_ours",
        ),
    ),
    Fault(
        "F18",
        "Fills that come while the connection counts as lost are dropped, and never asked for",
        (9, 10),
        (
            _SESSION + "test_nothing_is_opened_while_the_stream_is_down_and_all_is_read_when_it_is_up",
            _SESSION + "test_a_fill_of_which_every_push_was_lost_is_booked_by_the_next_listing",
            _TAPED_FILLS + "test_what_fills_while_the_line_is_down_is_booked_when_it_is_up",
        ),
    ),
    Fault(
        "F19",
        "One fill is lost on a stream that seems well, and a position is closed for ever",
        (10, 15),
        (
            _BROKER + "test_a_frame_that_is_missing_is_told_as_a_gap",
            _SESSION + "test_a_fill_of_which_every_push_was_lost_is_booked_by_the_next_listing",
            _TAPED_FILLS + "test_one_fill_that_is_lost_on_a_healthy_stream_is_booked_within_half_a_minute",
        ),
    ),
    Fault(
        "F20",
        "The stream of orders stands still while its connection is open",
        (10, 26),
        (
            _BROKER + "test_a_stream_that_is_silent_is_down_and_opened_again",
            _TAPED_FILLS + "test_a_stream_that_hangs_with_its_connection_open_delays_a_fill_and_loses_none",
        ),
    ),
    Fault(
        "F21",
        "A fill is booked again after a restart",
        (9, 12),
        (
            _RECOVERY + "test_a_killed_life_is_taken_up_where_it_was",
            _RECOVERY + "test_any_number_of_lives_make_one_run",
            _POSITIONS + "test_recovering_again_and_again_moves_nothing",
            _SESSION + "test_a_fill_counts_once_whichever_way_and_however_often_it_is_told",
            _TAPED_FILLS + "test_a_process_that_dies_while_it_books_books_once",
        ),
    ),
    Fault(
        "F22",
        "A trade's id that comes again ends the daemon; one that is two executions is booked as one",
        (9,),
        (
            _REPORTS + "test_an_execution_that_is_heard_again_after_a_restart_does_not_count_and_does_not_abort",
            _REPORTS + "test_a_flip_that_the_venue_tells_as_two_legs_of_one_trade_is_booked_whole",
            "tests/unit/test_orders.py::test_two_orders_may_have_fills_of_one_execution_id",
            _TAPED_FILLS + "test_a_fill_that_is_pushed_twice_counts_once",
            _TAPED_FILLS + "test_one_trade_id_that_is_two_executions_counts_twice",
        ),
    ),
    Fault(
        "F23",
        "A fill that was inferred counts beside the one that it stood for",
        (9, 12),
        (
            _REPORTS + "test_what_is_known_by_its_sum_alone_gives_way_to_the_executions_behind_it",
            _RECONCILED + "test_a_fill_that_comes_after_its_difference_was_booked_takes_its_place",
            _RECONCILED + "test_a_fill_between_them_is_what_it_was",
            _TAPED_FILLS + "test_what_is_told_as_a_sum_gives_way_to_its_executions",
            _TAPED_FILLS + "test_a_sum_and_a_fill_that_is_still_in_flight_are_not_both_counted",
        ),
    ),
    Fault(
        "F24",
        "The venue tells the whole day's trades again after a reconnect",
        (9,),
        (
            _REPORTS + "test_a_days_fills_told_again_after_a_reconnect_change_nothing",
            _SESSION + "test_a_fill_counts_once_whichever_way_and_however_often_it_is_told",
            _TAPED_FILLS + "test_a_whole_day_that_is_told_again_changes_nothing",
        ),
    ),
    Fault(
        "F25",
        "A trade is booked by the stream and by the poll",
        (9,),
        (
            _REPORTS + "test_a_fill_that_comes_on_two_paths_counts_once_whichever_is_first",
            _TAPED_FILLS + "test_a_fill_that_a_listing_tells_first_counts_once_when_it_is_pushed",
        ),
    ),
    Fault(
        "F26",
        "An older status overwrites a newer one, or is told after the end",
        (8,),
        (
            _REPORTS + "test_an_older_word_that_comes_late_reopens_nothing_and_is_not_passed_on_as_news",
            "tests/properties/test_order_properties.py::test_a_final_state_is_left_only_for_filled_and_filled_only_by_a_bust",
            _TAPED_CHANGES + "test_old_terms_that_are_pushed_after_new_ones_are_not_taken_for_newer",
            _TAPED_FILLS + "test_what_is_older_than_the_end_changes_nothing",
        ),
    ),
    Fault(
        "F27",
        "Ids of trades are taken to grow over all symbols, and some are skipped",
        (9,),
        (
            _REPORTS + "test_execution_ids_need_not_grow",
            _TAPED_FILLS + "test_trade_ids_that_do_not_grow_over_symbols_skip_no_fill",
        ),
    ),
    Fault(
        "F28",
        "The answer to a request and the stream tell the same in no fixed order",
        (8,),
        (
            _REPORTS + "test_acknowledgement_and_fills_may_come_in_any_order_and_twice",
            "tests/properties/test_order_properties.py::test_no_story_of_reports_is_an_error_once_an_order_is_routed",
            _TAPED_FILLS + "test_a_fill_may_come_before_its_order_is_known_to_be_there",
        ),
    ),
    Fault(
        "F29",
        "A list of open orders is older than the stream, and says that nothing has filled",
        (8, 12),
        (
            _SESSION + "test_a_status_that_says_less_than_is_known_is_stale",
            _TAPED_FILLS + "test_a_list_of_orders_that_is_behind_takes_nothing_back",
        ),
    ),
    Fault(
        "F30",
        "After a gap only the sum of what has filled is told, and its average",
        (9, 12),
        (
            _REPORTS + "test_what_is_known_by_its_sum_alone_gives_way_to_the_executions_behind_it",
            _SESSION + "test_what_is_only_told_as_a_sum_is_booked_as_one_and_gives_way_to_its_executions",
            _TAPED_FILLS + "test_what_is_told_as_a_sum_gives_way_to_its_executions",
        ),
    ),
    Fault(
        "F31",
        "A new word of the venue breaks its reader, and the message is lost",
        (28,),
        (
            _SESSION + "test_a_status_that_is_not_readable_puts_an_order_in_doubt_and_asks",
            _BROKER + "test_a_status_that_is_not_known_is_unreadable_and_kept",
            _BROKER + "test_no_frame_and_no_answer_can_break_its_reader",
            _TAPED_FILLS + "test_words_that_are_not_known_stop_nothing_and_lose_nothing",
            _TAPED_FILLS + "test_a_status_that_is_not_known_puts_the_order_in_doubt_until_it_is_asked_for",
        ),
    ),
    Fault(
        "F32",
        "A fill of nothing",
        (8,),
        (
            _REPORTS + "test_a_fill_of_nothing_while_a_cancel_is_under_way_changes_nothing",
            "tests/unit/test_orders.py::test_a_fill_of_nothing_changes_nothing",
            _TAPED_FILLS + "test_a_fill_of_nothing_is_nothing",
        ),
    ),
    Fault(
        "F33",
        "A trade is annulled or corrected, perhaps before it is heard of",
        (12,),
        (
            _REPORTS + "test_a_bust_that_overtakes_its_fill_leaves_what_was_corrected",
            _REPORTS + "test_a_trade_that_is_annulled_leaves_the_books_as_if_it_had_never_been",
            "tests/unit/test_router.py::test_a_bust_takes_the_fill_out_of_the_book_once",
            _TAPED_FILLS + "test_a_fill_that_is_annulled_is_taken_back_and_its_order_is_over_as_the_venue_says",
            _TAPED_FILLS + "test_a_fill_that_is_annulled_before_it_is_heard_of_never_counts",
            _TAPED_FILLS + "test_a_bust_that_nobody_was_told_of_shows_in_the_account_and_is_nobodys",
        ),
    ),
    Fault(
        "F34",
        "A strategy that is told of a fill reads the position from before it",
        (13,),
        (
            _REPORTS + "test_a_strategy_that_hears_of_a_fill_sees_it_in_position_cash_and_order",
            "tests/unit/test_container.py::test_a_fill_is_booked_before_the_strategy_hears_of_it_and_then_of_the_order",
            _TAPED_FILLS + "test_a_strategy_that_hears_of_a_fill_has_it_in_its_books",
        ),
    ),
    Fault(
        "F35",
        "A fill is swallowed by an amendment that is under way",
        (9,),
        (
            _REPORTS + "test_a_fill_while_an_amendment_is_under_way_is_booked_whatever_is_answered",
            _TAPED_CHANGES + "test_an_amendment_that_an_order_outran_by_filling_is_over_with_it",
            _TAPED_FILLS + "test_a_fill_while_an_amendment_is_under_way_is_not_swallowed_by_it",
        ),
    ),
    # C. Cancels and amendments.
    Fault(
        "F36",
        "A cancel fails because the order has filled, and the trade is closed as if it had not",
        (11,),
        (
            _CANCELS + "test_a_cancel_that_comes_too_late_buys_nothing_a_second_time",
            _SESSION + "test_a_cancel_that_is_refused_as_unknown_is_no_word_about_the_order",
            _SESSION + "test_an_order_that_ended_with_more_filled_than_heard_of_ends_once_its_fills_are_here",
            _TAPED_CHANGES + "test_a_cancel_that_fails_as_the_order_has_filled_leaves_the_position_there_is",
        ),
    ),
    Fault(
        "F37",
        "After a cancel the venue still shows the order, and a stop is placed for what is not there",
        (11, 15),
        (_TAPED_CHANGES + "test_a_list_that_still_shows_what_was_cancelled_brings_nothing_back",),
    ),
    Fault(
        "F38",
        "An order is reported as cancelled, and then fills",
        (9, 11),
        (
            _CANCELS + "test_what_fills_after_it_was_reported_cancelled_is_booked_and_worked_off_from_there",
            "tests/unit/test_orders.py::test_a_fill_after_the_cancel_counts_and_leaves_the_order_cancelled",
            _TAPED_CHANGES + "test_what_fills_after_it_was_told_to_be_cancelled_is_booked",
        ),
    ),
    Fault(
        "F39",
        "A part fills and the rest does not: exits and stops have the wrong size",
        (11, 16),
        (
            _CANCELS + "test_exits_of_an_entry_that_filled_in_part_are_of_that_part",
            "tests/properties/test_bracket_laws.py::test_exits_never_trade_more_than_their_parent_and_nothing_of_a_bracket_outlives_it",
            _TAPED_CHANGES + "test_what_is_left_of_a_part_is_cancelled_and_the_part_stays",
            _TAPED_CHANGES + "test_an_order_that_filled_in_part_and_was_forgotten_keeps_its_part",
        ),
    ),
    Fault(
        "F40",
        "An amendment is another order to the venue, and the old one fills meanwhile: too much is bought",
        (3, 11),
        (
            _CANCELS + "test_what_fills_before_an_amendment_arrives_is_part_of_what_it_asks_for",
            _CANCELS + "test_an_amendment_to_less_than_has_filled_by_then_ends_the_order",
            "tests/unit/test_orders.py::test_an_amendment_counts_as_the_larger_until_it_is_answered",
            _TAPED_CHANGES + "test_an_order_that_fills_as_it_is_amended_is_never_larger_than_was_asked_for",
            _TAPED_CHANGES + "test_an_amendment_of_which_nobody_heard_is_settled_by_the_terms_that_the_venue_has",
            _TAPED_CHANGES + "test_old_terms_that_are_pushed_after_new_ones_are_not_taken_for_newer",
        ),
    ),
    Fault(
        "F41",
        "Cancels and questions about an order that the venue has forgotten, without end",
        (27,),
        (
            _SESSION + "test_an_order_that_the_venue_has_lost_is_over_once_that_is_proven",
            _SESSION + "test_an_account_that_is_not_explained_proves_nothing_and_the_order_is_quarantined",
            _TAPED_CHANGES
            + "test_an_order_that_the_venue_has_forgotten_is_gone_once_that_is_shown_and_not_asked_for_for_ever",
            _TAPED_CHANGES + "test_an_order_that_filled_in_part_and_was_forgotten_keeps_its_part",
            _TAPED_CHANGES + "test_a_cancel_that_is_never_answered_is_sent_five_times_and_then_told",
        ),
    ),
    Fault(
        "F42",
        "A cancel that is refused as unknown brings an order back that is not there",
        (8,),
        (
            _SESSION + "test_a_cancel_that_is_refused_as_unknown_is_no_word_about_the_order",
            _TAPED_CHANGES + "test_a_cancel_that_is_refused_says_nothing_of_the_order_but_that_it_is_to_be_asked_for",
        ),
    ),
    Fault(
        "F43",
        "Orders whose cancel was lost fill hours later",
        (2, 16),
        (
            _SESSION + "test_a_cancel_that_is_lost_is_sent_again_but_not_for_ever",
            _SESSION + "test_an_order_that_is_over_and_works_at_the_venue_is_cancelled_there",
            _TAPED_SUBMITS + "test_a_cancel_that_is_lost_is_sent_until_the_order_is_gone",
        ),
    ),
    Fault(
        "F44",
        "A cancel of everything takes orders of others along",
        (17,),
        (
            _SESSION + "test_what_is_no_strategys_goes_to_unallocated_and_is_told",
            _BROKER + "test_the_canceller_cancels_ours_and_nothing_else",
            _TAPED_CHANGES + "test_orders_of_others_are_left_alone_whatever_of_ours_is_cancelled",
        ),
    ),
    Fault(
        "F45",
        "An order that timed out is deleted, and lives",
        (6,),
        (
            _TAPED_CHANGES + "test_an_amendment_of_which_nobody_heard_is_settled_by_the_terms_that_the_venue_has",
            _TAPED_SUBMITS + "test_an_order_whose_amendment_timed_out_is_still_known_when_it_fills",
        ),
    ),
    # D. Positions, restarts and other hands on the account.
    Fault(
        "F46",
        "After a restart the position differs, and is traded as if it were flat",
        (18, 19),
        (
            _RECONCILED + "test_a_life_with_a_past_is_to_be_reconciled_anew_and_differences_are_trouble",
            _SESSION + "test_an_adopted_order_whose_executions_are_too_old_to_be_listed_is_booked_as_a_sum",
            _TAPED_POSITIONS + "test_a_position_that_no_execution_explains_is_nobodys_and_not_traded_as_flat",
        ),
    ),
    Fault(
        "F47",
        "The comparison with the venue never comes to an end",
        (27,),
        (
            _RECONCILED + "test_one_that_comes_again_and_again_is_left_as_an_alarm",
            _TAPED_POSITIONS
            + "test_a_venue_that_says_flat_for_minutes_brings_the_books_to_that_and_back_and_asks_no_more_often",
        ),
    ),
    Fault(
        "F48",
        "An answer that failed is read as a flat account",
        (19,),
        (
            _RECONCILED + "test_a_reading_that_cannot_be_used_changes_nothing",
            _TAPED_POSITIONS + "test_a_reading_that_failed_or_is_a_part_changes_nothing",
        ),
    ),
    Fault(
        "F49",
        "A fill that is recovered goes to the wrong strategy, now this one, now that",
        (20,),
        (
            _POSITIONS + "test_every_fill_has_the_same_owner_after_twenty_restarts",
            _POSITIONS + "test_recovering_again_and_again_moves_nothing",
            _TAPED_POSITIONS + "test_fills_have_the_same_owners_however_often_everything_begins_anew",
        ),
    ),
    Fault(
        "F50",
        "A stop is executed at the venue under another id, and counts as waiting here",
        (10, 18),
        (_TAPED_FILLS + "test_a_stop_that_wakes_under_another_id_is_still_the_strategys_own",),
    ),
    Fault(
        "F51",
        "A liquidation by the venue is not seen",
        (18,),
        (
            _POSITIONS + "test_a_liquidation_by_the_market_is_known_at_once_and_never_traded_as_still_held",
            _RECONCILED + "test_what_a_strategy_has_and_the_venue_has_not_is_nobody_s_short",
            _TAPED_POSITIONS + "test_a_position_that_the_venue_closes_by_itself_is_seen",
        ),
    ),
    Fault(
        "F52",
        "An order that a person has placed stops the engine, or turns its position round",
        (17, 18),
        (
            "tests/unit/test_router.py::test_a_fill_that_is_no_container_s_goes_to_unallocated_once",
            _AGREED + "test_what_others_do_on_the_account_is_seen_booked_and_given_away",
            _RECONCILED + "test_a_stranger_s_fill_is_nobody_s_and_told_but_not_each_time",
            _TAPED_POSITIONS + "test_orders_of_another_bot_on_the_same_account_are_never_taken_up",
            _TAPED_POSITIONS + "test_what_somebody_trades_by_hand_is_nobodys_also_through_zero",
        ),
    ),
    Fault(
        "F53",
        "What is flat already is closed, for ever",
        (15, 27),
        (
            "tests/unit/test_gate.py::test_what_the_account_has_no_more_is_not_closed_again",
            _TAPED_POSITIONS + "test_to_close_what_is_closed_already_is_refused_and_not_tried_for_ever",
        ),
    ),
    Fault(
        "F54",
        "Recovery takes orders of another program for its own",
        (17, 20),
        (
            _SESSION + "test_an_order_of_a_later_life_than_this_one_is_another_daemons",
            _RECONCILED + "test_what_trips_does_so_in_a_first_life_too",
            _TAPED_POSITIONS + "test_orders_of_another_bot_on_the_same_account_are_never_taken_up",
        ),
    ),
    Fault(
        "F55",
        "Strategies fight over one balance and one net position",
        (20, 22),
        (
            _POSITIONS + "test_strategies_on_both_sides_of_one_symbol_each_have_their_own_and_the_account_the_rest",
            _POSITIONS + "test_no_strategy_spends_what_another_was_given",
            "tests/unit/test_gate.py::test_the_cash_of_one_container_is_not_another_s",
            _TAPED_POSITIONS + "test_what_one_strategy_sells_is_its_own_though_others_hold_the_same",
        ),
    ),
    Fault(
        "F56",
        "After a restart the venue lists no open orders, as they are of another connection",
        (10,),
        (
            _TAPED_POSITIONS + "test_an_order_that_a_list_leaves_out_after_a_restart_is_asked_for_and_works_on",
            _TAPED_POSITIONS + "test_an_order_of_which_only_its_intent_was_written_is_taken_up_again",
        ),
    ),
    Fault(
        "F57",
        "The account nets, or keeps both sides, and the program thinks otherwise",
        (29,),
        reason="the plain protocol's accounts net and have no other mode; a broker of a venue that has must look",
    ),
    Fault(
        "F58",
        "A reduce-only order is refused because the position has changed meanwhile",
        (15,),
        (
            "tests/unit/test_gate.py::test_an_order_is_sent_as_reduce_only_where_the_net_agrees",
            _TAPED_POSITIONS + "test_to_close_what_is_closed_already_is_refused_and_not_tried_for_ever",
            _TAPED_POSITIONS + "test_an_order_that_may_only_reduce_does_not_open_a_position_when_there_is_less",
        ),
    ),
    Fault(
        "F59",
        "Paper forgets its resting orders at a restart",
        (23,),
        (
            _POSITIONS + "test_orders_that_rest_on_paper_rest_on_after_a_restart_in_their_places",
            "tests/contract/test_market_memory.py::test_any_market_can_be_put_down_anywhere_in_any_story",
        ),
    ),
    Fault(
        "F60",
        "A state from before the last write is loaded, or a setting has flushed it",
        (6,),
        (
            _POSITIONS + "test_no_setting_of_what_is_kept_changes_what_a_restart_goes_on_from",
            _TAPED_POSITIONS + "test_fills_have_the_same_owners_however_often_everything_begins_anew",
        ),
    ),
    Fault(
        "F61",
        "What a conditional order fills under a child's id belongs to nobody",
        (9, 10),
        (_TAPED_FILLS + "test_a_stop_that_wakes_under_another_id_is_still_the_strategys_own",),
    ),
    # E. Money that does not come out even.
    Fault(
        "F62",
        "A fee is taken of what was bought, and the exit sells more than is there",
        (12, 24),
        (
            _MONEY + "test_an_exit_finds_what_it_sells_whatever_currency_fees_are_taken_in",
            "tests/unit/test_costs.py::test_fees_in_the_base_are_parts_of_the_quantity",
        ),
    ),
    Fault(
        "F63",
        "Dust that cannot be sold is sold again and again",
        (24, 27),
        (
            _MONEY + "test_what_is_less_than_a_lot_stays_and_is_not_tried_again_and_again",
            _MONEY + "test_what_is_worth_less_than_an_order_may_be_is_refused_here_each_time_and_never_sent",
        ),
    ),
    Fault(
        "F64",
        "Orders do not fit the venue's steps and minimums",
        (24,),
        (
            _MONEY + "test_what_does_not_fit_a_venues_steps_never_leaves",
            _MONEY + "test_steps_that_change_under_open_books_are_refused_at_the_start_and_nothing_is_written",
            _MONEY + "test_an_order_that_the_venue_refuses_by_a_step_that_it_has_changed_is_told_and_not_sent_again",
        ),
    ),
    Fault(
        "F65",
        "A size is rounded to nothing, or up past a limit; a price to cents",
        (24,),
        (
            _MONEY + "test_a_size_is_cut_down_and_never_up_and_past_no_limit",
            _MONEY + "test_a_price_is_never_rounded_in_a_traders_favour_nor_to_cents",
            _MONEY + "test_a_limit_price_goes_out_to_its_last_digit",
        ),
    ),
    Fault(
        "F66",
        "The venue refuses a protective stop, and the position is thrown on the market",
        (16,),
        (_MONEY + "test_a_stop_that_is_refused_is_told_and_makes_nobody_sell",),
    ),
    Fault(
        "F67",
        "A price that is zero or lost is traded on",
        (25,),
        (
            _MONEY + "test_a_price_that_is_none_marks_nothing_and_fills_nothing_at_it",
            "tests/unit/test_market_data.py::test_an_event_has_a_reference_price_unless_a_side_is_empty",
            "tests/unit/test_file_rows.py::test_a_row_that_cannot_be_is_named_with_its_place_and_the_rest_is_kept",
            "tests/unit/test_live_frames.py::test_garbage_is_counted_by_kind_and_ends_nothing",
        ),
    ),
    # F. Market data.
    Fault(
        "F68",
        "A stream falls silent while its connection answers every ping",
        (26,),
        (_FEEDS + "test_a_silent_stream_is_noticed_though_pings_are_answered",),
    ),
    Fault(
        "F69",
        "A connection is made again, and nothing is subscribed to",
        (26,),
        (
            _LIVE_FEED + "test_every_event_comes_in_order_over_connections_that_break",
            _FEEDS + "test_a_connection_that_is_made_again_and_asks_for_nothing_is_no_health",
        ),
    ),
    Fault(
        "F70",
        "A lost connection is not made again",
        (26,),
        (
            _LIVE_FEED + "test_pauses_grow_while_there_is_no_connection",
            _LIVE_FEED + "test_a_venue_that_answers_no_ping_is_left",
            _FEEDS + "test_an_adapter_that_never_connects_again_is_run_anew",
        ),
    ),
    Fault(
        "F71",
        "A queue that is full ends a stream",
        (31,),
        (
            "tests/simulation/test_free_running.py::test_quotes_are_conflated_for_the_slow_one_alone_and_nothing_else_is_lost",
            "tests/simulation/test_free_running.py::test_who_lags_too_far_is_tripped_once_what_is_being_carried_has_come_to_its_end",
            "tests/unit/test_outbox.py::test_only_a_quote_is_left_out_and_only_for_a_newer_one_of_its_symbol",
            "tests/unit/test_api.py::test_a_listener_that_falls_behind_is_told_and_let_go",
        ),
    ),
    Fault(
        "F72",
        "A gap in the changes of an order book is passed over",
        (25,),
        (_FEEDS + "test_a_change_that_was_lost_gaps_the_book_until_the_whole_one_has_come",),
    ),
    Fault(
        "F73",
        "A book whose bid is above its ask is traded on",
        (25,),
        (
            "tests/unit/test_file_rows.py::test_a_row_that_cannot_be_is_named_with_its_place_and_the_rest_is_kept",
            _FEEDS + "test_a_crossed_book_holds_orders_back_until_it_is_not",
            _STALE + "test_while_a_book_is_crossed_only_what_reduces_passes",
        ),
    ),
    Fault(
        "F74",
        "The venue offers a checksum of its book, and nobody reads it",
        (25,),
        (_FEEDS + "test_a_book_with_a_level_that_is_not_the_venues_is_asked_for_anew",),
    ),
    Fault(
        "F75",
        "The key of a private stream expires, or a sibling deletes it",
        (10, 26),
        (_TAPED_LINES + "test_a_stream_that_is_refused_for_minutes_lets_nothing_open_and_loses_no_fill",),
    ),
    Fault(
        "F76",
        "A second client takes the only private connection",
        (10, 14),
        (_TAPED_LINES + "test_a_second_client_that_takes_the_stream_as_an_order_is_placed_costs_nothing",),
    ),
    Fault(
        "F77",
        "One symbol's data has stopped for days, and nobody knows",
        (26,),
        (
            _FEEDS + "test_one_symbols_dead_feed_is_noticed_while_the_other_runs",
            _STALE + "test_a_silent_symbol_is_held_back_at_its_deadline_and_the_other_is_not",
        ),
    ),
    # G. Time.
    Fault(
        "F78",
        "The clock drifts, and the venue refuses what is signed",
        (32,),
        (
            _SESSION + "test_the_clock_of_the_venue_is_followed",
            _BROKER + "test_what_is_stamped_too_early_is_refused_by_the_venue",
            _TAPED_LINES + "test_a_clock_that_is_off_is_followed_so_that_requests_are_taken",
            _TAPED_LINES + "test_a_clock_that_is_off_neither_proves_too_early_nor_for_ever_that_an_order_is_absent",
            _TAPED_LINES + "test_an_amendment_may_still_come_as_long_as_the_venues_clock_says_so",
            _TAPED_LINES + "test_a_clock_that_jumps_ahead_costs_an_order_and_not_more",
        ),
    ),
    Fault(
        "F79",
        "The clock steps, or the machine stands still: timers ring twice, or all at once",
        (32,),
        (
            _TIME + "test_a_clock_that_steps_while_it_trades_rings_no_timer_twice_and_leaves_none_out",
            _TIME + "test_a_machine_that_stood_still_for_twenty_minutes_catches_up_in_order",
            "tests/simulation/test_free_running.py::test_a_clock_that_is_set_back_or_ahead_turns_no_order_round",
        ),
    ),
    Fault(
        "F80",
        "Sessions move by an hour when clocks change, on other days here than there",
        (33,),
        (
            _TIME + "test_an_order_for_the_day_ends_when_its_venue_closes_by_its_own_clock",
            "tests/unit/test_calendars.py::test_two_venues_that_change_clocks_on_different_days_are_both_right",
        ),
    ),
    Fault(
        "F81",
        "The host's date is not the venue's around midnight",
        (33,),
        (
            _TIME + "test_not_one_decision_depends_on_the_hosts_zone",
            _TIME + "test_what_people_read_is_in_utc_wherever_the_host_is",
        ),
    ),
    Fault(
        "F82",
        "An hour of the day is missing, or comes twice",
        (33,),
        (
            _TIME + "test_an_order_for_a_day_whose_close_comes_twice_ends_at_the_first",
            _TIME + "test_an_order_for_a_day_whose_close_is_skipped_ends_with_the_change",
            "tests/unit/test_calendars.py::test_a_time_that_the_clock_skips_is_the_change_and_one_that_comes_twice_is_the_first",
        ),
    ),
    Fault(
        "F83",
        "The venue's nightly reset ends or drops orders",
        (1, 10),
        (
            _TAPED_LINES + "test_a_restart_of_the_venue_with_requests_in_flight_leaves_nothing_undecided",
            _TAPED_LINES + "test_what_the_venue_drops_in_its_night_is_shown_to_be_gone",
        ),
    ),
    # H. Limits of the venue.
    Fault(
        "F84",
        "A refusal for too many requests is not heeded, and the address is banned",
        (36,),
        (
            _COURIER + "test_when_the_venue_takes_no_more_nobody_sends_for_as_long_as_it_says",
            _COURIER + "test_an_order_that_the_limits_hold_up_for_long_does_not_go_out_and_a_cancel_does",
            _TAPED_LINES + "test_a_venue_that_asks_to_wait_is_asked_nothing_until_then",
            _TAPED_LINES + "test_questions_that_are_too_many_are_asked_again_later_and_nothing_is_lost",
            _TAPED_LINES + "test_an_order_that_is_one_too_many_is_refused_by_that_and_not_sent_again",
            _TAPED_LINES + "test_a_small_budget_of_our_own_is_kept_to",
        ),
    ),
    Fault(
        "F85",
        "Two requests have one nonce, or overtake each other",
        (36,),
        reason="requests of the plain protocol carry stamps, and none is refused for having been overtaken",
    ),
    Fault(
        "F86",
        "Reconnects follow each other so fast that the address is banned",
        (36,),
        (_TAPED_LINES + "test_a_line_that_is_cut_every_second_does_not_become_a_storm",),
    ),
    Fault(
        "F87",
        "A breaker waits for ever for the answer to its trial",
        (27,),
        (
            "tests/unit/test_breakers.py::test_a_probe_that_hangs_has_failed_and_its_answer_comes_too_late",
            _TAPED_LINES + "test_a_probe_that_is_never_answered_is_given_up_and_another_is_sent",
        ),
    ),
    # I. Process, host and storage.
    Fault(
        "F88",
        "Somebody who reads all of history keeps the tables locked",
        (6, 31),
        (
            _TABLES + "test_another_program_that_locks_the_tables_stops_nobody",
            _TABLES + "test_a_surface_that_reads_all_history_again_and_again_changes_no_decision",
            "tests/unit/test_projector.py::test_the_tables_are_never_touched_by_the_thread_that_trades",
        ),
    ),
    Fault(
        "F89",
        "The disk is full or fails, at a write, a sync, a new file or a new folder",
        (6, 37),
        (
            _STORAGE + "test_an_error_of_the_disk_ends_the_life_before_anything_is_sent_that_is_not_written",
            _STORAGE + "test_a_state_that_cannot_be_put_aside_stays_where_it_is",
            "tests/simulation/test_supervisor.py::test_an_error_of_the_disk_at_any_call_of_a_start_refuses_it_in_words",
            _CRASHES + "test_an_error_of_the_disk_at_any_site_stops_the_journal_for_good",
        ),
    ),
    Fault(
        "F90",
        "A log that is full, or that nobody reads, stops trading",
        (31,),
        (
            _LOG + "test_a_daemon_trades_to_the_end_with_a_log_that_takes_nothing",
            _LOG + "test_a_log_that_nobody_reads_keeps_nobody_waiting_and_says_later_what_is_missing",
        ),
    ),
    Fault(
        "F91",
        "What trades is dead, and what answers questions is not",
        (26, 38),
        (
            _PROCESS + "test_when_any_of_its_tasks_dies_the_daemon_ends_within_a_second_and_answers_nobody",
            _PROCESS + "test_when_any_of_its_tasks_is_cancelled_by_somebody_else_the_daemon_ends_at_once",
        ),
    ),
    Fault(
        "F92",
        "A stop leaves orders at the venue that the next start does not know",
        (1, 14),
        (
            _PROCESS + "test_a_stop_at_any_moment_loses_no_order_and_the_next_start_knows_them_all",
            _RECOVERY + "test_who_stops_between_two_events_loses_none",
            _TAPED_SUBMITS + "test_wherever_a_process_dies_around_a_send_the_order_is_there_once_or_not_at_all",
        ),
    ),
    Fault(
        "F93",
        "Memory grows until the host ends the process",
        (31, 39),
        (
            "tests/simulation/test_process_hosts.py::test_wherever_processes_end_the_run_goes_on_as_if_they_had_not",
            "tests/acceptance/test_isolation.py::test_a_process_killed_more_often_than_it_may_is_tripped_and_stays_so_and_the_others_trade_on",
        ),
    ),
    Fault(
        "F94",
        "One strategy, or one call, holds up the loop of all",
        (31,),
        (
            "tests/simulation/test_process_hosts.py::test_a_process_that_gives_no_sign_is_noticed_and_made_again",
            "tests/simulation/test_interventions.py::test_a_strategy_that_stalls_is_named_and_tripped_between_two_steps",
            "tests/acceptance/test_isolation.py::test_who_hangs_is_named_with_its_stack_and_made_again",
            "tests/acceptance/test_isolation.py::test_sigterm_ends_the_daemon_though_one_of_its_strategies_hangs",
        ),
    ),
    Fault(
        "F95",
        "A task that nobody holds is collected",
        (38,),
        (
            _PROCESS + "test_collecting_garbage_at_every_pass_of_the_loop_takes_no_task_away",
            _PROCESS + "test_no_task_is_begun_that_nobody_holds",
        ),
    ),
    Fault(
        "F96",
        "A sync that failed is tried again, succeeds, and what was written is gone",
        (37,),
        (
            _STORAGE + "test_a_sync_that_failed_is_not_tried_again_though_it_would_succeed",
            _CRASHES + "test_after_a_failure_every_call_fails_and_touches_nothing",
        ),
    ),
    Fault(
        "F97",
        "Rows of a database that were committed are gone after a power cut",
        (37,),
        (
            _TABLES + "test_rows_that_a_power_cut_has_taken_from_the_tables_are_made_again",
            "tests/unit/test_projection.py::test_tables_that_followed_equal_tables_made_anew",
        ),
    ),
    Fault(
        "F98",
        "The end of the journal is torn, a bit has rotted, or a write went elsewhere",
        (37,),
        (
            _STORAGE + "test_a_write_that_went_to_the_wrong_place_is_damage_and_not_the_end",
            _CRASHES + "test_a_flipped_bit_is_noticed",
            _CRASHES + "test_neither_a_power_cut_nor_a_kill_loses_what_was_acknowledged",
        ),
    ),
    # J. Controls.
    Fault(
        "F99",
        "The kill switch fails in its own code, and trading goes on",
        (14,),
        (
            "tests/simulation/test_breaker_recovery.py::test_an_exception_anywhere_on_the_way_of_a_trip_lets_nothing_leave",
            "tests/unit/test_watchman.py::test_whatever_raises_on_the_way_it_is_killed_and_cancelled_for",
        ),
    ),
    Fault(
        "F100",
        "A guard against losses stops entries alone, where a full stop was meant",
        (14, 15),
        (_BREAKERS + "test_while_a_position_waits_to_be_closed_no_order_of_its_own_is_in_the_way",),
    ),
    Fault(
        "F101",
        "A guard trips without a valuation, or for one small position, and closes everything",
        (40,),
        (
            _BREAKERS + "test_without_every_price_positions_are_left_and_people_are_told",
            _BREAKERS + "test_without_a_worth_nothing_is_lost_and_nothing_closed",
        ),
    ),
    Fault(
        "F102",
        "On paper real orders are sent",
        (41,),
        (
            _CONTROLS + "test_on_paper_nothing_leaves_the_machine_though_live_keys_are_there",
            _CONTROLS + "test_live_is_refused_with_a_broker_that_reaches_no_venue",
        ),
    ),
    Fault(
        "F103",
        "A look at what would be changes what is; what is said to be live is not",
        (41, 23),
        (
            _CONTROLS + "test_a_check_while_it_trades_touches_nothing_of_the_state",
            _CONTROLS + "test_a_daemon_on_paper_says_so_wherever_it_is_asked",
        ),
    ),
    Fault(
        "F104",
        "Orders are sent while nothing can be heard of them",
        (10, 14),
        (
            _SESSION + "test_nothing_is_opened_while_the_stream_is_down_and_all_is_read_when_it_is_up",
            _TAPED_LINES + "test_a_stream_that_is_refused_for_minutes_lets_nothing_open_and_loses_no_fill",
        ),
    ),
    Fault(
        "F105",
        "A flag means something else to one process of an older build",
        (34, 35),
        (
            _CONTROLS + "test_a_flag_that_this_build_does_not_know_is_an_error_and_never_passed_over",
            _CONTROLS + "test_a_record_of_another_build_is_not_taken_for_one_that_is_known",
        ),
    ),
    # K. Security.
    Fault(
        "F106",
        "Keys stand in logs, errors or addresses",
        (42,),
        (
            "tests/unit/test_describe.py::test_the_process_has_none_of_the_callers_secrets",
            "tests/contract/test_forkserver.py::test_a_child_has_nothing_that_is_not_its_own",
            _CONTROLS + "test_on_paper_nothing_leaves_the_machine_though_live_keys_are_there",
            _LIVE_ORDERS + "test_a_secret_is_in_its_file_alone",
            _BROKER + "test_the_secret_is_in_no_text",
        ),
    ),
    Fault(
        "F107",
        "Whoever asks is answered, and any site's page may read it",
        (43,),
        (
            _SECURITY + "test_nothing_that_another_sites_page_can_send_is_done",
            _SECURITY + "test_nothing_that_is_read_may_be_shown_to_another_sites_page",
            "tests/unit/test_api.py::test_another_user_is_refused_by_the_peers_credentials",
            "tests/unit/test_api.py::test_only_the_owner_may_open_the_socket_whatever_the_umask",
        ),
    ),
    Fault(
        "F108",
        "A page makes its name point to this machine, and commands the daemon",
        (43,),
        (
            _SECURITY + "test_a_daemon_that_trades_has_not_one_socket_of_the_internet",
            _SECURITY + "test_no_setting_opens_one",
            _SECURITY + "test_nothing_that_another_sites_page_can_send_is_done",
        ),
    ),
    Fault(
        "F109",
        "A config runs code when it is read",
        (44,),
        (_EXECUTION + "test_a_tag_that_makes_an_object_is_refused_wherever_it_stands_and_makes_none",),
    ),
    Fault(
        "F110",
        "State that is read back runs code",
        (44,),
        (
            _EXECUTION + "test_no_format_that_carries_code_is_read_anywhere",
            _EXECUTION + "test_a_kept_state_names_no_class_that_is_none_of_its_strategys_or_the_cores_values",
            _EXECUTION + "test_a_pickle_is_read_as_damage_by_everything_that_reads",
            "tests/properties/test_state_laws.py::test_any_damage_is_noticed_or_harmless",
        ),
    ),
    Fault(
        "F111",
        "A name leads out of its folder",
        (44,),
        (
            _SECURITY + "test_no_path_of_the_api_leads_out_of_it",
            _SECURITY + "test_no_name_of_a_log_leads_out_of_the_folder_of_logs",
            _SECURITY + "test_no_strategy_has_a_name_that_is_a_path",
        ),
    ),
    Fault(
        "F112",
        "A dependency is not what was locked, or leaves a line that runs at every start",
        (45,),
        (
            _EXECUTION + "test_a_wheel_that_is_not_the_locked_one_is_not_installed",
            _EXECUTION + "test_whatever_installs_asks_for_hashes",
            _EXECUTION + "test_nothing_runs_at_every_start_of_python_but_what_an_environment_is_born_with",
            "tests/architecture/test_repository.py::test_every_requirement_is_one_version_with_its_hashes",
        ),
    ),
)

OPEN: Final[Mapping[str, str]] = {
    "F62": "an exit at a venue that keeps its fee of what was bought",
    "F93": "one container takes memory up to a limit of its own; a long run's memory does not grow",
    "F105": "a process of another build, or of another config, joins the daemon",
}
"""What is yet to be shown, by fault: the scenario that is missing, where the row has no test or tests of a part of it.
An entry goes when the row has the test."""
