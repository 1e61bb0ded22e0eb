"""Write ``tensors.json``: what the tensors of torchvision's networks are called.

The program recognises a weights file by them without building eighty networks. Run
again after a new release of torchvision, and after ``make_table.py``::

    python resources/torchvision/make_signatures.py
"""

import json
from pathlib import Path

from cnnviz.nets.catalog import models
from cnnviz.nets.drawing import unmade
from cnnviz.nets.known import layout
from cnnviz.nets.signatures import signature

TABLE = Path(__file__).parent / "tensors.json"


def main() -> None:
    """Write the table, one network per line."""
    found = [
        signature(entry.name, unmade(layout(entry)))
        for entry in models()
        if entry.torchvision
    ]
    rows = ",\n".join(json.dumps(one.as_row()) for one in found)
    TABLE.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    print(f"wrote {TABLE}")


if __name__ == "__main__":
    main()
