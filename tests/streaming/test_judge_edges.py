"""The table of edge cases: each verdict is fixed, alone and among sound messages.

`docs/judgement.md` is this table in words.
"""

import pytest

from streaming.wire import MAX_DEPTH
from tests.streaming.judging import LISTEN, json_object, judged, listen

UNREADABLE = ["unreadable_json"]


def case(name, message, expected):
    return pytest.param(message, expected, id=name)


def raw(field, value, expected, name=None):
    return case(name or f"{field} {value}", listen(**{field: value}), expected)


def nested(depth):
    """A listen with an unknown field, `depth` arrays in each other, the object itself counting."""
    return listen(x="[" * (depth - 1) + "]" * (depth - 1))


NOT_ONE_JSON_OBJECT = [
    case("null payload", None, UNREADABLE),
    case("empty", b"", UNREADABLE),
    case("blank", b" \n\t ", UNREADABLE),
    case("null", b"null", UNREADABLE),
    case("a scalar", b"7", UNREADABLE),
    case("a text", b'"text"', UNREADABLE),
    case("an array", b"[" + listen() + b"]", UNREADABLE),
    case("cut off", listen()[:100], UNREADABLE),
    case("garbage after the end", listen() + b"x", UNREADABLE),
    case("two objects", listen() + listen(), UNREADABLE),
    case("two objects on two lines", listen() + b"\n" + listen(), UNREADABLE),
    case("single quotes", listen().replace(b'"', b"'"), UNREADABLE),
    case("a comment", listen() + b"// x", UNREADABLE),
    case("a trailing comma", listen()[:-1] + b",}", UNREADABLE),
    case("a byte order mark", b"\xef\xbb\xbf" + listen(), UNREADABLE),
    case("UTF-16", listen().decode().encode("utf-16"), UNREADABLE),
    case("a form feed before it", b"\x0c" + listen(), UNREADABLE),
    case("NUL after it", listen() + b"\x00", UNREADABLE),
    case("a key without quotes", listen().replace(b'"ts"', b"ts"), UNREADABLE),
    raw("lat", "NaN", UNREADABLE),
    raw("lat", "Infinity", UNREADABLE),
    raw("lat", "-Infinity", UNREADABLE),
    raw("x", "NaN", UNREADABLE, "NaN in an unknown field"),
    raw("lat", "01", UNREADABLE),
    raw("lat", "+1", UNREADABLE),
    raw("lat", ".5", UNREADABLE),
    raw("lat", "5.", UNREADABLE),
    raw("lat", "0x1F", UNREADABLE),
    raw("lat", "", UNREADABLE, "no value at all"),
    raw("level", "True", UNREADABLE, "a Python constant"),
    case("invalid UTF-8", listen().replace(b"Boise", b"Bo\xffse"), UNREADABLE),
    case("invalid UTF-8 in an unknown field", listen(x='"?"').replace(b"?", b"\xff"), UNREADABLE),
    case("invalid UTF-8 in a key", listen(x="1").replace(b'"x"', b'"\xff"'), UNREADABLE),
    case("overlong UTF-8", listen().replace(b"Boise", b"Bo\xc0\xafse"), UNREADABLE),
    case("an encoded surrogate", listen().replace(b"Boise", b"\xed\xa0\x80"), UNREADABLE),
    raw("city", r'"\ud800"', UNREADABLE),
    raw("city", r'"\udc00\ud800"', UNREADABLE),
    raw("city", r'"\ud83dx"', UNREADABLE),
    raw("x", r'"\ud800"', UNREADABLE, "a lone surrogate in an unknown field"),
    raw("city", r'"\q"', UNREADABLE),
    raw("city", r'"\u12"', UNREADABLE),
    raw("city", '"a\nb"', UNREADABLE, "a line break in a text"),
    raw("city", '"a\x00b"', UNREADABLE, "NUL in a text"),
    raw("city", '"a\tb"', UNREADABLE, "a tab in a text"),
    case("10,000 arrays", b"[" * 5_000 + b"]" * 5_000, UNREADABLE),
    case("10,000 objects", b'{"a":' * 1_900 + b"1" + b"}" * 400, UNREADABLE),
    case("nested too deeply", nested(MAX_DEPTH + 1), UNREADABLE),
]
WRONG_TYPES = [
    raw("city", "7", ["wrong_type:city"]),
    raw("city", "true", ["wrong_type:city"]),
    raw("city", "[]", ["wrong_type:city"]),
    raw("city", "{}", ["wrong_type:city"]),
    raw("level", "false", ["wrong_type:level"]),
    raw("lat", '"43.6"', ["wrong_type:lat"]),
    raw("lat", '""', ["wrong_type:lat"]),
    raw("lat", "true", ["wrong_type:lat"]),
    raw("lat", "1e400", ["wrong_type:lat"]),
    raw("lat", "-1e400", ["wrong_type:lat"]),
    raw("sessionId", '"7"', ["wrong_type:sessionId"]),
    raw("sessionId", "7.0", ["wrong_type:sessionId"]),
    raw("sessionId", "7e0", ["wrong_type:sessionId"]),
    raw("sessionId", "9223372036854775808", ["wrong_type:sessionId"]),
    raw("sessionId", "-9223372036854775809", ["wrong_type:sessionId"]),
    raw("sessionId", "1" * 5_000, ["wrong_type:sessionId"], "an integer of 5,000 digits"),
    raw("ts", '"2026-01-01T00:00:00Z"', ["wrong_type:ts"]),
    raw("ts", "1767225603.5", ["wrong_type:ts"]),
    raw("registration", '"x"', ["wrong_type:registration"], "wrong type of an optional field"),
    raw("tag", "1", ["wrong_type:tag"]),
]
MISSING = [
    case("an empty object", b"{}", [f"missing_field:{name}" for name in (
        "ts", "sessionId", "itemInSession", "level", "auth", "city", "state", "zip", "lat",
        "lon", "userAgent", "artist", "song", "duration")]),
    case("absent", listen("song"), ["missing_field:song"]),
    raw("song", "null", ["missing_field:song"]),
    raw("song", '""', ["missing_field:song"]),
    raw("sessionId", "null", ["missing_field:sessionId"]),
    case("a key in other case", listen("ts", TS=LISTEN["ts"]), ["missing_field:ts"]),
    case("a key with a space", listen("ts", **{"ts ": LISTEN["ts"]}), ["missing_field:ts"]),
    case("null after a value", listen()[:-1] + b',"song":null}', ["missing_field:song"]),
]  # fmt: skip
BROKEN_RULES = [
    raw("lat", "90.00001", ["out_of_range:lat"]),
    raw("lat", "1" * 300, ["out_of_range:lat"], "a latitude of 300 digits"),
    raw("itemInSession", "-1", ["out_of_range:itemInSession"]),
    raw("duration", "-0.001", ["out_of_range:duration"]),
    raw("registration", "9223372036854775807", ["out_of_range:registration"]),
    raw("level", '"Free"', ["not_allowed:level"]),
    raw("level", '" free"', ["not_allowed:level"]),
    raw("auth", '"../../etc"', ["not_allowed:auth"]),
    raw("ts", "0", ["impossible_time:ts"]),
    raw("ts", "-1", ["impossible_time:ts"]),
    case("a bad value after a good one", listen()[:-1] + b',"lat":91}', ["out_of_range:lat"]),
]


