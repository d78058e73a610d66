"""What a user agent tells: kind of device, operating system and browser, as classes only.

A table of our own, not a parser library: classes are all that is kept, versions and models are
not wanted, and the few names below cover what people use. The first line that fits counts.
What fits none is unknown (None), never guessed.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

DISTINCT_AGENTS = 16_384
"""Agents whose classes a process remembers; a stream has a few thousand."""
LONGEST = 500
"""Characters that are looked at: a hostile agent may be as long as a message."""

BOT = "bot"
"""The class of programs, in all three columns."""

Rules = Sequence[tuple[re.Pattern[str], str]]


class AgentClasses(NamedTuple):
    """The classes of one user agent, None where it does not tell."""

    device_type: str | None
    operating_system: str | None
    browser: str | None


UNKNOWN = AgentClasses(None, None, None)


def _rules(*lines: tuple[str, str]) -> Rules:
    return [(re.compile(pattern), name) for pattern, name in lines]


BOTS = re.compile(
    r"(?i)bot\b|bot[/_-]|crawl|spider|slurp|mediapartners|facebookexternalhit|headless|phantomjs"
    r"|lighthouse|pingdom|monitor|archiver|preview|scrap|fetch|validator"
    r"|^(?:curl|wget|python|java|go-http-client|okhttp|axios|node|ruby|perl|libwww|apache-http"
    r"|postman|insomnia|httpie|aiohttp|http)"
)
"""Programs: those that say so, and bare HTTP libraries."""

DEVICES = _rules(
    (r"PlayStation|Xbox|Nintendo", "console"),
    (r"(?i)smart-?tv|\btv\b|appletv|googletv|hbbtv|\bAFT[A-Z]|\bBRAVIA\b|roku|crkey|web0s", "tv"),
    (r"iPad|\bKF[A-Z]{3,5}\b|Silk/(?!.*Mobile)|Tablet|PlayBook|Kindle", "tablet"),
    (r"iPhone|iPod|Windows Phone|IEMobile|BlackBerry|BB10|Opera Mini|KAIOS", "phone"),
    (r"Android.*Mobile|Mobile.*Android|Mobile;.*Firefox|Android.*\bwv\b", "phone"),
    (r"Android", "tablet"),
    (r"Windows NT|Macintosh|X11|CrOS|Linux (?:x86_64|i686)", "desktop"),
    (r"Mobile|Phone", "phone"),
)
SYSTEMS = _rules(
    (r"Windows Phone|IEMobile", "windows phone"),
    (r"Tizen|(?i:web0s)|Roku|PlayStation|Nintendo|AppleTV", "other"),
    (r"iPhone|iPad|iPod", "ios"),
    (r"Android|Silk/|\bKF[A-Z]{3,5}\b", "android"),
    (r"Windows|Xbox", "windows"),
    (r"CrOS", "chromeos"),
    (r"Macintosh|Mac OS X|Darwin", "macos"),
    (r"Linux|X11|Ubuntu", "linux"),
    (r"BlackBerry|BB10|PlayBook|KAIOS", "other"),
)
BROWSERS = _rules(
    ((r"FBA[NV]|Instagram|\bGSA/|\bLine/|MicroMessenger|Snapchat|Pinterest|TikTok|musical_ly"
     r"|Twitter|LinkedInApp|BingSapphire|Spotify|; ?wv\)"), "app"),
    (r"Edg(?:e|A|iOS)?/", "edge"),
    (r"OPR/|OPT/|OPiOS|Opera", "opera"),
    (r"SamsungBrowser", "samsung"),
    ((r"(?:YaBrowser|Ddg|DuckDuckGo|Vivaldi|Brave|UCBrowser|UCWEB|Silk|Avast|AVG|Whale|Puffin"
     r"|MiuiBrowser|HuaweiBrowser|QQBrowser|Maxthon|SeaMonkey|PaleMoon)\b"), "other"),
    (r"Firefox/|FxiOS", "firefox"),
    (r"MSIE |Trident/", "internet explorer"),
    (r"Chrome/|CriOS|Chromium/", "chrome"),
    (r"Android.*Version/", "other"),
    (r"Safari/", "safari"),
    (r"AppleWebKit.*Mobile/", "app"),
)  # fmt: skip


def classes_of(agent: str | None) -> AgentClasses:
    """The classes of a user agent; quotes around it, as the classic eventsim sends, don't count.

    >>> classes_of("Mozilla/5.0 (Windows NT 10.0; rv:137.0) Gecko/20100101 Firefox/137.0")
    AgentClasses(device_type='desktop', operating_system='windows', browser='firefox')
    >>> classes_of("curl/8.5.0").browser
    'bot'
    """
    if agent is None:
        return UNKNOWN
    return _classes_of(agent[:LONGEST].strip('" '))


@lru_cache(maxsize=DISTINCT_AGENTS)
def _classes_of(told: str) -> AgentClasses:
    if BOTS.search(told):
        return AgentClasses(BOT, BOT, BOT)
    return AgentClasses(_first(DEVICES, told), _first(SYSTEMS, told), _first(BROWSERS, told))


def _first(rules: Rules, agent: str) -> str | None:
    return next((name for pattern, name in rules if pattern.search(agent)), None)
