"""Normalisation and augmentation, the same for arrays and tensors."""

import numpy as np
import pytest

from netsci_dst.errors import DataError, UnknownName
from netsci_dst.training.data import load
from netsci_dst.training.data.augment import CropAndFlip, normalise


def crops_of(image, padding, flip, border):
    """All results a crop and flip of one image can have, as bytes."""
    mode = {"zeros": "constant", "reflect": "reflect"}[border]
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)), mode=mode)
    _, height, width = image.shape
    found = set()
    for y in range(2 * padding + 1):
        for x in range(2 * padding + 1):
            crop = padded[:, y : y + height, x : x + width]
            found.add(crop.tobytes())
            if flip:
                found.add(np.ascontiguousarray(crop[:, :, ::-1]).tobytes())
    return found


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("form", ["array", "tensor", "tensor elsewhere"])
@pytest.mark.parametrize(("border", "padding"), [("zeros", 1), ("reflect", 2)])
def test_every_crop_occurs_and_no_other(flip, form, border, padding):
    image = np.random.default_rng(0).integers(1, 128, (3, 5, 6), dtype=np.uint8)
    images = np.repeat(image[None], 1000, axis=0)
    augment = CropAndFlip(padding, flip, border)
    if form == "array":
        out = augment(images, np.random.default_rng(1))
        again = augment(images, np.random.default_rng(1))
    else:
        torch = pytest.importorskip("torch")
        draw = lambda: torch.Generator().manual_seed(1)  # noqa: E731
        # The loop on a processor does not know bfloat16, so what other devices do is done for it.
        dtype = torch.bfloat16 if form == "tensor elsewhere" else torch.uint8
        tensor = torch.from_numpy(images).to(dtype)
        out = augment(tensor, draw()).to(torch.uint8).numpy()
        again = augment(tensor, draw()).to(torch.uint8).numpy()
    np.testing.assert_array_equal(out, again)
    assert out.shape == images.shape
    assert out.dtype == np.uint8
    assert {picture.tobytes() for picture in out} == crops_of(image, padding, flip, border)


def test_a_negative_padding_is_refused():
    with pytest.raises(DataError, match="padding"):
        CropAndFlip(-1)


def test_a_border_that_cannot_be_is_refused():
    with pytest.raises(UnknownName, match="reflect"):
        CropAndFlip(2, border="reflct")
    images = np.zeros((2, 1, 5, 3), np.uint8)
    with pytest.raises(DataError, match="5x3 pixels cannot be mirrored into 3 pixels"):
        CropAndFlip(3, border="reflect")(images, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_normalised_values(dtype):
    x = np.random.default_rng(0).integers(0, 256, (10, 3, 4, 4)).astype(dtype)
    scaled = x / (255 if dtype == np.uint8 else 1)
    mean, std = (0.1, 0.2, 0.3), (0.5, 2.0, 0.0)
    expected = (scaled - np.reshape(mean, (1, 3, 1, 1))) / np.reshape((0.5, 2, 1), (1, 3, 1, 1))
    before = x.copy()
    np.testing.assert_allclose(normalise(x, mean, std), expected, rtol=1e-5, atol=1e-6)
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(x)
    np.testing.assert_allclose(normalise(tensor, mean, std).numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(x, before)
    assert normalise(x, (), ()).dtype == np.float32


def test_statistics_are_those_of_the_training_part():
    data = load("digits")
    x = data.normalised("train")
    assert x.mean() == pytest.approx(0, abs=1e-5)
    assert x.std() == pytest.approx(1, abs=1e-5)
    assert data.normalised("test", [3, 5]).shape == (2, 1, 8, 8)
    with pytest.raises(DataError, match="no part"):
        data.normalised("validation")


def test_limits_draw_the_same_samples_in_order():
    data = load("digits")
    few = load("digits", limit=100, limit_test=7)
    assert (len(few.x_train), len(few.x_test)) == (100, 7)
    assert few.fingerprint != data.fingerprint
    assert few.fingerprint == load("digits", limit=100, limit_test=7).fingerprint
    rows = {x.tobytes(): i for i, x in enumerate(data.x_train)}
    places = [rows[x.tobytes()] for x in few.x_train]
    np.testing.assert_array_equal(data.y_train[places], few.y_train)
