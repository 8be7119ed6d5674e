"""Scores for the absent links of one sandwich layer.

Every predictor takes the layer's adjacency, shape (n_source, n_target), as a numpy array, a scipy
sparse matrix or a torch tensor, and returns scores of that shape, zero on existing links. Very
large layers are served by candidates only: `top_links`, `positive_links` and `scores_at`.
"""

from .candidates import positive_links, scores_at, top_links
from .nodes import ch2_l3n, ch3_l3n
from .paths import ch2_l3p, ch3_l3p, cn_l3, ra_l3
from .perturbation import spm
from .predictor import Predictor

__all__ = [
    "Predictor",
    "ch2_l3n",
    "ch2_l3p",
    "ch3_l3n",
    "ch3_l3p",
    "cn_l3",
    "positive_links",
    "ra_l3",
    "scores_at",
    "spm",
    "top_links",
]
