import numpy as np
import pytest
import torch
from tensor_files import facts, weights_file

from cnnviz.core.selection import Selection, resolve_tensor
from cnnviz.core.tensors import TensorFacts, TensorList


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "bfloat16", "int64", "uint8", "bool",
     "complex64", "float8_e4m3fn"],
)  # fmt: skip
def test_bytes_are_torchs_own(dtype):
    tensor = torch.zeros(3, 5, dtype=getattr(torch, dtype))
    found = TensorFacts("w", (3, 5), str(tensor.dtype).removeprefix("torch."))
    assert found.nbytes == tensor.element_size() * tensor.numel()


@pytest.mark.parametrize(
    ("shape", "channels"), [((), 0), ((0, 4), 0), ((4, 0), 0), ((9,), 9), ((5, 3), 5)]
)
def test_what_can_be_chosen_of_a_tensor(shape, channels):
    assert facts("w", np.zeros(shape)).channels == channels


class TestSelection:
    def test_begins_at_the_first_kernels(self):
        assert resolve_tensor(Selection(), weights_file()) == Selection(
            "stem.weight", 0
        )

    def test_begins_at_the_first_tensor_where_there_are_no_kernels(self):
        found = weights_file()
        flat = TensorList(found.request, "", (found.tensors[2], found.tensors[5]))
        assert resolve_tensor(Selection(), flat) == Selection("stem.bias", 0)

    def test_keeps_name_and_kernel_as_far_as_they_exist(self):
        found = weights_file()
        assert resolve_tensor(Selection("deep.weight", 3), found).channel == 3
        assert resolve_tensor(Selection("deep.weight", 9), found).channel == 4
        assert resolve_tensor(Selection("deep.weight", -2), found).channel == 0
        assert resolve_tensor(Selection("steps", 3), found) == Selection("steps")
        assert resolve_tensor(Selection("gone", 3), found) == Selection("gone")

    def test_of_an_empty_file(self):
        empty = TensorList(weights_file().request, "", ())
        assert resolve_tensor(Selection("a", 3), empty) == Selection()
