"""PyTorch's curve for the recipe of docs/training.md's "From scratch": α 0.25 at 64 pixels on tiny-imagenet-20.

    packages/benchmarks/.python/bin/python packages/benchmarks/src/training/scratch.py ../shared/data/tiny-imagenet-20 [seeds] [epochs] [threads]

Prints a line per epoch and the mean over the seeds. Same recipe as ours (packages/mobilenet/test/studies/scratch.ts): He
initialization, SGD with Nesterov momentum, weight decay only on the weights of the stem, pointwise layers and classifier,
a cosine schedule after a linear warm-up, label smoothing, random resized crops and flips. Needs torch, numpy and Pillow.
"""

import io
import math
import random
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from pictures import crop, tensor

alpha, size, classes, batch = 0.25, 64, 20, 64
rate, momentum, decay, smoothing, warm_up = 0.1, 0.9, 1e-4, 0.1, 1
area = (0.35, 1.0)
blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


def shards(folder, prefix):
    pictures, labels = [], []
    for path in sorted(Path(folder).glob(f"{prefix}-*")):
        with tarfile.open(path) as tar:
            for entry in tar:
                data = tar.extractfile(entry).read()
                if entry.name.endswith(".jpg"):
                    pictures.append(Image.open(io.BytesIO(data)).convert("RGB"))
                else:
                    labels.append(int(data))
    return pictures, np.array(labels)


def convolution(inputs, outputs, kernel, stride, groups):
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()))
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True)]


def network():
    channels = max(int(32 * alpha), 8)
    modules = convolution(3, channels, 3, 2, 1)
    for outputs, stride in blocks:
        outputs = max(int(outputs * alpha), 8)
        modules += convolution(channels, channels, 3, stride, channels) + convolution(channels, outputs, 1, 1, 1)
        channels = outputs
    dense = nn.Linear(channels, classes)
    nn.init.normal_(dense.weight, std=math.sqrt(2 / channels))
    nn.init.zeros_(dense.bias)
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense).to(memory_format=torch.channels_last)


def share(at, epochs):
    if at < warm_up:
        return at / warm_up
    return 0.5 * (1 + math.cos(math.pi * (at - warm_up) / (epochs - warm_up)))


def run(seed, epochs, train, val):
    random.seed(seed)
    torch.manual_seed(seed)
    net = network()
    decayed, plain = [], []
    for module in net:
        for name, parameter in module.named_parameters():
            weights = name == "weight" and not isinstance(module, nn.BatchNorm2d)
            depthwise = isinstance(module, nn.Conv2d) and module.groups > 1
            (decayed if weights and not depthwise else plain).append(parameter)
    groups = [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0}]
    optimizer = torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=True)
    steps = math.ceil(len(train[0]) / batch)
    pictures = tensor([p.resize((size, size), Image.BILINEAR) for p in val[0]])
    step, best, top1 = 0, 0, 0
    for epoch in range(epochs):
        net.train()
        order = random.sample(range(len(train[0])), len(train[0]))
        total, start = 0.0, time.time()
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            step += 1
            for group in optimizer.param_groups:
                group["lr"] = rate * share(step / steps, epochs)
            outputs = net(tensor([crop(train[0][i], size, area) for i in chosen]))
            loss = functional.cross_entropy(outputs, torch.from_numpy(train[1][chosen]), label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        net.eval()
        with torch.no_grad():
            top1 = (net(pictures).argmax(1).numpy() == val[1]).mean()
        best = max(best, top1)
        print(f"seed {seed} epoch {epoch + 1} loss {total / len(order):.4f} top-1 {top1:.4f} {time.time() - start:.1f} s", flush=True)
    return top1, best


def main():
    folder, *numbers = sys.argv[1:]
    seeds, epochs, threads = [int(n) for n in numbers] + [3, 40, 1][len(numbers) :]
    torch.set_num_threads(threads)
    train, val = shards(folder, "train"), shards(folder, "val")
    last, best = np.array([run(seed, epochs, train, val) for seed in range(1, seeds + 1)]).T
    print(f"torch {torch.__version__}: last {last.mean():.4f} ± {last.std():.4f} {last.tolist()}, best {best.mean():.4f}")


main()
