"""The page on reliability names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"


def test_every_test_that_is_named_exists():
    there = {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    table = PAGE.read_text().split("## Which test guards what")[1].split("\n## ")[0]
    named = re.findall(r"`(test_\w+)`", table)
    assert len(named) > 20
    assert set(named) <= there
    files = re.findall(r"`((?:tests|benchmarks)/[\w/]+\.py)`", PAGE.read_text())
    assert files
    assert all((TESTS.parent / file).is_file() for file in files)
