"""Workers killed while they deliver: nobody is missed, and a second copy is the same mail."""

from app.notification.delivery import AHEAD
from tests.notification.killing import LANES, deliver_with_kills, refused


def test_nobody_is_missed_and_only_what_was_in_hand_comes_twice(database):
    outcome = deliver_with_kills(database, mails=60, kills=3, patience=300)
    assert outcome.missed == ()
    assert outcome.not_sent == 0
    assert outcome.refused_parked == sum(refused(f"p{n}@example.org") for n in range(60))
    assert outcome.unexplained == ()
    assert outcome.most_in_hand <= LANES * AHEAD
    assert outcome.other_ids == 0
