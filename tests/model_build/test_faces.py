"""BlazeFace at int8 finds faces when it is calibrated on faces, and is refused otherwise.

The detector is the locked one. The faces are the 100 of `lfw_subset.npy`, a file of scikit-image's
wheel, each placed on a plain picture; those without a face are scikit-learn's photographs.
"""

import io
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from mobile_ai.model_build.dequantize_fp16 import widen
from mobile_ai.model_build.fetch import read_members
from mobile_ai.model_build.imported import Imported, make_imported
from mobile_ai.model_build.lock import LockedSource, locked
from mobile_ai.model_build.moved import OutputsMovedError
from mobile_ai.model_build.recipe import RECIPES, VariantSpec, load_recipe
from mobile_ai.model_build.runtime import load
from mobile_ai.model_build.synthetic_inputs import photo

pytestmark = [
    pytest.mark.build,
    pytest.mark.accept,
    pytest.mark.skipif(
        sys.platform != "linux" or sys.version_info[:2] != (3, 11),
        reason="the pictures are in the wheel of one platform",
    ),
]

WHEEL = LockedSource(
    package="scikit-image",
    version="0.26.0",
    wheel="scikit_image-0.26.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    sha256="74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    paths=("skimage/data/lfw_subset.npy",),
    reader="file",
    licence="BSD-3-Clause",
)
SIZE, TRIED = 128, 24
INT8 = VariantSpec(name="int8", quantize="static-int8")


@dataclass(frozen=True)
class Box:
    """Centre and size in pixels, and how sure the detector is."""

    x: float
    y: float
    width: float
    height: float
    score: float

    def overlap(self, other):
        """Return the intersection over the union."""
        wide = _shared(self.x, self.width, other.x, other.width)
        high = _shared(self.y, self.height, other.y, other.height)
        both = wide * high
        return both / (self.width * self.height + other.width * other.height - both)


def _shared(one, size, other, other_size):
    low = max(one - size / 2, other - other_size / 2)
    return max(0.0, min(one + size / 2, other + other_size / 2) - low)


@pytest.fixture(scope="module")
def pictures():
    """Return (image, place of the face) pairs, seeded."""
    from PIL import Image  # noqa: PLC0415

    (content,) = read_members(WHEEL).values()
    faces = np.load(io.BytesIO(content))[:100]
    generator = np.random.default_rng(7)
    found = []
    for face in faces:
        size = int(generator.integers(50, 90))
        left, top = (int(generator.integers(0, SIZE - size)) for _ in range(2))
        grey = Image.fromarray((face * 255).astype(np.uint8)).resize((size, size), Image.BICUBIC)
        canvas = np.full((SIZE, SIZE), float(np.median(face) * 255))
        canvas[top : top + size, left : left + size] = np.asarray(grey)
        image = np.repeat((canvas / 127.5 - 1)[None, :, :, None], 3, axis=3).astype(np.float32)
        place = Box(x=left + size / 2, y=top + size / 2, width=size, height=size, score=1.0)
        found.append((image, place))
    return found


@pytest.fixture(scope="module")
def detector():
    (content,) = read_members(locked("blazeface")).values()
    return content


def best_box(outputs):
    """Return the surest box, decoded with BlazeFace's own anchors (short range)."""
    boxes, scores = (
        next(each for each in outputs if each.shape[-1] == size).reshape(-1, size)
        for size in (16, 1)
    )
    anchors = [
        ((column + 0.5) / cells, (row + 0.5) / cells)
        for cells, boxes_a_cell in ((16, 2), (8, 6))
        for row in range(cells)
        for column in range(cells)
        for _ in range(boxes_a_cell)
    ]
    place = int(scores.argmax())
    x, y = (np.array(anchors[place]) * SIZE + boxes[place, :2]).tolist()
    width, height = boxes[place, 2:4].tolist()
    score = float(1 / (1 + np.exp(-scores[place, 0])))
    return Box(x=x, y=y, width=width, height=height, score=score)


def faces_found(content, pictures, folder):
    path = folder / "model.tflite"
    path.write_bytes(content)
    runner = load(path, "tflite")
    boxes = [best_box(runner.once({"input": image})) for image, _ in pictures]
    pairs = zip(boxes, (place for _, place in pictures), strict=True)
    return sum(box.score > 0.5 and box.overlap(place) > 0.25 for box, place in pairs)


def brought(content, pictures, calibration):
    return Imported(
        content,
        load_recipe(RECIPES / "face-detector.yaml"),
        origin="blazeface",
        samples=[{"input": image} for image, _ in pictures],
        calibration={"input": np.concatenate(calibration)},
    )


def test_calibrated_on_faces_it_finds_all_that_the_original_finds(detector, pictures, tmp_path):
    tried, others = pictures[:TRIED], pictures[TRIED:]
    assert faces_found(widen(detector), tried, tmp_path) == TRIED
    model = brought(detector, tried, [image for image, _ in others])
    content, chain = make_imported(model, INT8)
    assert chain[-1].parameters == {"scheme": "static-int8"}
    assert faces_found(content, tried, tmp_path) == TRIED


def test_calibrated_on_photographs_without_a_face_it_is_refused(detector, pictures, tmp_path):
    tried = pictures[:TRIED]
    empty = [photo((1, SIZE, SIZE, 3), row, np.random.default_rng([7, row])) for row in range(48)]
    model = brought(detector, tried, empty)
    with pytest.raises(OutputsMovedError, match="outputs moved on the given rows"):
        make_imported(model, INT8)
    unbounded = INT8.model_copy(update={"moved_at_most": float("inf")})
    content, _ = make_imported(model, unbounded)
    assert faces_found(content, tried, tmp_path) == 0
