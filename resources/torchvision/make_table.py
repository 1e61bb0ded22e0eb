"""Write ``networks.json``: what the program tells of torchvision's networks.

The program lists them without importing torch, so the facts are kept beside it.
Run again after a new release of torchvision::

    python resources/torchvision/make_table.py
"""

import json
import re
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "networks.json"

FAMILIES = {
    "alexnet": ("AlexNet", "Krizhevsky 2014"),
    "vgg": ("VGG", "Simonyan and Zisserman 2014"),
    "googlenet": ("GoogLeNet", "Szegedy et al. 2014"),
    "inception": ("Inception", "Szegedy et al. 2015"),
    "resnet": ("ResNet", "He et al. 2015"),
    "wide_resnet": ("Wide ResNet", "Zagoruyko and Komodakis 2016"),
    "resnext": ("ResNeXt", "Xie et al. 2016"),
    "squeezenet": ("SqueezeNet", "Iandola et al. 2016"),
    "densenet": ("DenseNet", "Huang et al. 2016"),
    "mobilenet_v2": ("MobileNet", "Sandler et al. 2018"),
    "mobilenet_v3": ("MobileNet", "Howard et al. 2019"),
    "mnasnet": ("MNASNet", "Tan et al. 2018"),
    "shufflenet": ("ShuffleNet", "Ma et al. 2018"),
    "efficientnet_b": ("EfficientNet", "Tan and Le 2019"),
    "efficientnet_v2": ("EfficientNet", "Tan and Le 2021"),
    "regnet": ("RegNet", "Radosavovic et al. 2020"),
    "vit": ("Vision Transformer", "Dosovitskiy et al. 2020"),
    "swin_v2": ("Swin Transformer", "Liu et al. 2021"),
    "swin": ("Swin Transformer", "Liu et al. 2021"),
    "convnext": ("ConvNeXt", "Liu et al. 2022"),
    "maxvit": ("MaxViT", "Tu et al. 2022"),
}
"""By the beginning of the name, in the order of the menu: title and paper."""


def family_of(name: str) -> str:
    """Return the longest beginning of a name that is known."""
    return max((key for key in FAMILIES if name.startswith(key)), key=len)


def spelled(name: str) -> str:
    """Return ``RegNet X 1.6GF`` for ``RegNet_X_1_6GF``, ``Wide ResNet50-2`` …."""
    between = "-" if "Res" in name else "."
    return re.sub(r"(?<=\d)_(?=\d)", between, name).replace("_", " ")


def facts(name: str) -> dict[str, Any]:
    """Return one network's facts, as its default weights state them."""
    from torchvision import models

    weights = models.get_model_weights(name).DEFAULT  # type: ignore[attr-defined]
    shown = weights.transforms()
    meta = weights.meta
    file = weights.url.rpartition("/")[2]
    digest = re.search(r"-([a-f0-9]*)\.", file)
    assert digest is not None
    assert shown.antialias
    title, paper = FAMILIES[family_of(name)]
    return {
        "name": name,
        "title": spelled(type(weights).__name__.removesuffix("_Weights")),
        "family": title,
        "paper": paper,
        "classes": len(meta["categories"]),
        "parameters": meta["num_params"],
        "weights": weights.name,
        "url": weights.url,
        "file": file,
        "sha256": digest.group(1),
        "size": round(meta["_file_size"] * 2**20),
        "top1": meta["_metrics"]["ImageNet-1K"]["acc@1"],
        "resize": shown.resize_size[0],
        "crop": shown.crop_size[0],
        "interpolation": shown.interpolation.value,
        "mean": shown.mean,
        "std": shown.std,
    }


def order(row: dict[str, Any]) -> tuple[int, int]:
    """Sort by family, then small before large."""
    return list(FAMILIES).index(family_of(row["name"])), row["parameters"]


def table() -> list[dict[str, Any]]:
    """Return the facts of every classification network of torchvision."""
    from torchvision import models

    return sorted(map(facts, models.list_models(models)), key=order)


def main() -> None:
    """Write the table, one network per line."""
    rows = ",\n".join(json.dumps(row) for row in table())
    TABLE.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    print(f"wrote {TABLE}")


if __name__ == "__main__":
    main()
