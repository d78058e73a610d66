"""Whom a payload names, however it is written or broken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.named import named_users, numbers, own_users


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"userId": 42}', id="number"),
        pytest.param(b'{"userId": "42"}', id="text"),
        pytest.param(b'{"userId":" 042 "}', id="blanks and zeros"),
        pytest.param(b'{"user_id": 42.0}', id="decimals"),
        pytest.param(b'{"user_id": 4.2e1}', id="exponent"),
        pytest.param(b'{"USERID" :  42, "level": ', id="cut off"),
        pytest.param(b"{'user-id'=42}", id="no JSON"),
        pytest.param(rb'{"message": "{\"userId\": 42}"}', id="within a text"),
        pytest.param(rb'{"user\u0049d": "4\u0032"}', id="escaped"),
        pytest.param(rb'[{"a": [{"user\u0049d": 42}]}]', id="nested and escaped"),
        pytest.param('{"userId": 42}'.encode("utf-16-le"), id="UTF-16"),
        pytest.param(b'{"userId": 7, "userId": 42}', id="twice"),
        pytest.param(b"1767243600000,42,paid", id="line of a table"),
        pytest.param(b"42", id="the number alone"),
        pytest.param(b'{"userId": ["42"]}', id="in a list"),
        pytest.param(b'{"userId": {"$numberLong": "42"}}', id="in an object"),
        pytest.param(b'{"user": {"id": 42, "name": "Ann"}}', id="the user's id"),
        pytest.param(b'{"userId": "u42"}', id="with a letter before"),
        pytest.param(b'{"userId": "42a"}', id="with a letter after"),
        pytest.param(b'{"userId": "user-42"}', id="with a word before"),
        pytest.param(b"{'userId': Decimal('42')}", id="as Python writes it"),
        pytest.param(b'{"user id": 42, "uid": 7}', id="a blank in the key"),
        pytest.param(b'{"uid": 42}', id="a short key"),
        pytest.param(b'{"my_user_id": 42}', id="a longer key"),
        pytest.param(rb'{"\u0075serId":42,', id="escaped and cut off"),
        pytest.param(b'{"user":{"name":"Ann","id":42}}', id="further in the user"),
        pytest.param(b'{"user":{"registered":1520000000000,"id":"42"}}', id="behind a number"),
        pytest.param(b'{"users":[1,{"id":42}]}', id="further in a list"),
        pytest.param(b'{"users":{"42":{"level":"paid"}}}', id="as a key"),
        pytest.param(b'{"User_V2_Id":42}', id="a number in the key"),
        pytest.param(b'{"userId":' + b" " * 300 + b"42}", id="far behind the key"),
        pytest.param(b'{"userId":[1,42],"x":NaN} {', id="not quite JSON"),
        pytest.param(b'{"a":"{\\"user\\":{\\"x\\":1,\\"id\\":42}}"}', id="further in a text"),
        pytest.param(b'{"user":{"name":"\xff","id":42}}', id="no UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"users":[1,42]}', id="behind a byte order mark"),
        pytest.param(b'{"page":"/x?userId%3D42"}', id="percent-encoded"),
        pytest.param(b'1767243600000,42,"{paid}"', id="line of a table with a brace"),
    ],
)
def test_a_user_is_found(payload):
    assert 42 in named_users(payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"sessionId": 42, "level": ', id="another field"),
        pytest.param(b'{"userId": null, "sessionId": 42}', id="guest"),
        pytest.param(b'{"userId": 421}', id="longer number"),
        pytest.param(b'{"userAgent": "Mozilla/42", "user_agent": 42}', id="the browser"),
        pytest.param(b'{"userId": null, "price": 42}', id="the next field"),
        pytest.param(b'{"userId": 1e999999999}', id="no number of 64 bits"),
        pytest.param(b"{" * 100_000, id="deep"),
        pytest.param(b'{"user":' + b"[" * 100_000 + b",42", id="deep in the user"),
        pytest.param(b'{"user":{"id":7},"price":{"amount":42}}', id="behind the user"),
        pytest.param(b'{"userAgent":{"build":42},"guid":[42]}', id="in the browser"),
        pytest.param(b'{"user":{"id":7,"zip":"42a","paid":42.5}}', id="no whole number"),
    ],
)
def test_nobody_else_is(payload):
    assert 42 not in named_users(payload)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.builds(lambda end: b'{"userId":' + end, st.binary(max_size=60)))
def test_any_bytes_can_be_asked(payload):
    assert all(-(2**63) <= each < 2**63 for each in named_users(payload) | numbers(payload))


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(['"userId":%d', "user_id = '%d'"]))
def test_every_id_is_found(user, written):
    assert user in named_users(("{" + written % user + ",").encode())


@settings(deadline=None)
@given(
    st.integers(100_000, 2**63 - 1),
    st.text(alphabet="abc {}[],:;\"'.-_é").map(str.encode),
    st.text(alphabet="abc {}[],:;\"'.-_é").map(str.encode),
)
def test_a_long_number_is_found_wherever_it_stands(user, before, after):
    assert user in named_users(b"{" + before + str(user).encode() + after)
    assert user not in named_users(b"{" + before + str(user).encode() + b"1" + after)


@pytest.mark.parametrize(
    ("fields", "users"),
    [
        (b'{"user_id":42}', {42}),
        (b'{"userId":"42"}', {42}),
        (b'{"friend_user_id":42,"userAgent":7,"x":1234567}', set()),
        (b'{"user_id":"42a"}', set()),
    ],
)
def test_the_own_key_alone_makes_a_row_the_users(fields, users):
    assert own_users(fields) == users
