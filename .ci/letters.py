#!/usr/bin/env python3
"""Looks at the demo's letters from outside, with poppler: 18 of them, numbered 1 to 18, each to its own street office,
PDF/A-2b with all fonts embedded, 演示样张 on every page, and every count in the text equal to the rows of the annex."""
import pathlib
import re
import subprocess
import sys


def text_of(path, first=1, last=0):
    pages = ["-f", str(first)] + (["-l", str(last)] if last else [])
    return subprocess.run(["pdftotext", "-layout", *pages, path, "-"], capture_output=True, check=True, text=True).stdout


def look(path):
    bytes_ = path.read_bytes()
    squeezed = re.sub(r"\s+", "", text_of(path))
    assert b"pdfaid:part>2<" in bytes_ or b"pdfaid:part=\"2\"" in bytes_, "is not PDF/A-2"
    assert b"pdfaid:conformance>B<" in bytes_ or b"pdfaid:conformance=\"B\"" in bytes_, "is not PDF/A-2b"
    fonts = subprocess.run(["pdffonts", path], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert fonts and all(re.search(r"\s(yes)\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", line) for line in fonts), "a font is not embedded"
    pages = int(re.search(r"Pages:\s+(\d+)", subprocess.run(["pdfinfo", path], capture_output=True, check=True, text=True).stdout)[1])
    for page in range(1, pages + 1):
        one = re.sub(r"\s+", "", text_of(path, page, page))
        assert all(character in one for character in "演示样张"), f"page {page} bears no 演示样张"
    number = re.search(r"演示函〔2026〕(\d+)号", squeezed)
    office = re.search(r"([一-鿿]+街道办事处)：", squeezed)
    assert number and office, "has no number or no addressee"
    assert "责令" not in squeezed, "says 责令"
    found = re.search(r"检查发现问题(\d+)个", squeezed)
    raw = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True, text=True).stdout
    rows = len(set(re.findall(r"440105\d{3}-2026-\d{4}", re.sub(r"[\s\u200b]+", "", raw))))
    assert (int(found[1]) if found else 0) == rows, f"says {found and found[1]} findings, prints {rows} rows"
    return int(number[1]), office[1], pages, rows


def main():
    letters = sorted(pathlib.Path(sys.argv[1]).glob("*.pdf"))
    seen = []
    for path in letters:
        try:
            seen.append(look(path))
        except AssertionError as why:
            sys.exit(f"{path.name}: {why}")
    assert [s[0] for s in seen] == list(range(1, 19)), f"numbers are {[s[0] for s in seen]}"
    assert len({s[1] for s in seen}) == 18, "two letters go to one office"
    print(f"18 letters, {sum(s[2] for s in seen)} pages, {sum(s[3] for s in seen)} findings: numbers, offices, counts and PDF/A-2b are right")


main()
