"""The area across epochs, kept up to date and computed at once."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from netsci_dst.area import Area, area_across_epochs


def test_by_hand():
    area = Area()
    assert area.add(1.0, 0.5) == 0.5
    area = Area()
    assert [area.add(*point) for point in [(1, 0.0), (2, 1.0), (3, 1.0)]] == [0.0, 0.5, 0.75]


def test_kept_up_to_date_it_is_the_trapezoid_of_all():
    rng = np.random.default_rng(0)
    x, y = np.cumsum(rng.random(50) + 0.1), rng.random(50)
    area = Area()
    for n in range(1, 51):
        found = area.add(x[n - 1], y[n - 1])
        if n > 1:
            assert found == pytest.approx(trapezoid(y[:n], x[:n]) / (x[n - 1] - x[0]))
    assert area_across_epochs(x, y) == found
    assert area.n == 50
