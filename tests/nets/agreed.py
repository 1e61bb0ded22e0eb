"""Code that a person said yes to, as tests run it."""

from cnnviz.core.progress import no_check
from cnnviz.nets.code import builders_of, run_builder


def run(path, builder="build", check=no_check):
    return run_builder(path, builder, builders_of(path).digest, check)


NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, wide=4):
        super().__init__(nn.Conv2d(3, wide, 3), nn.ReLU())
"""
