"""Ten networks as people make them with Keras, by the Keras that is given: version 2 or 3, the same words.

Weights are random, batch norm's statistics those of photographs, and the last biases such that no class always wins.
"""
import numpy as np
from common import pictures, normalized

# What is before the trunk (`graph`), the trunk, its pool, the layers of the head, what comes out. `nested`: the trunk is a
# model inside the model, as in Keras's own tutorials.
DESIGNS = [
    dict(name="dense", alpha=.1, size=96, trunk="keras", pool="average", head=["dropout"], output="softmax", classes=5),
    dict(name="hidden", alpha=.25, size=130, trunk="keras", graph="rescaling", nested=True, pool="average",
         head=[("relu", 32), "dropout"], output="softmax", classes=4),
    dict(name="norm-in-head", alpha=.35, size=150, trunk="keras", graph="preprocess_input", nested=True, pool="average",
         head=["norm", "dropout"], output="softmax", classes=3),
    dict(name="binary", alpha=1.3, size=96, trunk="keras", pool="average", head=["dropout"], output="sigmoid", classes=1),
    dict(name="labels", alpha=.25, size=200, trunk="keras", graph="unit-normalization", pool="average",
         head=[("tanh", 16)], output="sigmoid", classes=6),
    dict(name="max", alpha=.25, size=224, trunk="keras", graph="augmentation", nested=True, pool="max", head=[],
         output="logits", classes=5),
    dict(name="flatten", alpha=.25, size=96, trunk="keras", pool="flatten", head=[("relu", 24), ("relu6", 12)],
         output="softmax", classes=4, norm="unit"),
    dict(name="two-hidden", alpha=.35, size=300, trunk="keras", graph="normalization", pool="average",
         head=[("relu", 40), "norm", "dropout", ("relu", 20)], output="softmax", classes=7),
    dict(name="top", alpha=.25, size=160, trunk="top", head=[], output="softmax", classes=10),
    dict(name="own-same", alpha=.25, size=150, trunk="same", pool="layer", head=[], output="softmax", classes=3,
         norm="unit"),
]
# Files of weights alone tell no activations, heads or input: networks that a reader may take for granted.
ALONE = [
    dict(name=f"a{alpha}-{size}", alpha=alpha, size=size, trunk=trunk, pool="average", head=["dropout"], nested=nested,
         output="softmax", classes=classes)
    for alpha, size, trunk, nested, classes in [
        (.1, 96, "keras", False, 5), (.25, 96, "keras", True, 2), (.25, 130, "keras", False, 4),
        (.35, 150, "keras", True, 3), (.25, 160, "top", False, 10), (.25, 200, "keras", False, 6),
        (.5, 224, "keras", True, 5), (.25, 300, "keras", False, 7), (1.3, 96, "keras", False, 4),
        (.35, 128, "top", False, 12)]
]
for design in DESIGNS + ALONE:
    design.setdefault("norm", "raw" if "graph" in design else "tf")
    design.setdefault("nested", False)

BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]


def own_network(keras, design):
    """A network as in the papers' re-implementations: `same` everywhere, convolutions with biases, ReLU."""
    layers = keras.layers
    width = lambda channels: int(channels * design["alpha"])
    shape = (design["size"], design["size"], 3)
    inputs = x = keras.Input(shape)
    def after(x): return layers.ReLU()(layers.BatchNormalization()(x))
    x = after(layers.Conv2D(width(32), 3, strides=2, padding="same")(x))
    for channels, stride in BLOCKS:
        x = after(layers.DepthwiseConv2D(3, strides=stride, padding="same")(x))
        x = after(layers.Conv2D(width(channels), 1)(x))
    return keras.Model(inputs, x)


def build(keras, design):
    layers = keras.layers
    size, classes = design["size"], design["classes"]
    shape = (size, size, 3)
    if design["trunk"] == "top":
        return keras.applications.MobileNet(shape, alpha=design["alpha"], weights=None, classes=classes)
    if design["trunk"] == "same":
        trunk = own_network(keras, design)
    else:
        trunk = keras.applications.MobileNet(shape, alpha=design["alpha"], include_top=False, weights=None)
    graph = design.get("graph")
    if graph is None and not design["nested"]:
        inputs, x = trunk.inputs, trunk.output
    elif graph is None:
        return keras.Sequential([trunk, layers.GlobalAveragePooling2D(), *head(layers, design)])
    else:
        inputs = x = keras.Input(shape)
        if graph == "augmentation":
            x = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(.1)])(x)
        if graph in ("rescaling", "augmentation"): x = layers.Rescaling(1 / 127.5, offset=-1)(x)
        if graph == "preprocess_input": x = keras.applications.mobilenet.preprocess_input(x)
        if graph == "normalization":
            x = layers.Normalization(mean=[123.7, 116.3, 103.5], variance=[3410., 3263., 3292.])(x)
        if graph == "unit-normalization":
            x = layers.Normalization(mean=[.485, .456, .406], variance=[.0524, .0502, .0506])(layers.Rescaling(1 / 255)(x))
        if design["nested"]: x = trunk(x, training=False)
        else:  # flat: the trunk's layers, one by one
            for layer in trunk.layers[1:]: x = layer(x)
    if design["pool"] == "layer":
        side = x.shape[1]
        x = layers.Flatten()(layers.AveragePooling2D(side)(x))
    else:
        x = {"average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D, "flatten": layers.Flatten}[
            design["pool"]]()(x)
    for layer in head(layers, design): x = layer(x)
    return keras.Model(inputs, x)


