"""Every command line on README and on the pages is one that the program takes."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from netsci_dst.cli._app import application
from netsci_dst.cli._recipe_options import merge_settings, with_hidden
from netsci_dst.recipe import Recipe, full_name, load_recipe

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(page: Path) -> list[list[str]]:
    """Return the words of each command of ours in the page's blocks for a shell."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r";|&&|\||& ", line.partition(" #")[0]):
                start = re.search(r"(?:^|\s)(netsci-dst|-m netsci_dst) (?!\$)", part)
                if start:
                    words = part[start.end() :].replace("$SLURM_ARRAY_TASK_ID", "0")
                    found.append(shlex.split(words))
    return found


LINES = [(page, words) for page in PAGES for words in commands(page)]


@pytest.fixture(scope="module")
def group():
    return typer.main.get_command(application(full=True))


@pytest.mark.parametrize(
    ("page", "words"), LINES, ids=[f"{page.name}: {' '.join(words)}" for page, words in LINES]
)
def test_it_is_taken(group, page, words):
    name, *arguments = words
    command = group.commands[name]
    given = command.make_context(name, arguments).params
    if name not in ("train", "sweep") or str(given["recipe"]).endswith((".toml", "RECIPE")):
        return
    asked = {
        key: value
        for key, value in given.items()
        if key in Recipe.model_fields and value is not None
    }
    changes = merge_settings(with_hidden(asked, given["hidden"]), given["setting"])
    for item in given.get("vary") or ():
        field, _, values = item.partition("=")
        merge_settings(changes, [f"{full_name(field)}={values.partition(',')[0]}"])
    if "magnitude_and_strength" not in " ".join(words):  # which a block of that page registers
        load_recipe(given["recipe"], **changes)


def test_there_are_many():
    assert len(LINES) > 50
    assert {words[0] for _, words in LINES} > {"train", "analyze", "report", "sweep", "ls", "diff"}
