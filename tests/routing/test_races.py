"""Many threads at once, where roles are routed to several stores."""

from __future__ import annotations

import pytest

from ..oauth2.test_races import (  # the one of two stores in memory is not of this folder
    _switch_often,
    party,
    test_row_3_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead,
    test_row_28_of_16_refreshes_without_grace_one_wins_and_the_family_is_dead,
    test_row_29_of_16_refreshes_within_the_grace_all_get_the_very_same_answer,
    test_row_32_no_refresh_outlives_a_revocation_that_it_races,
)

__all__ = [
    "_switch_often",
    "party",
    "test_row_3_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead",
    "test_row_28_of_16_refreshes_without_grace_one_wins_and_the_family_is_dead",
    "test_row_29_of_16_refreshes_within_the_grace_all_get_the_very_same_answer",
    "test_row_32_no_refresh_outlives_a_revocation_that_it_races",
]
pytestmark = pytest.mark.slow
