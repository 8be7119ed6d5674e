"""Networks of others: one reader per form, one entry for all of them."""

from .forms import FORMS
from .read import Reading, read, read_network

__all__ = ["FORMS", "Reading", "read", "read_network"]
