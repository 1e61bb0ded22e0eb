"""What a file looks like, judged by its first bytes and never by its name."""

from __future__ import annotations

_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)

_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"8BPS", "a Photoshop document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"gimp xcf", "a GIMP picture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"ID3", "a sound file"),
    (b"OggS", "an Ogg sound or video file"),
)

_BOXES = {
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"hevc": "a HEIC picture",
    b"mif1": "a HEIC picture",
    b"msf1": "a HEIC picture",
    b"qt  ": "a QuickTime video",
    b"crx ": "a camera raw picture (CR3)",
}

_RIFF = {b"WEBP": "WebP", b"WAVE": "a sound file", b"AVI ": "an AVI video"}


def picture_kind(head: bytes) -> str | None:
    """Return the format whose signature the bytes carry, of those that are read."""
    for signature, name in _PICTURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "AVIF"
    return None


def looks_like(head: bytes) -> str:
    """Say in words what a file that is no picture we read looks like.

    Parameters
    ----------
    head
        The first bytes of the file; some 512 are enough.
    """
    for signature, words in _OTHERS:
        if head.startswith(signature):
            return words
    if head[4:8] == b"ftyp":
        return _BOXES.get(head[8:12], "an MP4 video")
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "a RIFF file")
    if b"\0" not in head:
        try:
            # the last bytes may be the beginning of a longer character
            text = head.decode("utf-8", "strict" if len(head) < 512 else "ignore")
        except UnicodeDecodeError:
            return "data of an unknown kind"
        start = text.lstrip("\ufeff \t\r\n").lower()
        if start.startswith("<svg") or (start.startswith("<?xml") and "<svg" in start):
            return "an SVG drawing"
        return "a web page" if start.startswith(("<!doctype html", "<html")) else "text"
    return "data of an unknown kind"