@pytest.mark.parametrize(
    ("message", "expected"), [*NOT_ONE_JSON_OBJECT, *WRONG_TYPES, *MISSING, *BROKEN_RULES]
)
def test_a_message_is_rejected_for_its_own_reasons_alone_and_among_others(message, expected):
    alone = judged(message)
    among = judged(listen(), listen(x="1"), message, b"{", listen("tag"))

    assert alone.rejected["reasons"].to_pylist() == [expected]
    assert among.rejected["reasons"].to_pylist() == [expected, ["unreadable_json"]]
    assert among.accepted["kafka_offset"].to_pylist() == [100, 101, 104]


ACCEPTED = [
    case("pretty-printed", json_object(LISTEN, " :\n ", " ,\r\n\t"), {"city": "Boise"}),
    case("with a space after colons", json_object(LISTEN, ": ", ", "), {"city": "Boise"}),
    case("blanks around it", b" \r\n" + listen() + b" \r\n\t", {"city": "Boise"}),
    case("a line break after it", listen() + b"\n", {"city": "Boise"}),
    case("fields in another order", json_object(dict(reversed(LISTEN.items()))), {"user_id": 42}),
    case("an escaped key", listen("city", **{r"\u0063ity": '"Ames"'}), {"city": "Ames"}),
    case("duplicate keys", listen()[:-1] + b',"city":"Ames"}', {"city": "Ames"}),
    case("the same twice", listen()[:-1] + b',"city":"Boise"}', {"city": "Boise"}),
    case("a good value after a bad one", b'{"lat":"x",' + listen()[1:], {"latitude": 43.6}),
    case("a value after null", b'{"song":null,' + listen()[1:], {"song": "Sinnerman"}),
    case("null after optional text", listen(tag='"A"')[:-1] + b',"tag":null}', {"tag": None}),
    case("optional text after null", listen(tag="null")[:-1] + b',"tag":"A"}', {"tag": "A"}),
    case("known and unknown twice", listen(x="1")[:-1] + b',"x":2}', {"unknown_fields": '{"x":2}'}),
    case("nested deeply", nested(MAX_DEPTH), {"city": "Boise"}),
    case("brackets in a text", listen(city='"' + "[{" * 500 + '"'), {"city": "[{" * 500}),
    case("1e400 in an unknown field", listen(x="1e400"), {"unknown_fields": '{"x":1e400}'}),
    raw("tag", "null", {"tag": None}),
    raw("tag", '""', {"tag": None}),
    raw("userId", "null", {"user_id": None}),
    raw("city", r'"\ud83d\ude00"', {"city": "\N{GRINNING FACE}"}),
    raw("city", '"\N{GRINNING FACE}"', {"city": "\N{GRINNING FACE}"}, "an emoji as it is"),
    raw("city", r'"\u0000"', {"city": "\x00"}),
    raw("city", r'"a\nb\t\"c\"\\\/"', {"city": 'a\nb\t"c"\\/'}),
    raw("city", '"\x7f"', {"city": "\x7f"}, "a delete character"),
    raw("city", '"../../etc/passwd"', {"city": "../../etc/passwd"}),
    raw("city", '"\'; drop table raw; --"', {"city": "'; drop table raw; --"}),
    raw("city", '"null"', {"city": "null"}, "the text null"),
    raw("city", r'"\"city\":null,"', {"city": '"city":null,'}),
    raw("city", '" "', {"city": " "}, "a blank is a value"),
    raw("city", '"' + "é" * 2_000 + '"', {"city": "é" * 2_000}, "a long text"),
    raw("duration", "622", {"duration_seconds": 622.0}, "an integer for a number"),
    raw("duration", "6.225e2", {"duration_seconds": 622.5}),
    raw("duration", "1e-400", {"duration_seconds": 0.0}),
    raw("duration", "0.1234567890123456789", {"duration_seconds": 0.12345678901234568}),
    raw("lon", "-0.127", {"longitude": -0.127}),
    raw("sessionId", "-0", {"session_id": 0}),
    raw("userId", '"-0"', {"user_id": 0}),
    raw("sessionId", "9223372036854775807", {"session_id": 2**63 - 1}),
    raw("sessionId", "-9223372036854775808", {"session_id": -(2**63)}),
]


@pytest.mark.parametrize(("message", "expected"), ACCEPTED)
def test_a_message_is_accepted_with_its_values_alone_and_among_others(message, expected):
    alone = judged(message).accepted.to_pylist()
    among = judged(listen(), b"{", message, listen(x="1")).accepted.to_pylist()

    assert [{name: row[name] for name in expected} for row in alone] == [expected]
    assert {**among[1], "kafka_offset": 100} == alone[0]


def test_no_number_is_a_negative_zero():
    for zero in ("-0", "-0.0", "-0e0"):
        assert str(judged(listen(lat=zero)).accepted["latitude"][0]) == "0.0"
