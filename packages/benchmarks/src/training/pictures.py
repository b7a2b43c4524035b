"""Pictures for training: random crops, and tensors of -1 to 1."""

import math
import random

import numpy as np
import torch
from PIL import Image

aspect = (3 / 4, 4 / 3)


def tensor(pictures):
    values = torch.from_numpy(np.stack([np.asarray(p) for p in pictures])).permute(0, 3, 1, 2)
    return (values.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def crop(picture, size, area):
    """A random part of a picture with a share of its area in the range `area`, resized and mirrored at random."""
    width, height = picture.size
    for _ in range(10):
        target = random.uniform(*area) * width * height
        ratio = math.exp(random.uniform(math.log(aspect[0]), math.log(aspect[1])))
        w, h = round(math.sqrt(target * ratio)), round(math.sqrt(target / ratio))
        if 0 < w <= width and 0 < h <= height:
            x, y = random.randint(0, width - w), random.randint(0, height - h)
            break
    else:
        x, y, w, h = 0, 0, width, height
    result = picture.resize((size, size), Image.BILINEAR, box=(x, y, x + w, y + h))
    return result.transpose(Image.FLIP_LEFT_RIGHT) if random.random() < 0.5 else result
