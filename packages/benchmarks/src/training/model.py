"""Reads our MobileNet v1 models for PyTorch."""

import json
from pathlib import Path

import torch

# Strides of the depthwise layers of the thirteen blocks.
strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


def read_model(path):
    """The tensors of a float32 safetensors file, by name."""
    data = Path(path).read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    return {
        name: torch.frombuffer(
            bytearray(data[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]]), dtype=torch.float32
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }
