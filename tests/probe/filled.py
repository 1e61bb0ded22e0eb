"""Weights and inputs out of integer arithmetic, so that figures can be quoted."""

import math

import numpy as np
import torch


def filled(model, scale=0.25):
    """Fill parameters and floating point buffers; the k-th with its own pattern."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    floats = [(name, t) for name, t in tensors if t.is_floating_point()]
    with torch.no_grad():
        for k, (name, tensor) in enumerate(floats, 1):
            steps = np.arange(tensor.numel(), dtype=np.float64) * (7919 + 2 * k)
            values = (steps % 101 - 50) / 50
            spread = name.endswith("running_var")
            values = np.abs(values) + 0.5 if spread else values * scale
            tensor.copy_(torch.from_numpy(values.reshape(tensor.shape)))
    return model.eval()


def ramp(*shape):
    """Values of both signs between -2 and 2."""
    steps = np.arange(math.prod(shape), dtype=np.float64) * 37
    return ((steps % 53 - 26) / 13).reshape(shape).astype(np.float32)
