"""Wrong passwords are counted over all sessions, and forgotten after a while."""

from dashboard.access import Attempts


def test_after_so_many_wrong_passwords_none_is_taken_until_they_are_old():
    attempts = Attempts(most=2, window_seconds=60)
    assert attempts.take(0)
    assert attempts.take(10)

    assert not attempts.take(59)
    assert attempts.take(60)
    assert not attempts.take(61)
    assert attempts.take(70)


def test_a_right_password_is_not_counted():
    attempts = Attempts(most=1, window_seconds=60)

    for now in range(5):
        assert attempts.take(now)
        attempts.give_back(now)
