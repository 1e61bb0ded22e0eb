import numpy as np
import pytest

from cnnviz.pictures import colours

# Full dichromacy in linear RGB, Machado, Oliveira & Fernandes 2009, table 1.
DICHROMATS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(rgb):
    s = np.asarray(rgb, float) / 255
    return np.where(s > 0.04045, ((s + 0.055) / 1.055) ** 2.4, s / 12.92)


def cielab(rgb_linear):
    """CIE 1976 L*a*b* under D65: a second opinion beside OKLab."""
    xyz = (
        np.asarray(rgb_linear)
        @ np.array(
            [
                [0.4124564, 0.3575761, 0.1804375],
                [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041],
            ]
        ).T
        / [0.95047, 1.0, 1.08883]
    )
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def distance(a, b):
    return np.linalg.norm(a - b, axis=-1)


@pytest.mark.parametrize("name", colours.SEQUENTIAL)
def test_sequential_rises_evenly_from_dark_to_light(name):
    table = colours.sequential(name)
    assert (table.shape, table.dtype) == ((252, 3), np.uint8)
    lab = cielab(linear(table))
    assert lab[0, 0] < 3
    assert lab[-1, 0] > 95
    # 8-bit steps make the very dark end uneven by less than a quarter of L*
    assert np.diff(lab[:, 0]).min() > -0.25
    pieces = distance(lab[:-12:12], lab[12::12])
    assert pieces.max() < 3.2 * pieces.min()


@pytest.mark.parametrize("name", colours.SEQUENTIAL)
def test_lightness_falls_nowhere_in_a_grey_print(name):
    luminance = linear(colours.sequential(name)) @ [0.2126, 0.7152, 0.0722]
    assert np.diff(luminance[::4]).min() > 0


@pytest.mark.parametrize("dark", [True, False])
def test_diverging_arms_mirror_each_other_in_lightness(dark):
    table = colours.diverging(dark)
    assert (table.shape, table.dtype) == ((252, 3), np.uint8)
    light = cielab(linear(table))[:, 0]
    below, above = light[125::-1], light[125:251]
    away = np.diff(above) if dark else -np.diff(above)
    assert away.min() > -0.25
    assert np.abs(below - above).max() < 5
    assert (table[251] == table[250]).all()


@pytest.mark.parametrize(("dark", "canvas"), [(True, 0x16181D), (False, 0xF6F7F9)])
def test_diverging_middle_is_neutral_and_near_the_canvas(dark, canvas):
    middle = colours.diverging(dark)[colours.MIDDLE]
    canvas = np.array([canvas >> 16, canvas >> 8 & 255, canvas & 255], np.uint8)
    a, b = cielab(linear(middle)), cielab(linear(canvas))
    assert np.hypot(a[1], a[2]) < 6
    assert 1 < distance(a, b) < 8


@pytest.mark.parametrize("dark", [True, False])
def test_diverging_negative_is_blue_and_positive_orange(dark):
    table = colours.diverging(dark).astype(int)
    for code in (0, 60):
        r, _, b = table[code]
        assert b > r + 30
    for code in (190, 250):
        r, g, b = table[code]
        assert r > g > b


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("kind", DICHROMATS)
def test_signs_stay_apart_for_colour_blind_eyes(dark, kind):
    seen = (linear(colours.diverging(dark)) @ np.array(DICHROMATS[kind]).T).clip(0, 1)
    lab = cielab(seen)
    apart = distance(lab[125::-1], lab[125:251])
    assert apart[25:].min() > 9
    assert apart[-1] > 30


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("name", colours.SEQUENTIAL)
def test_marks_are_like_no_value(name, signed, dark):
    table = colours.table(name, signed, dark)
    assert (table.shape, table.dtype) == ((256, 4), np.uint8)
    lab = cielab(linear(table[:, :3]))
    for mark in (colours.NAN, colours.NEG_INF, colours.POS_INF):
        assert table[mark, 3] == 255
        assert distance(lab[:252], lab[mark]).min() > 20
    marks = lab[[colours.NAN, colours.NEG_INF, colours.POS_INF]]
    assert distance(marks[[0, 0, 1]], marks[[1, 2, 2]]).min() > 60
    assert table[colours.GAP, 3] == 0
    assert (table[:252, 3] == 255).all()


def test_the_table_follows_sign_canvas_and_name():
    ember = colours.table("ember", False, True)
    assert (ember[:252, :3] == colours.sequential("ember")).all()
    assert (colours.table("sea", False, True)[:252] != ember[:252]).any()
    for dark in (True, False):
        signed = colours.table("sea", True, dark)
        assert (signed[:252, :3] == colours.diverging(dark)).all()


def test_an_unknown_name_is_refused_with_the_known_ones():
    for call in (
        lambda: colours.sequential("jet"),
        lambda: colours.table("jet", True, True),
    ):
        with pytest.raises(ValueError, match=r"'jet'.*ember, grey, sea"):
            call()


def test_tables_cannot_be_changed_by_accident():
    for table in (
        colours.sequential(),
        colours.diverging(True),
        colours.table("ember", True, True),
    ):
        with pytest.raises(ValueError, match="read-only"):
            table[0, 0] = 1


def test_oklab_of_reference_colours():
    # white and the primaries as given by CSS Color 4 (converted by its sample code)
    rgb = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    wanted = [
        [1, 0, 0],
        [0, 0, 0],
        [0.62796, 0.22486, 0.12585],
        [0.45201, -0.03246, -0.31153],
    ]
    np.testing.assert_allclose(colours.oklab(rgb), wanted, atol=2e-4)
