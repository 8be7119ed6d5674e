import base64
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netsci_dst.reports.pack import Pack, smallest, unit16, varints


def decode_varints(data: bytes) -> list[int]:
    out, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            out.append(value)
            value = shift = 0
    assert shift == 0
    return out


def unpack(pack: Pack, name: str) -> np.ndarray:
    """Decode as the page does."""
    entry = pack.manifest[name]
    block = gzip.decompress(base64.b64decode(pack.text()))
    kind = np.dtype(entry["type"])
    part = np.frombuffer(block[entry["at"] : entry["at"] + entry["bytes"]], np.uint8)
    values = part.reshape(kind.itemsize, -1).T.copy().view(kind).reshape(entry["shape"])
    return values.cumsum(axis=0, dtype=kind) if entry["delta"] else values


@given(st.lists(st.integers(0, 2**62), max_size=50))
def test_varints_hold_every_number(values):
    assert decode_varints(varints(np.array(values, dtype=np.int64))) == values


@pytest.mark.parametrize(("value", "size"), [(127, 1), (128, 2), (16383, 2), (16384, 3)])
def test_varints_are_as_long_as_they_must_be(value, size):
    assert len(varints(np.array([value]))) == size


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.uint32]),
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6),
    ),
    st.booleans(),
)
def test_a_pack_gives_back_what_was_put_in(values, over_time):
    pack = Pack()
    pack.add_bytes("before", b"\x01\x02\x03")
    pack.add("values", values, over_time=over_time)
    assert np.array_equal(unpack(pack, "values"), values)
    assert pack.manifest["values"]["at"] == 3


def test_floats_keep_their_bits():
    pack = Pack()
    values = np.array([np.nan, 1.5, -0.0, np.inf], dtype=np.float32)
    pack.add("values", values)
    assert np.array_equal(unpack(pack, "values").view(np.uint32), values.view(np.uint32))


def test_equal_arrays_give_equal_text(monkeypatch):
    texts = []
    for now in (1e9, 1e9 + 100):
        monkeypatch.setattr("time.time", lambda now=now: now)
        pack = Pack()
        pack.add("a", np.arange(100, dtype=np.uint16))
        texts.append(pack.text())
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("top", "kind"), [(0, "uint8"), (255, "uint8"), (256, "uint16"), (65536, "uint32")]
)
def test_smallest_holds_the_largest(top, kind):
    found = smallest(np.array([0, top]))
    assert found.dtype == kind
    assert found.max() == top


def test_unit16_spans_the_range():
    assert unit16(np.array([2.0, 3.0, 4.0]), 2, 4).tolist() == [0, 32768, 65535]
