"""Wrong passwords are counted over all sessions, and forgotten after a while."""

from dashboard.access import Attempts


def test_after_so_many_wrong_passwords_none_is_taken_until_they_are_old():
    attempts = Attempts(most=2, window_seconds=60)
    attempts.fail(0)
    assert attempts.allowed(1)
    attempts.fail(10)

    assert not attempts.allowed(59)
    assert attempts.allowed(60)
    assert attempts.allowed(80)
