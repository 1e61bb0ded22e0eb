"""Reading picture files: what comes out, and what is refused in words."""

import gc
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from cnnviz.core.errors import InputError
from cnnviz.inputs import image as module
from cnnviz.inputs.image import EXACT_LIMIT, PIXEL_LIMIT, read_image

BLUE, RED, WHITE = (40, 40, 200), (230, 20, 20), (255, 255, 255)


def noise(height=40, width=56, seed=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def refusal(path):
    """Return the sentence with which a file is refused."""
    with pytest.raises(InputError) as caught:
        read_image(path)
    text = str(caught.value)
    assert text.startswith(f"{path.name}: ")
    assert "\n" not in text
    return text


def chunk(tag, data):
    body = tag + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def one_bit_png(path, width, height):
    """Write an all-black picture in a file a thousand times smaller than it."""
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )
    assert path.stat().st_size < 200_000


# IMAGE-01


@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (24, 48), (0, 0)),
        (2, (24, 48), (0, 1)),
        (3, (24, 48), (1, 1)),
        (4, (24, 48), (1, 0)),
        (5, (48, 24), (0, 0)),
        (6, (48, 24), (0, 1)),
        (7, (48, 24), (1, 1)),
        (8, (48, 24), (1, 0)),
    ],
)
def test_exif_orientation_is_applied(tmp_path, orientation, size, corner):
    pixels = np.full((24, 48, 3), BLUE, np.uint8)
    pixels[:12, :12] = RED
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "phone.jpg"
    Image.fromarray(pixels).save(path, quality=98, subsampling=0, exif=exif)

    picture = read_image(path)

    assert picture.rgb.shape[:2] == picture.original == size
    reds = picture.rgb[
        3 :: 42 if size[0] == 48 else 18, 3 :: 18 if size[1] == 24 else 42
    ]
    assert np.argwhere(reds[..., 0] > 150).tolist() == [list(corner)]
    told = (f"turned upright (EXIF {orientation})",) if orientation > 1 else ()
    assert picture.notes == told


@pytest.mark.parametrize("suffix", ["png", "tiff", "webp", "avif"])
def test_exif_orientation_in_other_formats(tmp_path, suffix):
    if not features.check("avif") and suffix == "avif":
        pytest.skip("this Pillow reads no AVIF")
    pixels = np.full((24, 48, 3), BLUE, np.uint8)
    pixels[:12, :12] = RED
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / f"phone.{suffix}"
    Image.fromarray(pixels).save(path, exif=exif)

    picture = read_image(path)

    assert picture.rgb.shape == (48, 24, 3)
    assert picture.rgb[3, -4, 0] > 150 > picture.rgb[3, 3, 0]
    assert picture.notes == ("turned upright (EXIF 6)",)


def test_damaged_exif_does_not_stop_the_picture(tmp_path):
    path = tmp_path / "x.jpg"
    Image.fromarray(noise()).save(path, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert read_image(path).notes == ()


# IMAGE-02, IMAGE-03


def test_colours_hidden_under_transparency_do_not_count(tmp_path):
    for hidden in ((0, 0, 0), (240, 30, 10)):
        image = Image.new("RGBA", (8, 8), (*hidden, 0))
        image.putpixel((4, 4), (200, 60, 30, 255))
        image.putpixel((5, 4), (200, 60, 30, 128))
        path = tmp_path / "seen.png"
        image.save(path)

        picture = read_image(path)

        assert picture.notes == ("transparent pixels shown over white",)
        assert picture.rgb[0, 0].tolist() == [255, 255, 255]
        assert picture.rgb[4, 4].tolist() == [200, 60, 30]
        alpha = 128 / 255
        mixed = np.array([200, 60, 30]) * alpha + 255 * (1 - alpha)
        assert np.abs(picture.rgb[4, 5] - mixed).max() <= 0.5


def test_opaque_alpha_is_not_worth_a_note(tmp_path):
    pixels = noise()
    path = tmp_path / "opaque.png"
    Image.fromarray(np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])).save(
        path
    )
    assert read_image(path).notes == ()
    np.testing.assert_array_equal(read_image(path).rgb, pixels)


