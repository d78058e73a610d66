import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from streaming.user_agents import BOT, UNKNOWN, AgentClasses, classes_of

BROWSERS = Path(__file__).parents[2] / "eventsim" / "data" / "browsers.csv"
MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IOS = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "classes"),
    [
        pytest.param(
            f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/135.0.0.0 Safari/537.36",
            ("desktop", "windows", "chrome"), id="Chrome on Windows"),
        pytest.param(
            f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/135.0.0.0 Safari/537.36 "
            "Edg/135.0.0.0", ("desktop", "windows", "edge"), id="Edge"),
        pytest.param(
            f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/132.0.0.0 Safari/537.36 "
            "OPR/117.0.0.0", ("desktop", "windows", "opera"), id="Opera"),
        pytest.param(
            f"{MOZILLA} (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
            ("desktop", "windows", "internet explorer"), id="Internet Explorer"),
        pytest.param(
            f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {IOS} Version/18.3.1 Safari/605.1.15",
            ("desktop", "macos", "safari"), id="Safari on a Mac"),
        pytest.param(
            f"{MOZILLA} (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
            ("desktop", "linux", "firefox"), id="Firefox on Linux"),
        pytest.param(
            f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/134.0.0.0 Safari/537.36",
            ("desktop", "chromeos", "chrome"), id="a Chromebook"),
        pytest.param(
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_4 like Mac OS X) {IOS} Version/18.4 "
            "Mobile/15E148 Safari/604.1", ("phone", "ios", "safari"), id="an iPhone"),
        pytest.param(
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_4 like Mac OS X) {IOS} CriOS/135.0 "
            "Mobile/15E148 Safari/604.1", ("phone", "ios", "chrome"), id="Chrome on an iPhone"),
        pytest.param(
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_4 like Mac OS X) {IOS} Mobile/15E148 "
            "Instagram 371.0.0.27", ("phone", "ios", "app"), id="inside an app"),
        pytest.param(
            f"{MOZILLA} (iPad; CPU OS 18_4 like Mac OS X) {IOS} Version/18.4 Mobile/15E148 "
            "Safari/604.1", ("tablet", "ios", "safari"), id="an iPad"),
        pytest.param(
            f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} Chrome/135.0.0.0 Mobile Safari/537.36",
            ("phone", "android", "chrome"), id="an Android phone"),
        pytest.param(
            f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} Chrome/135.0.0.0 Safari/537.36",
            ("tablet", "android", "chrome"), id="an Android tablet"),
        pytest.param(
            f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 "
            "Mobile Safari/537.36", ("phone", "android", "samsung"), id="Samsung's browser"),
        pytest.param(
            f"{MOZILLA} (Linux; Android 9; KFTRWI) {WEBKIT} Silk/134.1 like Chrome/134.0 "
            "Safari/537.36", ("tablet", "android", "other"), id="a Fire tablet"),
        pytest.param(
            f"{MOZILLA} (SMART-TV; LINUX; Tizen 7.0) {WEBKIT} Chrome/94.0 TV Safari/537.36",
            ("tv", "other", "chrome"), id="a television"),
        pytest.param(
            f"{MOZILLA} (PlayStation; PlayStation 5/8.00) {IOS} Version/14.0 Safari/605.1.15",
            ("console", "other", "safari"), id="a console"),
        pytest.param('"Mozilla/5.0 (Windows NT 6.1; rv:31.0) Gecko/20100101 Firefox/31.0"',
                     ("desktop", "windows", "firefox"), id="in quotes, as the classic sends it"),
    ],
)  # fmt: skip
def test_people_are_told_by_device_system_and_browser(agent, classes):
    assert classes_of(agent) == AgentClasses(*classes)


@pytest.mark.parametrize(
    "agent",
    [
        f"{MOZILLA} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        (
            f"{MOZILLA} (Linux; Android 6.0.1; Nexus 5X) {WEBKIT} Chrome/99.0 Mobile Safari/537.36 "
            "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
        ),
        f"{MOZILLA} (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        f"{MOZILLA} (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "Baiduspider+(+http://www.baidu.com/search/spider.htm)",
        f"{MOZILLA} {WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Twitterbot/1.0",
        "Mediapartners-Google",
        f"{MOZILLA} (X11; Linux x86_64) {WEBKIT} HeadlessChrome/120.0 Safari/537.36",
        "curl/8.5.0",
        "Wget/1.21.4",
        "python-requests/2.32.3",
        "Go-http-client/2.0",
        "okhttp/4.12.0",
        "Apache-HttpClient/4.5.14 (Java/17)",
        "PostmanRuntime/7.43.0",
    ],
)
def test_programs_are_a_class_of_their_own(agent):
    assert classes_of(agent) == AgentClasses(BOT, BOT, BOT)


@pytest.mark.parametrize(
    "agent", [None, "", '""', "x", "Mozilla/5.0", "\x00" * 100, "(" * 300_000], ids=repr
)
def test_what_does_not_tell_is_unknown_and_not_guessed(agent):
    assert classes_of(agent) == UNKNOWN


def test_eventsims_browsers_are_told_as_its_table_has_them():
    with BROWSERS.open() as file:
        told = [(each, classes_of(each["user_agent"])) for each in csv.DictReader(file)]

    assert all(each["device_type"] == classes.device_type for each, classes in told)
    missing = Counter(part is None for _, classes in told for part in classes)
    assert missing[True] <= 1


@pytest.mark.shared
def test_the_classics_browsers_are_told_without_exception(shared_data):
    with gzip.open(shared_data / "eventsim/classic-output/page_view_events.json.gz") as lines:
        agents = {json.loads(line)["userAgent"] for line in lines}

    assert not [each for each in agents if None in classes_of(each)]
