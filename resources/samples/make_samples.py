"""Draw the sample pictures: ``python resources/samples/make_samples.py [FOLDER]``.

Needs numpy and Pillow. The same pictures come out every time (seeded).
"""

import sys
from pathlib import Path

from scenes import flower, harbour, testcard, watch

PICTURES = {
    "harbour.jpg": harbour.draw,
    "sunflower.jpg": flower.draw,
    "watch.jpg": watch.draw,
    "patterns.png": testcard.draw,
}


def main(folder: Path) -> None:
    """Draw every picture into a folder."""
    for name, draw in PICTURES.items():
        path = folder / name
        options = {"optimize": True}
        if path.suffix == ".jpg":
            options |= {"quality": 92, "subsampling": 0}
        draw().save(path, **options)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