@pytest.mark.parametrize(
    ("transparency", "rows"),
    [
        (bytes([0, 255, 128] + [255] * 253), [WHITE, (255, 0, 0), (127, 255, 127)]),
        (0, [WHITE, (255, 0, 0), (0, 255, 0)]),
        (None, [(0, 0, 0), (255, 0, 0), (0, 255, 0)]),
    ],
)
def test_palette_pictures_show_their_colours(tmp_path, transparency, rows):
    image = Image.new("P", (6, 6), 0)
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] + [0] * 759)
    image.paste(1, (0, 2, 6, 3))
    image.paste(2, (0, 3, 6, 4))
    path = tmp_path / "palette.png"
    image.save(path, **({} if transparency is None else {"transparency": transparency}))

    rgb = read_image(path).rgb

    assert [tuple(rgb[row, 3].tolist()) for row in (0, 2, 3)] == rows


# IMAGE-07


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
def test_first_frame_is_shown_and_counted(tmp_path, suffix):
    frames = [Image.new("RGB", (10, 12), c) for c in ("red", (0, 255, 0), (0, 0, 255))]
    path = tmp_path / f"frames.{suffix}"
    more = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], **more)

    picture = read_image(path)

    assert (picture.rgb == [255, 0, 0]).all()
    assert picture.rgb.shape == (12, 10, 3)
    assert picture.notes == ("frame 1 of 3",)


# Every format and mode


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        *(("png", {}), ("bmp", {}), ("ppm", {}), ("tiff", {}), ("pcx", {})),
        ("tiff", {"compression": "tiff_lzw"}),
        ("webp", {"lossless": True, "exact": True}),
        ("jp2", {"irreversible": False}),
    ],
)
def test_lossless_formats_come_back_exactly(tmp_path, suffix, options):
    pixels = noise()
    path = tmp_path / f"ein bild ü 画.{suffix}"
    Image.fromarray(pixels).save(path, **options)

    picture = read_image(path)

    np.testing.assert_array_equal(picture.rgb, pixels)
    assert picture.title == path.name
    assert picture.rgb.dtype == np.uint8
    assert not picture.rgb.flags.writeable


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif(tmp_path):
    path = tmp_path / "flat.avif"
    Image.new("RGB", (32, 20), (180, 90, 30)).save(path, quality=100)
    rgb = read_image(path).rgb.astype(int)
    assert rgb.shape == (20, 32, 3)
    assert np.abs(rgb - [180, 90, 30]).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_modes_become_rgb(tmp_path, mode):
    image = Image.fromarray(noise()).convert(mode)
    path = tmp_path / ("x.tiff" if mode == "CMYK" else "x.png")
    image.save(path)
    np.testing.assert_array_equal(
        read_image(path).rgb, np.asarray(image.convert("RGB"))
    )


def test_grey_with_transparency(tmp_path):
    image = Image.new("LA", (4, 4), (10, 0))
    image.putpixel((1, 2), (10, 255))
    path = tmp_path / "la.png"
    image.save(path)
    rgb = read_image(path).rgb
    assert rgb[2, 1].tolist() == [10, 10, 10]
    assert rgb[0, 0].tolist() == [255, 255, 255]


def test_transparent_colour_of_a_plain_picture(tmp_path):
    pixels = np.full((4, 4, 3), (9, 8, 7), np.uint8)
    pixels[1, 1] = (200, 0, 0)
    path = tmp_path / "key.png"
    Image.fromarray(pixels).save(path, transparency=(9, 8, 7))
    rgb = read_image(path).rgb
    assert rgb[1, 1].tolist() == [200, 0, 0]
    assert rgb[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("suffix", "dtype", "words"),
    [
        ("png", "<u2", "16-bit, rescaled from 100 … 4095"),
        ("tiff", "<u2", "16-bit, rescaled from 100 … 4095"),
        ("tiff", "<i4", "32-bit integers, rescaled from 100 … 4095"),
        ("tiff", "<f4", "floating point, rescaled from 100 … 4095"),
    ],
)
def test_deep_pictures_are_rescaled_not_clipped(tmp_path, suffix, dtype, words):
    values = np.linspace(100, 4095, 300).round().reshape(15, 20).astype(dtype)
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(values).save(path)

    picture = read_image(path)

    expected = np.rint((values.astype(float) - 100) / 3995 * 255)
    np.testing.assert_array_equal(picture.rgb, np.dstack([expected] * 3))
    assert picture.notes == (words,)
    assert len(np.unique(picture.rgb)) > 200


