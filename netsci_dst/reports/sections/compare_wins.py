"""How often a method is best, and which methods can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, View
from ..comparison.model import Comparison
from ..page_section import section


@section(
    "wins",
    page="comparison",
    title="Wins and tests",
    after="sensitivity",
    lead="Over how many settings is a method the best, and can two of them be told apart?",
    definition="A win is the best mean of a setting and seed among the sparse methods that are in "
    "all of them; ties count in equal parts; shown only over two or more settings. Pairs of runs "
    "of equal setting and seed are compared by Student's t below ten pairs, from ten on by "
    "Wilcoxon's signed-rank test, two-sided, not corrected for the number of tests.",
    source="Zhang et al. (CHTs), 2024, fig. 3; Wilcoxon, Biometrics Bulletin 1, 1945",
    computed_by="win_rate, paired_wilcoxon",
)
def compare_wins(comparison: Comparison) -> Iterator[Block]:
    """Show win rates over settings and the pairwise comparisons."""
    if sum(v.method != "dense" for v in comparison.variants) > 1:
        yield View("compare-wins", "Wins and pairwise comparisons", first=" ")
