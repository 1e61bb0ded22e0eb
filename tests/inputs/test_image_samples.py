"""The pictures that come with the program."""

import numpy as np
import pytest

from cnnviz.core.models import ImageWant
from cnnviz.core.resources import resource
from cnnviz.inputs.image import read_image
from cnnviz.inputs.prepare import prepare_image


@pytest.mark.parametrize(
    "name", ["harbour.jpg", "sunflower.jpg", "watch.jpg", "patterns.png"]
)
def test_sample_is_rich_and_needs_no_excuse(name):
    path = resource(f"samples/{name}")
    picture = read_image(path)
    assert picture.notes == ()
    assert min(picture.original) >= 600
    assert path.stat().st_size < 300_000
    shown = prepare_image(picture, ImageWant()).shown.astype(float)
    edges = np.abs(np.diff(shown, axis=1)).mean()
    colourful = np.ptp(shown, axis=2).mean()
    assert edges > 3
    assert colourful > 20
