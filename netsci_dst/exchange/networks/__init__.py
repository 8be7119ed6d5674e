"""Networks of others: one reader per form, one entry for all of them."""

from .forms import FORMS
from .read import Reading, read, read_network
from .read_links import read_links
from .snapshot import is_network_file, names_a_file, read_snapshot
from .source import STANDARD_INPUT

__all__ = [
    "FORMS",
    "STANDARD_INPUT",
    "Reading",
    "is_network_file",
    "names_a_file",
    "read",
    "read_links",
    "read_network",
    "read_snapshot",
]