def test_big_endian_sixteen_bits(tmp_path):
    values = np.arange(0, 60000, 200, dtype=np.uint16).reshape(15, 20)
    path = tmp_path / "big.tiff"
    entries = [(256, 4, 20), (257, 4, 15), (258, 3, 16 << 16), (259, 3, 1 << 16)]
    entries += [(262, 3, 1 << 16), (273, 4, 200), (277, 3, 1 << 16)]
    entries += [(278, 4, 15), (279, 4, 600)]
    head = b"MM\0*" + struct.pack(">IH", 8, len(entries))
    head += b"".join(struct.pack(">HHII", t, k, 1, v) for t, k, v in entries)
    path.write_bytes(head.ljust(200, b"\0") + values.astype(">u2").tobytes())

    rgb = read_image(path).rgb

    np.testing.assert_array_equal(rgb[..., 1], np.rint(values / 59800 * 255))


def test_values_that_are_not_numbers_are_black_and_counted(tmp_path):
    values = np.linspace(-2, 2, 24, dtype=np.float32).reshape(4, 6)
    values[0, 0] = np.nan
    values[1, 1], values[2, 2] = np.inf, -np.inf
    path = tmp_path / "holes.tiff"
    Image.fromarray(values).save(path)

    picture = read_image(path)

    assert [int(picture.rgb[i, i, 0]) for i in range(3)] == [0, 255, 0]
    assert picture.rgb[3, 5, 0] == 255
    low = values[0, 1]
    assert picture.rgb[0, 5, 0] == round((values[0, 5] - low) / (2 - low) * 255)
    assert picture.notes == (
        f"floating point, rescaled from {low:.6g} … 2",
        "1 NaN shown as black",
        "2 infinities shown as black (−) or white (+)",
    )


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_constant_deep_picture_is_black(tmp_path, value):
    path = tmp_path / "flat.tiff"
    Image.fromarray(np.full((3, 3), value, np.float32)).save(path)
    picture = read_image(path)
    assert not picture.rgb.any()
    assert "shown as black" in picture.notes[0]


def test_adobe_cmyk_is_not_inverted(tmp_path):
    path = tmp_path / "cmyk.jpg"
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path, quality=100)
    picture = read_image(path)
    assert np.abs(picture.rgb.astype(int) - [255, 0, 0]).max() <= 3
    assert picture.notes == ("CMYK converted without a colour profile",)


def test_profile_that_does_not_fit_is_left_aside(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "cmyk.jpg"
    image = Image.new("CMYK", (16, 16), (10, 200, 30, 0))
    for profile in (srgb, b"no profile at all"):
        image.save(path, icc_profile=profile)
        assert read_image(path).notes == ("CMYK converted without a colour profile",)


def test_lab_goes_through_its_definition(tmp_path):
    path = tmp_path / "lab.tiff"
    Image.new("LAB", (4, 4), (128, 128, 128)).save(path)
    picture = read_image(path)
    # L* = 128/255·100 = 50.2 is 18.6 % luminance: sRGB level 120
    assert np.abs(picture.rgb.astype(int) - 120).max() <= 2
    assert picture.notes == ("LAB converted through CIE Lab",)


def test_single_pixel(tmp_path):
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1), (1, 2, 3)).save(path)
    assert read_image(str(path)).rgb.tolist() == [[[1, 2, 3]]]


# IMAGE-08 and other refusals


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        *(("jpg", {}), ("jpg", {"progressive": True}), ("png", {}), ("gif", {})),
        *(("bmp", {}), ("webp", {}), ("tiff", {}), ("jp2", {}), ("ppm", {})),
        ("tiff", {"compression": "jpeg"}),
    ],
)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9, 0.98])
def test_cut_files_are_refused(tmp_path, suffix, options, part):
    path = tmp_path / f"cut photo.{suffix}"
    Image.fromarray(noise(90, 120)).save(path, **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert "damaged or cut short" in refusal(path)


def test_format_is_told_by_content(tmp_path):
    pixels = noise()
    path = tmp_path / "really a png.jpg"
    Image.fromarray(pixels).save(path, "PNG")
    np.testing.assert_array_equal(read_image(path).rgb, pixels)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "text"),
        ("Grüße aus München".encode(), "text"),
        (b"t,x,y\n0,1,2\n" * 100, "text"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript document"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "a HEIC picture"),
        (b"\0\0\0\x18ftypisom" + bytes(40), "an MP4 video"),
        (b"\0\x01\x02" * 50, "data of an unknown kind"),
        (b"\xff\xfe\x80" * 50, "data of an unknown kind"),
    ],
)
def test_other_files_are_named(tmp_path, data, words):
    path = tmp_path / "thing.jpg"
    path.write_bytes(data)
    text = refusal(path)
    assert "expected a picture" in text
    assert words in text


