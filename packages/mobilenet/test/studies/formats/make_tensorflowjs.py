"""What TensorFlow.js's converter makes of networks of Keras 2: layers models, and graph models of their SavedModels.

    TF_USE_LEGACY_KERAS=1 python make_tensorflowjs.py FOLDER PHOTOS

Installed without its dependencies (requirements-tensorflowjs.txt), of which some have no release for this Python: empty
modules stand for those that it imports and that have no part in this.
"""
import sys, types
for name in ("tensorflow_decision_forests", "jax", "jax.experimental", "jax.experimental.jax2tf"):
    sys.modules.setdefault(name, types.ModuleType(name))
import tempfile
import numpy as np
import tensorflow as tf, tf_keras as keras, tensorflowjs
from common import Kind, making, normalized, preprocessing
from keras_networks import DESIGNS, network

LAYERS = Kind("tensorflowjs-layers", f"tf_keras {keras.__version__}")
GRAPH = Kind("tensorflowjs-graph", f"TensorFlow {tf.__version__}")
for seed, design in enumerate(DESIGNS):
    model, outputs = network(keras, design, seed)
    name, options = design["name"], preprocessing(design["norm"])
    def make():
        tensorflowjs.converters.save_keras_model(model, LAYERS.file(name), weight_shard_size_bytes=2 ** [18, 22][seed % 2])
        LAYERS.row(name, outputs, options=options)
    making(LAYERS, name, make)
    def make():
        with tempfile.TemporaryDirectory() as saved:
            model.export(saved)
            tensorflowjs.converters.convert_tf_saved_model(saved, GRAPH.file(name))
            loaded = tf.saved_model.load(saved)
            rows = np.asarray(loaded.serve(tf.constant(normalized(design["size"], design["norm"])[:3]))).reshape(3, -1)
        GRAPH.row(name, rows, options=options)
    making(GRAPH, name, make)
for kind in (LAYERS, GRAPH): kind.done()
