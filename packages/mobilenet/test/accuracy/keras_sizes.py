"""Top-1 and top-5 of Keras' own network at sizes at which a layer of stride 2 meets an odd side, where Keras pads
otherwise than TensorFlow. Prints the JSON that stands beside this file as keras-sizes.json.

    python keras_sizes.py SHARED > keras-sizes.json      (the environment of ../studies/formats/requirements-tensorflow.txt)
"""

import json
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from PIL import Image

file = "mobilenet_v1_0.25_224.h5"
pictures = os.path.join(sys.argv[1], "data", "ilsvrc_val_227")
with open(os.path.join(pictures, "labels.tsv")) as table:
    labels = [line.rstrip("\n").split("\t")[:2] for line in list(table)[1:]]

accuracy = {}
for size in (200, 180, 150):
    network = tf.keras.applications.MobileNet(input_shape=(size, size, 3), alpha=0.25, weights=None)
    network.load_weights(os.path.join(sys.argv[1], "weights", file))
    right = [0, 0]
    for start in range(0, len(labels), 50):
        part = labels[start : start + 50]
        pixels = [
            np.asarray(Image.open(os.path.join(pictures, name)).convert("RGB").resize((size, size), Image.BILINEAR))
            for name, _ in part
        ]
        answers = network.predict((np.stack(pixels).astype(np.float32) - 127.5) / 127.5, verbose=0)
        best = np.argsort(-answers, axis=1, kind="stable")
        for (_, label), order in zip(part, best):
            right[0] += int(order[0]) == int(label)
            right[1] += int(label) in order[:5]
    accuracy[str(size)] = {"top1": right[0] / len(labels), "top5": right[1] / len(labels)}
print(json.dumps({"tensorflow": tf.__version__, "pictures": len(labels), file: accuracy}, indent="\t"))
