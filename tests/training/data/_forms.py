"""Small generated data sets in the published forms."""

import gzip
import io
import json
import struct

import numpy as np
from PIL import Image


def picture(rng, shape):
    return rng.integers(0, 256, shape, dtype=np.uint8)


def encode(pixels, form="PNG"):
    """Encode pixels of shape (channels, height, width)."""
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def write_idx(path, array, zipped=False):
    code = {np.dtype(np.uint8): 8, np.dtype(">f4"): 13}[array.dtype]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = head + array.tobytes()
    path.write_bytes(gzip.compress(data) if zipped else data)


def write_mnist(folder, rng, prefix="", zipped=True, n=(40, 12), n_classes=10):
    """Write the four IDX files; return pixels and labels of both parts."""
    parts = []
    for part, size in zip(("train", "test"), n):
        name = part if prefix or part == "train" else "t10k"
        x = picture(rng, (size, 28, 28))
        y = (np.arange(size) % n_classes).astype(np.uint8)
        ending = ".gz" if zipped else ""
        write_idx(folder / f"{prefix}{name}-images-idx3-ubyte{ending}", x, zipped)
        write_idx(folder / f"{prefix}{name}-labels-idx1-ubyte{ending}", y, zipped)
        parts.append((x, y))
    return parts


def write_parquet(path, images, labels, image="image", label="label", names=None, form="PNG"):
    """Write encoded images and labels in the Hugging Face layout; labels may be a dict."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"bytes": encode(pixels, form), "path": f"{i}.png"} for i, pixels in enumerate(images)]
    columns = labels if isinstance(labels, dict) else {label: labels}
    table = pa.table({image: rows, **{name: list(values) for name, values in columns.items()}})
    features = {image: {"_type": "Image"}}
    for name in columns:
        features[name] = (
            {"_type": "ClassLabel", "names": names}
            if names
            else {"dtype": "int64", "_type": "Value"}
        )
    info = json.dumps({"info": {"features": features}})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": info}), path)
