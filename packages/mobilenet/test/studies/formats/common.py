"""What the makers of the study share: photographs as numbers, and the list of files with the answers of their runtimes.

A maker is called `python MAKER.py FOLDER PHOTOS`. It writes FOLDER/KIND/NAME.… and, when a kind is done, FOLDER/KIND.json:
a row a file, with what its own runtime answers to three photographs (RGB, upright, stretched with Pillow's bilinear
filter).
"""
import json, os, sys, time
import numpy as np
from PIL import Image, ImageOps

folder, photos = sys.argv[1:3]
# A third word names the kinds to make, separated by commas; without it all are made.
wanted = sys.argv[3].split(",") if len(sys.argv) > 3 else None
ASKED = ["macaw.jpg", "tabby_cat.jpg", "espresso.png"]
# Batch norm and the ranges of integers are calibrated on these; with the asked ones in front.
CALIBRATION = ASKED + ["cannon.jpg", "chelsea_cat.png", "dragonfly.webp", "hotdog.jpg", "lighthouse.jpg",
                       "military_uniform.jpg", "samoyed.jpg"]

# What the file's own input takes, from pixels: (x - mean) / std, channel by channel.
NORMS = {
    "raw": ([0, 0, 0], [1, 1, 1]),
    "tf": ([127.5] * 3, [127.5] * 3),
    "unit": ([0, 0, 0], [255] * 3),
    "imagenet": ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
}


def pictures(size):
    """[10, size, size, 3] bytes; the first three are those that are asked for."""
    def one(name):
        picture = ImageOps.exif_transpose(Image.open(os.path.join(photos, name))).convert("RGB")
        return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR))
    return np.stack([one(name) for name in CALIBRATION])


def normalized(size, norm):
    mean, std = NORMS[norm]
    return ((pictures(size).astype(np.float64) - mean) / std).astype(np.float32)


def preprocessing(norm):
    """What a person must say of a file's input: nothing where the file says it, or where it is what most networks take."""
    mean, std = NORMS[norm]
    return {} if norm in ("raw", "tf") else dict(preprocessing=dict(mean=mean, std=std))


class Wrong(Exception):
    """A maker's own mistake, where other errors are an exporter's."""


def check(right, message):
    if not right: raise Wrong(message)


class Kind:
    """The files that one exporter writes. `file` gives the path to write to, `row` notes the answers."""
    def __init__(self, name, runtime):
        self.name, self.runtime, self.rows = name, runtime, []
        self.wanted = wanted is None or name in wanted
        if self.wanted: os.makedirs(os.path.join(folder, name), exist_ok=True)

    def file(self, name):
        return os.path.join(folder, self.name, name)

    def row(self, file, outputs, **more):
        """
        `outputs`: three rows, as real numbers. `more`: `scale` of a quantized output; `options`, what the file does not say
        and a person must.
        """
        outputs = np.asarray(outputs, np.float64).reshape(3, -1)
        apart = np.abs(outputs - outputs.mean(0)).max()
        check(np.isfinite(outputs).all() and apart > 1e-3, f"{file}: the answers hardly differ: {apart}")
        self.rows.append(dict(file=f"{self.name}/{file}", asked=ASKED, outputs=np.round(outputs, 8).tolist()) | more)
        print(f"{self.name}/{file}", time.strftime("%H:%M:%S"), flush=True)

    def failed(self, file, error):
        """What the exporter itself could not write is said, not left out."""
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        self.rows.append(dict(file=f"{self.name}/{file}", unwritten=text))
        print(f"{self.name}/{file} was not written: {text}", flush=True)

    def done(self):
        if self.wanted:
            json.dump(dict(kind=self.name, runtime=self.runtime, files=self.rows),
                      open(os.path.join(folder, f"{self.name}.json"), "w"), indent=1)


def making(kind, file, make):
    """Runs `make`, and notes what it could not do."""
    if not kind.wanted: return
    try: make()
    except Wrong: raise
    except Exception as error: kind.failed(file, error)
