"""The PyTorch tutorial's MobileNet: its weights after torch.manual_seed for five seeds (digests of their bytes), and what the
network of seed 0 gives for a picture in training mode. Writes tutorial.safetensors beside this file.

    python make-tutorial.py        (PyTorch 2, numpy, safetensors; on a processor with fused multiply-add)
"""

import hashlib
import json
import os

import numpy as np
import torch
import torch.nn as nn
from safetensors.numpy import save_file


def separable(inputs, outputs, stride, padding):
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, padding, groups=inputs, bias=False), nn.BatchNorm2d(inputs), nn.ReLU6(),
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6(),
    )


class MobileNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.first_conv = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU6())
        planes = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
        strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 2]
        self.layers = nn.Sequential(*(
            separable(planes[i], planes[i + 1], stride, 4 if i == 12 else 1) for i, stride in enumerate(strides)
        ))
        self.fc = nn.Linear(1024, classes)

    def forward(self, x):
        return self.fc(self.layers(self.first_conv(x)).mean((2, 3)))


digests = {}
for seed in (0, 1, 42, 2024, 2**31 + 5):
    torch.manual_seed(seed)
    hashes = hashlib.sha256()
    for parameter in MobileNet().parameters():
        if parameter.dim() > 1 or parameter.shape == (1000,):
            hashes.update(parameter.detach().numpy().tobytes())
    digests[str(seed)] = hashes.hexdigest()

torch.manual_seed(0)
network = MobileNet().double()
pixels = np.random.default_rng(7).integers(0, 256, (224, 224, 3), dtype=np.uint8)
x = torch.from_numpy((pixels.astype(np.float64) - 127.5) / 127.5).permute(2, 0, 1)[None]
with torch.no_grad():
    logits = network(x)[0].numpy()
    evaluated = [network.eval()(x)[0].numpy(), network.eval()(-x)[0].numpy()]
print(torch.__version__, "range of the logits", logits.min(), logits.max())
print("evaluated, two pictures differ by", np.abs(evaluated[0] - evaluated[1]).max())
save_file(
    {"pixels": pixels, "logits": logits.astype(np.float32)},
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "tutorial.safetensors"),
    {"torch": torch.__version__.split("+")[0], "digests": json.dumps(digests)},
)
