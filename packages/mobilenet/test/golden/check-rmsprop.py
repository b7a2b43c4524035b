"""Compares RMSprop in optimizers.safetensors with TensorFlow's own, tf.compat.v1.train.RMSPropOptimizer, in float64.

    pip install tensorflow-cpu==2.21.0 safetensors==0.8.0 && python3 check-rmsprop.py
"""
import json, pathlib
import numpy as np, tensorflow as tf
from safetensors import safe_open

with safe_open(pathlib.Path(__file__).with_name("optimizers.safetensors"), "numpy") as file:
    tensors = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}
    cases, rates, decaying = (json.loads(file.metadata()[key]) for key in ("cases", "learningRates", "weightDecayOn"))

for name, case in cases.items():
    if case["optimizer"] != "rmsprop":
        continue
    worst = 0
    for key in (key.removeprefix("before.") for key in tensors if key.startswith("before.")):
        weights, rate = tf.Variable(tensors[f"before.{key}"]), tf.Variable(0, dtype=tf.float64)
        optimizer = tf.compat.v1.train.RMSPropOptimizer(
            lambda: rate, decay=case["decay"], momentum=case["momentum"], epsilon=case["epsilon"])
        for step, value in enumerate(rates):
            rate.assign(value)
            decay = case["weightDecay"] if key in decaying else 0
            optimizer.apply_gradients([(tensors[f"gradient.{step}.{key}"] + decay * weights, weights)])
        expected = tensors[f"after.{name}.{key}"]
        off = np.linalg.norm(weights.numpy() - expected) / np.linalg.norm(weights.numpy() - tensors[f"before.{key}"])
        worst = max(worst, off)
    print(f"{name}: the change is at most {worst:.1e} off")
    assert worst < 1e-6