def test_a_character_cut_by_the_look_at_the_head_is_still_text(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("x" * 511 + "ü" * 20, "utf-8")
    assert refusal(path).endswith("this looks like text")


def test_empty_file(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    assert "empty (0 bytes)" in refusal(path)


def test_missing_file(tmp_path):
    assert "no such file" in refusal(tmp_path / "gone.png")


def test_folder(tmp_path):
    assert "this is a folder" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_does_not_block(tmp_path):
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    assert "this is a device" in refusal(path)


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "private.png"
    Image.new("RGB", (2, 2)).save(path)

    def forbidden(self, *args):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", forbidden)
    assert "no permission" in refusal(path)


def test_name_no_system_can_open(tmp_path):
    refusal(tmp_path / ("x" * 5000 + ".png"))


def test_format_unknown_to_this_pillow(tmp_path, monkeypatch):
    path = tmp_path / "photo.avif"
    path.write_bytes(b"\0\0\0\x1cftypavif" + bytes(100))
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    assert "cannot read AVIF" in refusal(path)


def test_no_file_is_left_open(tmp_path):
    good, bad = tmp_path / "good.gif", tmp_path / "bad.png"
    Image.fromarray(noise()).save(
        good, save_all=True, append_images=[Image.new("L", (56, 40))]
    )
    Image.fromarray(noise()).save(bad)
    bad.write_bytes(bad.read_bytes()[:2000])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        read_image(good)
        with pytest.raises(InputError):
            read_image(bad)
        gc.collect()
    assert not said


# SEC-01, SEC-02


def test_enormous_picture_is_refused_with_its_size(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    one_bit_png(path, 30_000, 30_000)
    monkeypatch.setattr(module, "to_rgb", None)  # nothing may be decoded
    limit = Image.MAX_IMAGE_PIXELS
    text = refusal(path)
    assert "900 megapixels" in text
    assert "179 megapixels" in text
    assert limit == Image.MAX_IMAGE_PIXELS


def test_the_limit_holds_when_pillows_is_off(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    monkeypatch.setattr(module, "to_rgb", None)
    path = tmp_path / "bomb.png"
    one_bit_png(path, 30_000, 30_000)
    assert "900 megapixels" in refusal(path)


def test_limits_agree_with_pillow():
    assert 2 * Image.MAX_IMAGE_PIXELS == PIXEL_LIMIT
    assert EXACT_LIMIT * 4 > PIXEL_LIMIT  # halving always suffices


def test_large_picture_is_halved_without_a_warning(tmp_path):
    path = tmp_path / "large.png"
    one_bit_png(path, 10_000, 10_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = read_image(path)
    assert picture.rgb.shape == (5000, 5000, 3)
    assert picture.original == (10_000, 10_000)
    assert not picture.rgb.any()
    assert picture.notes == ("10000 × 10000 pixels, halved on opening to save memory",)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_halving_averages_and_turns(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(module, "EXACT_LIMIT", 1000)
    flat = np.kron(noise(16, 25), np.ones((8, 8, 1), np.uint8))[:-1]
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / f"large.{suffix}"
    Image.fromarray(flat).save(path, exif=exif)

    picture = read_image(path)

    assert picture.original == (200, 127)
    assert picture.rgb.shape == (100, 64, 3)
    expected = np.rot90(flat[::2, ::2].astype(int), -1)
    assert np.abs(picture.rgb - expected).mean() < (0.5 if suffix == "png" else 30)
    assert len(picture.notes) == 2


def test_text_that_expands_beyond_measure(tmp_path):
    pixels = zlib.compress((b"\0" + b"\x7f" * 12) * 4)
    text = b"Comment\0\0" + zlib.compress(b"A" * 8_000_000, 9)
    path = tmp_path / "text bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
        + chunk(b"zTXt", text)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )
    assert "PNG data" in refusal(path)
