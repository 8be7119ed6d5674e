"""How the weights of a sparse layer are stored and computed: one way a file.

``masked`` keeps the model's own parameter; ``csr`` keeps links alone. `convert` puts weights of a
model into a format, `choose_format` says which is the better one.
"""

from .choose import choose_format
from .convert import convert, to_dense
from .csr.linear import CsrLinear

__all__ = ["CsrLinear", "choose_format", "convert", "to_dense"]
