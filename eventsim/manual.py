"""The command line's words, and the manual that `--help` prints."""

import argparse
from pathlib import Path

LOCAL_BROKER = "127.0.0.1:9092"
FAULTS = {
    "poison": "broken messages beside good ones: cut JSON, wrong types, missing fields, invalid "
    "UTF-8, oversized",
    "resend": "messages that are sent twice",
    "conflict": "copies with the same identity and time but other content",
    "late": "messages that are sent late, by hours",
    "out-of-order": "messages that up to a minute of others overtake",
    "clock-skew": "share of the sessions on a device whose clock is wrong by up to half an hour",
    "bots": "songs that a bot starts twenty times more, a second apart: listens, page views, and "
    "where there is a player its plays and skips",
    "drop": "messages that are lost between --drop-from and --drop-to",
}

DESCRIPTION = """\
Simulates the listeners of a music-streaming service: who plays which song, who looks at which
page, logs in, changes plan, pauses, skips. Writes five streams of events that agree with each
other, as JSON: to Kafka, to files, or to both.

  listen_events         songs that were started
  page_view_events      pages that were requested
  auth_events           attempts to log in
  status_change_events  changes of plan
  music_events          what listeners do with the player

The same seed gives the same bytes. `python -m eventsim replay --help` tells how to publish
event files that exist already; `python -m eventsim songs FILE` writes down the built-in songs."""

EXAMPLES = """\
examples:
  a day of 10,000 listeners, to files:
    python -m eventsim --nusers 10000 --output events
  the same to Kafka, with half a percent of broken messages and of exact copies:
    python -m eventsim --nusers 10000 --kafka 127.0.0.1:9092 --poison 0.005 --resend 0.005
  live, from yesterday on, until Ctrl-C:
    python -m eventsim --continuous --from 1 --kafka 127.0.0.1:9092
  a configuration of the classic eventsim, with real songs:
    python -m eventsim --config example-config.json --nusers 30000 --growth-rate 0.01 \\
      --start-time 2024-01-01 --end-time 2024-03-09 --songs songs.csv --output events

What the command line says goes before what the configuration file says, and that before the
built-in values. Times without a zone are UTC."""


