#!/usr/bin/env python3
"""The oracle of working days: PyPI chinesecalendar, of which nothing in src/ knows.

    pip install chinesecalendar==1.11.0
    workdays.py                 write workdays-2022-2026.txt (one line a year: a flag a day, 1 for a working day)
    workdays.py --check         fail unless that file and assets/calendar are what the library says
    workdays.py --binary PATH   fail unless `PATH reckon` counts as the library does, from every day 0 to 60 working
                                days on and back

The Rust tests read the committed file, so that they need neither Python nor a network.
"""

import csv
import datetime
import importlib.metadata
import pathlib
import subprocess
import sys

VERSION = "1.11.0"
YEARS = range(2022, 2027)
COUNTS = range(61)
HERE = pathlib.Path(__file__).resolve().parent
FLAGS = HERE / "workdays-2022-2026.txt"
CALENDAR = HERE.parent.parent / "assets" / "calendar" / "cn-2022-2026.csv"

found = importlib.metadata.version("chinesecalendar")
if found != VERSION:
    sys.exit(f"chinesecalendar {VERSION} is the oracle, not {found}")
import chinese_calendar  # noqa: E402


def days(year):
    first = datetime.date(year, 1, 1)
    length = (datetime.date(year + 1, 1, 1) - first).days
    return [first + datetime.timedelta(n) for n in range(length)]


ALL = [day for year in YEARS for day in days(year)]


def flags():
    flag = lambda day: "1" if chinese_calendar.is_workday(day) else "0"
    return "".join(f"{year} {''.join(map(flag, days(year)))}\n" for year in YEARS)


def check():
    """The committed file, and the data that every installation begins with."""
    if FLAGS.read_text() != flags():
        sys.exit(f"{FLAGS.name} is not what chinesecalendar {VERSION} says; write it anew")
    rows = csv.DictReader(CALENDAR.read_text(encoding="utf-8").splitlines())
    kinds = {datetime.date.fromisoformat(row["date"]): row["kind"] for row in rows}
    wrong = []
    for day in ALL:
        plain = day.weekday() < 5
        works = {"holiday": False, "makeup_workday": True}.get(kinds.pop(day, None), plain)
        if works != chinese_calendar.is_workday(day):
            wrong.append(str(day))
    if wrong or kinds:
        sys.exit(f"{CALENDAR.name} differs: {wrong} {[str(day) for day in kinds]}")
    print(f"{len(ALL)} days of the oracle's file and of {CALENDAR.name} are as chinesecalendar {VERSION} says")


def walk(start, sign):
    """Yields (count, day), asking the library day by day; no day where its years end."""
    yield 0, start
    day = start
    for count in COUNTS[1:]:
        while day is not None:
            day += datetime.timedelta(sign)
            if day.year not in YEARS:
                day = None
            elif chinese_calendar.is_workday(day):
                break
        yield sign * count, day


def check_binary(path):
    asked = [(start, *sum) for start in ALL for sign in (1, -1) for sum in walk(start, sign)]
    text = "".join(f"{start} {count}\n" for start, count, _ in asked)
    done = subprocess.run([path, "reckon"], input=text, capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    if len(told) != len(asked):
        sys.exit(f"{len(asked)} questions, {len(told)} answers")
    compared = beyond = 0
    for (start, count, wanted), line in zip(asked, told):
        try:
            first, number, day, status = line.split()
        except ValueError:
            sys.exit(f"unreadable: {line}")
        if (first, int(number)) != (str(start), count):
            sys.exit(f"{start} {count} was asked: {line}")
        if wanted is None:
            beyond += 1
            if status != "provisional" or datetime.date.fromisoformat(day).year in YEARS:
                sys.exit(f"leaves the published years and should be provisional: {line}")
        else:
            compared += 1
            if (day, status) != (str(wanted), "confirmed"):
                sys.exit(f"{wanted} expected: {line}")
    print(f"{compared} sums are as chinesecalendar {VERSION} says; {beyond} leave its years and say so")


match sys.argv[1:]:
    case []:
        FLAGS.write_text(flags())
    case ["--check"]:
        check()
    case ["--binary", path]:
        check_binary(path)
    case _:
        sys.exit(__doc__)
