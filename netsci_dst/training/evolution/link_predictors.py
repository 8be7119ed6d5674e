"""Regrowth by Cannistraci-Hebb and other link predictors: topology alone says what grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry

if TYPE_CHECKING:
    from torch import Tensor

    from .links import Candidates, Links

_SOURCES = {
    "ch3_l3p": "CHT eq. 1",
    "ch2_l3n": "CHTss algorithm 1",
    "ch3_l3n": "after CHTss algorithm 1",
    "ch2_l3p": "CHT app. J",
    "ra_l3": "Muscoloni et al. 2020",
    "cn_l3": "Muscoloni et al. 2020",
    "spm": "Lü et al. 2015",
}


def _regrowth_by(predictor: str) -> Any:
    def regrow(links: Links, n: int, sub_ranking: bool = False) -> Tensor | Candidates:
        return links.predicted(predictor, n, sub_ranking)

    regrow.__name__ = regrow.__qualname__ = predictor
    regrow.__doc__ = f"The absent links that {predictor.upper().replace('_', '-')} predicts."
    return regrow


for _name, _source in _SOURCES.items():
    registry.register("regrowth", _name, source=_source)(_regrowth_by(_name))
