"""Configuration of the documentation, whose figures and tables are made by code at build time."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ONLINE = os.environ.get("NETSCI_DST_DOCS_ONLINE") or os.environ.get("READTHEDOCS")
sys.path.insert(0, str(HERE))

import netsci_dst  # noqa: E402

project = "netsci-dst"
author = "The netsci-dst developers"
copyright = "2026, the netsci-dst developers"
version = release = netsci_dst.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx.ext.intersphinx",
    "_mathml",
]
html_math_renderer = "mathml"
# Links into other documentation, where the network allows: a build without it has plain names.
intersphinx_mapping = (
    {}
    if not ONLINE
    else {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
        "networkx": ("https://networkx.org/documentation/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
    }
)
intersphinx_timeout = 5
intersphinx_disabled_reftypes = ["std:doc"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
# A name in single backticks of a docstring is code.
default_role = "code"
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_rtype = False
exclude_patterns = ["_build", "results", "_generated/*.md", "**/.ipynb_checkpoints"]
html_theme = "furo"
html_title = "netsci-dst"
html_static_path = ["_static"]
suppress_warnings = ["myst.xref_missing"]
nitpicky = True
# Types in signatures are often other packages' or private; what a page or docstring refers to by
# name (functions, methods, terms, labels) must be there.
nitpick_ignore_regex = [(r"py:(class|exc)", r".*"), (r"py:obj", r"typing\..*")]
smartquotes_action = "qe"  # not dashes: --device must stay what one types


def _named(app, what, name, obj, options, signature, returned):
    """Write signatures with the names of types that people know."""
    import _signatures

    signature = _signatures.named(signature) if signature else signature
    returned = _signatures.named(returned) if returned else returned
    return signature, returned


def setup(app):
    import _generate

    app.connect("autodoc-process-signature", _named)
    _generate.everything(HERE)
