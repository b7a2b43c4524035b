"""Files of Keras: whole models in HDF5 and .keras, and weights alone. KERAS=2 or 3 says which Keras writes them.

    KERAS=2 python make_keras.py FOLDER PHOTOS
"""
import os
version = os.environ["KERAS"]
if version == "2": import tf_keras as keras
else: import keras
from common import Kind, making, preprocessing
from keras_networks import ALONE, DESIGNS, network

runtime = f"{'tf_keras' if version == '2' else 'Keras'} {keras.__version__}"
hdf5, zipped, weights = (Kind(f"keras{version}-{what}", runtime) for what in ("h5", "keras", "weights"))
legacy = Kind("keras2-weights-h5", runtime)
for seed, design in enumerate(DESIGNS):
    if not (hdf5.wanted or zipped.wanted): break
    model, outputs = network(keras, design, seed)
    name = design["name"]
    for kind, ending in ((hdf5, "h5"), (zipped, "keras")):
        def make():
            model.save(kind.file(f"{name}.{ending}"))
            kind.row(f"{name}.{ending}", outputs, options=preprocessing(design["norm"]))
        making(kind, f"{name}.{ending}", make)
for seed, design in enumerate(ALONE):
    kinds = [(weights, "weights.h5")] + ([(legacy, "h5")] if version == "2" else [])
    if not any(kind.wanted for kind, _ in kinds): break
    model, outputs = network(keras, design, 100 + seed)
    for kind, ending in kinds:
        file = f"{design['name']}.{ending}"
        def make():
            model.save_weights(kind.file(file))
            kind.row(file, outputs, options=dict(size=design["size"]))
        making(kind, file, make)
for kind in (hdf5, zipped, weights) + ((legacy,) if version == "2" else ()): kind.done()