def head(layers, design):
    made = []
    for what in design["head"]:
        if what == "dropout": made.append(layers.Dropout(.2))
        elif what == "norm": made.append(layers.BatchNormalization())
        elif what[0] == "relu6": made += [layers.Dense(what[1]), layers.ReLU(6.)]
        else: made.append(layers.Dense(what[1], activation=what[0]))
    activation = None if design["output"] == "logits" else design["output"]
    return [*made, layers.Dense(design["classes"], activation=activation)]


def every_layer(model):
    for layer in model.layers:
        if hasattr(layer, "layers"): yield from every_layer(layer)
        else: yield layer


def network(keras, design, seed):
    """The network of a design, with plausible weights, and what it answers to the three photographs."""
    random = np.random.default_rng(seed)
    model = build(keras, design)
    inputs = normalized(design["size"], design["norm"])
    norms = []
    for layer in every_layer(model):
        kind = type(layer).__name__
        if kind == "BatchNormalization":
            norms.append(layer)
            channels = layer.get_weights()[0].shape
            layer.set_weights([random.uniform(.7, 1.4, channels), random.normal(.3, .4, channels), np.zeros(channels),
                               np.ones(channels)])
        elif kind in ("Conv2D", "Dense", "DepthwiseConv2D"):
            kernel, *bias = layer.get_weights()
            fan = np.prod(kernel.shape[:2]) if kind == "DepthwiseConv2D" else np.prod(kernel.shape[:-1])
            layer.set_weights([random.normal(0, (2 / fan) ** .5, kernel.shape),
                               *[random.normal(0, .1, b.shape) for b in bias]])
    calibrate(keras, model, norms, inputs)
    center(keras, model, inputs, random)
    return model, np.asarray(model(inputs[:3], training=False)).reshape(3, -1)


def calibrate(keras, model, norms, inputs):
    """Sets batch norm's statistics to those of the photographs, one layer after the other."""
    order = [layer.name for layer in norms]
    x = inputs
    def run(layers_of, x):
        first = x
        for layer in layers_of.layers:
            kind = type(layer).__name__
            if kind == "InputLayer": continue
            if hasattr(layer, "layers"): x = run(layer, x)
            elif kind.startswith("Random"): continue
            # Keras 2 does not call its operators one by one.
            elif kind == "TFOpLambda": x = keras.Model(layers_of.inputs, layer.output)(first)
            else:
                if layer.name in order:
                    values = np.asarray(x, np.float64)
                    axes = tuple(range(values.ndim - 1))
                    gamma, beta, *_ = layer.get_weights()
                    layer.set_weights([gamma, beta, values.mean(axes), values.var(axes) + 1e-3])
                x = layer(x, training=False) if kind in ("BatchNormalization", "Dropout") else layer(x)
        return x
    run(model, x)


def center(keras, model, inputs, random):
    """Shifts the last biases, so that the photographs and not the biases decide."""
    last = [layer for layer in every_layer(model) if type(layer).__name__ in ("Dense", "Conv2D")][-1]
    outputs = np.asarray(model(inputs, training=False), np.float64).reshape(len(inputs), -1)
    softmax = outputs.shape[1] > 1 and np.allclose(outputs.sum(1), 1, atol=1e-4)
    is_logits = not softmax and (outputs.min() < 0 or outputs.max() > 1)
    clipped = np.clip(outputs, 1e-12, 1 - 1e-9)
    logits = outputs if is_logits else np.log(clipped) if softmax else np.log(clipped / (1 - clipped))
    kernel, bias = last.get_weights()
    spread = logits.std(0).mean()
    gain = .8 / max(spread, 1e-6)  # no class is certain, none is a guess, and no rounding is blown up
    mean = logits.mean(0)
    last.set_weights([kernel * gain, (bias - mean) * gain + random.normal(0, .3, bias.shape)])
