"""Names that try to be more than names: markup, markdown, formulas, control characters."""

MARK = "window.wasHacked"
"""What a name that runs would set in the page."""

HOSTILE_NAMES = {
    "script": f"<script>{MARK}=1;alert(1)</script>",
    "image": f'"><img src=x onerror="{MARK}=1">',
    "quotes": """Rock 'n' "Roll" `back` \\ slash""",
    "markdown link": f"[click](javascript:{MARK}=1) **bold**",
    "markdown image": "![pixel](http://198.51.100.7/pixel.png)",
    "latex": "$\\frac{1}{0}$ and $5",
    "directive": ":red[danger] :material/home: :smile:",
    "heading": "# Big # | a | b |",
    "right to left": "abc\u202egnp.exe",
    "arabic": "أغنية الليل",
    "emoji": "👩‍👩‍👧‍👦 family 🎵",
    "control": "bell\x07 escape\x1b[31m del\x7f",
    "long word": "L" + "o" * 300 + "ng",
    "long text": "la " * 150,
    "formula": "=1+1",
    "formula call": '=HYPERLINK("http://198.51.100.7/","x")',
    "plus": "+1+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd",
    "minus": "-2+3",
    "sql": "'; drop table marts.dim_songs; --",
    "template": "{{ 7 * 7 }} ${7*7} %s {0}",
    "null word": "null",
    "json": '{"a": ["b"]}',
    "vega": "datum.x + signal('y') \\u003c",
    "blank": "   ",
}
"""Kinds of hostile names, in plain words, with one of each; none has a NUL."""

HOSTILE_STATE = HOSTILE_NAMES["script"]
HOSTILE_CITY = HOSTILE_NAMES["image"]
HOSTILE_COUNTRY = HOSTILE_NAMES["directive"]
HOSTILE_DEVICE = HOSTILE_NAMES["markdown link"]
HOSTILE_GENDER = HOSTILE_NAMES["quotes"]
HOSTILE_TAG = HOSTILE_NAMES["latex"]
