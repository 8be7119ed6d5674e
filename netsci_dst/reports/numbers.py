"""Numbers as people read them: rounded to their error, with units, thousands apart."""

from __future__ import annotations

import math

THIN, MINUS = "\u202f", "\u2212"
PLACES = 3  # decimals at most, of plain numbers
PERCENT_PLACES = 2
# A half goes up, also one that lies a rounding error below: the page computes by another order.
_UP = 1 + 1e-9


def fixed(value: float, places: int) -> str:
    """Return a number with so many decimals, halves away from zero.

    Examples
    --------
    >>> fixed(12.5, 0), fixed(0.0645, 3), fixed(-0.5, 0)
    ('13', '0.065', '-1')
    """
    return f"{value * _UP:.{places}f}"


def rounded(value: float, error: float | None = None, *, percent: bool = False) -> str:
    """Return a number to the second digit of its error, in per cent where it is a share.

    Without an error to two decimals of a per cent, or to three significant digits.

    Examples
    --------
    >>> rounded(0.8431, 0.0181, percent=True), rounded(0.181, 0.000256), rounded(2.34567)
    ('84.3', '0.181', '2.35')
    """
    if value is None or not math.isfinite(value):
        return "–"
    number, spread = (100 * value, _times(error, 100)) if percent else (value, error)
    if spread is None or not math.isfinite(spread) or spread <= 0:
        if percent:
            return _grouped(fixed(_below_whole(number, value), PERCENT_PLACES))
        return significant(number)
    return _grouped(fixed(number, _places(spread, percent)))


def with_error(
    value: float, error: float | None, *, percent: bool = False, unit: bool = True
) -> str:
    """Return ``value ± error`` with as many decimals on both sides.

    Examples
    --------
    >>> with_error(0.8431, 0.0181, percent=True), with_error(0.181, 0.000256)
    ('84.3 ± 1.8 %', '0.181 ± 0.000')
    """
    text = rounded(value, error, percent=percent)
    if text != "–" and error is not None and math.isfinite(error):
        spread = 100 * error if percent else error
        places = _places(spread, percent) if spread > 0 else (PERCENT_PLACES if percent else PLACES)
        text = f"{text} ± {_grouped(fixed(spread, places))}"
    return f"{text} %" if percent and unit and text != "–" else text


def _places(error: float, percent: bool) -> int:
    second = 1 - math.floor(math.log10(error)) if error > 0 else PLACES
    return min(max(second, 0), PERCENT_PLACES if percent else PLACES)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _below_whole(number: float, share: float) -> float:
    # What is less than all must not read as all.
    return 99.99 if share < 1 and fixed(number, PERCENT_PLACES) == "100.00" else number


def significant(value: float, digits: int = 3) -> str:
    """Return a number with this many digits that count, never as a power below a million.

    Examples
    --------
    >>> significant(1234.6), significant(0.00012345), significant(3.2e9)
    ('1235', '0.000123', '3.2e+9')
    """
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if value != 0 and (size >= 1e7 or size < 1e-5):
        mantissa, power = f"{value * _UP:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}e{int(power):+d}"
    places = max(0, digits - 1 - math.floor(math.log10(size))) if value else 0
    text = fixed(value, places)
    return _grouped(text.rstrip("0").rstrip(".") if "." in text else text)


def percent(share: float, places: int = PERCENT_PLACES) -> str:
    """Return a share as a percentage; never 100 % for what is less, nor 0 % for what is more.

    Examples
    --------
    >>> percent(0.5), percent(0.99999), percent(0.00001)
    ('50.00 %', '99.99 %', '0.01 %')
    """
    if not math.isfinite(share):
        return "–"
    step = 10.0**-places
    number = 100 * share
    if 0 < share < 1:
        number = min(max(number, step), 100 - step)
    return f"{fixed(number, places)} %"


def whole_percent(share: float) -> str:
    """Return a share that was asked for, such as a sparsity, with the digits that it has.

    Examples
    --------
    >>> whole_percent(0.95), whole_percent(0.9975)
    ('95 %', '99.75 %')
    """
    return f"{100 * share:.6g} %"


def p_value(p: float, limit: float | None = None) -> str:
    """Return p as it is written: very small ones as a bound, one at its limit as that limit.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0523), p_value(0.005, 0.005)
    ('< 0.001', '= 0.052', '≤ 0.005')
    """
    if not math.isfinite(p):
        return "unknown"
    if limit is not None and p <= limit:
        return f"≤ {significant(limit, 2)}"
    return "< 0.001" if p < 0.001 else f"= {significant(p, 2)}"


def count(n: float) -> str:
    """Return an integer with thin spaces, at which no line breaks, between thousands.

    Examples
    --------
    >>> count(1234567).replace(THIN, "_")
    '1_234_567'
    """
    return f"{round(n):,}".replace(",", THIN)


_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float, unit: str) -> str:
    """Return a large amount with a prefix, such as FLOPs or bytes.

    Examples
    --------
    >>> amount(2.5e12, "FLOPs"), amount(1536, "B"), amount(12, "B")
    ('2.5 TFLOPs', '1.54 kB', '12 B')
    """
    for size, prefix in _PREFIXES:
        if abs(value) >= size:
            return f"{significant(value / size)} {prefix}{unit}"
    return f"{significant(value)} {unit}"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(4.21), duration(75), duration(7260)
    ('4.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _grouped(text: str) -> str:
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, dot, rest = digits.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", THIN)
    return f"{sign and MINUS}{whole}{dot}{rest}"