def simulation_parser() -> argparse.ArgumentParser:
    """What `python -m eventsim` understands."""
    parser = argparse.ArgumentParser(
        prog="python -m eventsim",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    listeners = parser.add_argument_group("who listens, and to what")
    _add_population(listeners)
    _add_similar(listeners)
    _add_time(parser.add_argument_group("when"))
    _add_outputs(parser.add_argument_group("where to; one at least"))
    _add_faults(parser.add_argument_group("faults, off by default; shares of the messages, 0 to 1"))
    return parser


def _add_population(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--config",
        "-c",
        type=Path,
        metavar="FILE",
        help="configuration, as of the classic eventsim; without: the built-in one",
    )
    add("--nusers", "-n", type=int, metavar="N", help="listeners at the start")
    add(
        "--growth-rate",
        "-g",
        type=float,
        metavar="R",
        help="growth of their number in a year, such as 0.3",
    )
    add(
        "--attrition-rate",
        "-a",
        type=float,
        metavar="R",
        help="how many leave for good in a year, such as 0.1",
    )
    add("--userid", "-u", type=int, metavar="ID", help="id of the first listener")
    add(
        "--seed",
        "--randomseed",
        "-r",
        type=int,
        dest="seed",
        metavar="SEED",
        help="another seed gives other listeners",
    )
    add("--tag", metavar="TEXT", help="tag on each event, such as the group of an A/B test")
    add("--songs", type=Path, metavar="FILE",
        help="songs: a CSV with artist, title and duration (song_id and plays are used if "
             "there), such as the Million Song Dataset's; without: 10,000 invented")  # fmt: skip


def _add_similar(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--similar-songs", type=Path, metavar="FILE",
                       help="pairs of songs of which one may follow the other: a CSV with "
                            "song_id and similar_song_id")  # fmt: skip


def _add_time(group: argparse._ArgumentGroup) -> None:
    start = group.add_mutually_exclusive_group()
    start.add_argument("--start-time", "-s", metavar="TIME", help="first moment, ISO 8601")
    start.add_argument("--from", "-f", dest="from_days", type=_days, metavar="DAYS",
                       help="start so many days ago")  # fmt: skip
    end = group.add_mutually_exclusive_group()
    end.add_argument("--end-time", "-e", metavar="TIME", help="last moment, exclusive")
    end.add_argument("--to", "-t", dest="to_days", type=_days, metavar="DAYS",
                     help="end so many days ago")  # fmt: skip
    group.add_argument("--continuous", action="store_true",
                       help="catch up with the clock, then keep pace with it until the end "
                            "time or Ctrl-C")  # fmt: skip


def _add_faults(group: argparse._ArgumentGroup) -> None:
    for name, what in FAULTS.items():
        group.add_argument(f"--{name}", type=_share, default=0, metavar="SHARE", help=what)
    add = group.add_argument
    add("--late-seconds", type=_delay, default=7200, metavar="S", help="mean delay of late ones")
    add("--drop-from", metavar="TIME", help="when the drop in volume begins")
    add("--drop-to", metavar="TIME", help="when it ends")
    add("--fault-seed", type=int, metavar="SEED", help="other messages get the faults")
    add(
        "--ledger",
        type=Path,
        metavar="FILE",
        help="write down each fault, and the events of each topic and hour, as JSON lines",
    )


def _add_outputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument("folder", type=Path, nargs="?", metavar="FOLDER",
                       help="the same as --output FOLDER")  # fmt: skip
    group.add_argument("--output", "-o", type=Path, metavar="FOLDER",
                       help="a file for each topic, <topic>.json, an event a line")  # fmt: skip
    form = group.add_mutually_exclusive_group()
    form.add_argument("--format", choices=["ndjson", "csv", "parquet"], default="ndjson",
                      help="of the files; csv and parquet: the same fields as columns of "
                           "<topic>.csv or .parquet, in the same order")  # fmt: skip
    form.add_argument("--csv", action="store_const", dest="format", const="csv",
                      help="the same as --format csv")  # fmt: skip
    group.add_argument("--compression", choices=["none", "gzip", "zstd"], default="none",
                       help="of the files; JSON and CSV get .gz or .zst behind "
                            "their names")  # fmt: skip
    _add_kafka(group)
    _add_report(group)
    group.add_argument("--workers", type=_count, default=1, metavar="N",
                       help="processes that share the topics; the bytes stay the same")  # fmt: skip
    group.add_argument("--state", type=Path, metavar="FILE",
                       help="save where the simulation stands; if FILE exists, go on from "
                            "there, adding to the files")  # fmt: skip


def _add_kafka(group: argparse._ActionsContainer) -> None:
    group.add_argument("--kafka", "--kafkaBrokerList", nargs="?", const="", metavar="HOST:PORT",
                       help="a Kafka broker; without HOST:PORT that of KAFKA_BOOTSTRAP_SERVERS, "
                            f"else {LOCAL_BROKER}. Missing topics are created.")  # fmt: skip


def _add_report(group: argparse._ActionsContainer) -> None:
    group.add_argument("--report", type=Path, metavar="FILE",
                       help="write what was sent, by topic, as JSON")  # fmt: skip


def replay_parser() -> argparse.ArgumentParser:
    """What `python -m eventsim replay` understands."""
    parser = argparse.ArgumentParser(
        prog="python -m eventsim replay",
        description="Publishes event files to Kafka: each line a message, unchanged, to the topic "
        "that the file is named by (<topic>.json, .ndjson or .jsonl, plain or with .gz or .zst "
        "behind), keyed by user id, else session id. A line that is no JSON is published too, "
        "without a key; one that is larger than Kafka takes is counted as refused. Without "
        "--kafka the files are only read, so that --report tells what they hold.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the files' folder")
    _add_kafka(parser)
    _add_report(parser)
    return parser


def songs_parser() -> argparse.ArgumentParser:
    """What `python -m eventsim songs` understands."""
    parser = argparse.ArgumentParser(
        prog="python -m eventsim songs",
        description="Writes the 10,000 built-in songs as a CSV with song_id, artist, title, "
        "duration, plays, genre and year (0: unknown): to look at, or to change and give to "
        "--songs.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the CSV to write")
    parser.add_argument("--zipf-exponent", type=_exponent, default=0.8, metavar="S",
                        help="how steeply popularity falls; 0.8 if left out")  # fmt: skip
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _number(text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 <= number <= most:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {most:,.0f}")
    return number


def _exponent(text: str) -> float:
    return _number(text, 5)


def _days(text: str) -> float:
    return _number(text, 36_500)


def _delay(text: str) -> float:
    return _number(text, 86_400 * 365)


def _share(text: str) -> float:
    return _number(text, 1)
