"""Frozen graphs: networks of Keras 2 as TensorFlow 2 freezes them, and graphs of TensorFlow 1 in the names of TF-slim.

    TF_USE_LEGACY_KERAS=1 python make_graphs.py FOLDER PHOTOS
"""
import numpy as np
import tensorflow as tf, tf_keras as keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.tools import optimize_for_inference_lib
from common import Kind, check, making, normalized, preprocessing
from keras_networks import BLOCKS, DESIGNS, network

v1 = tf.compat.v1
runtime = f"TensorFlow {tf.__version__}"
FROZEN, SLIM = Kind("graphdef-keras", runtime), Kind("graphdef-slim", runtime)

for seed, design in enumerate(DESIGNS):
    if not FROZEN.wanted: break
    model, outputs = network(keras, design, seed)
    def make():
        signature = tf.TensorSpec((None, design["size"], design["size"], 3), tf.float32, name="input")
        concrete = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
        frozen = convert_variables_to_constants_v2(concrete)
        file = f"{design['name']}.pb"
        tf.io.write_graph(frozen.graph.as_graph_def(), FROZEN.file(""), file, as_text=False)
        rows = frozen(tf.constant(normalized(design["size"], design["norm"])[:3]))[0].numpy()
        check(np.abs(rows.reshape(3, -1) - outputs).max() < 1e-3, f"{design['name']}: the file is another network")
        FROZEN.row(file, rows, options=preprocessing(design["norm"]))
    making(FROZEN, f"{design['name']}.pb", make)

# What a graph of TensorFlow 1 is like: batch norm fused, or written out and so unfolded, or folded by
# optimize_for_inference; ends as TF-slim's, as TensorFlow for Poets' (`final_result`), or with logits.
GRAPHS = [
    dict(name="slim-fused", alpha=.25, size=128, batch_norm="fused", end="slim", classes=11),
    dict(name="slim-unfolded", alpha=.25, size=96, batch_norm="written-out", end="slim", classes=6),
    dict(name="slim-odd", alpha=.25, size=150, batch_norm="fused", end="slim", classes=5),
    dict(name="slim-logits", alpha=.35, size=130, batch_norm="fused", end="logits", classes=4),
    dict(name="poets", alpha=.25, size=160, batch_norm="written-out", end="retrained", classes=3),
    dict(name="poets-optimized", alpha=.25, size=224, batch_norm="optimized", end="retrained", classes=2),
    dict(name="slim-optimized", alpha=.5, size=128, batch_norm="optimized", end="slim", classes=7),
    dict(name="hub-input", alpha=.25, size=128, batch_norm="fused", end="logits", classes=5, norm="unit", graph="hub"),
    dict(name="slim-small", alpha=.1, size=96, batch_norm="fused", end="slim", classes=4),
    dict(name="slim-wide", alpha=1.3, size=96, batch_norm="fused", end="slim", classes=4),
]


def graph(design, random):
    """Builds the network in the default graph; variables are set by `calibrated` afterwards."""
    width = lambda channels: max(int(channels * design["alpha"]), 8)
    norms, names = [], "MobilenetV1/MobilenetV1/"
    x = inputs = v1.placeholder(tf.float32, (None, design["size"], design["size"], 3), name="input")
    if design.get("graph") == "hub":
        x = tf.subtract(tf.multiply(x, 2., name="hub_input/Mul"), 1., name="hub_input/Sub")

    def variable(name, shape, values):
        return v1.get_variable(name, initializer=np.asarray(values, np.float32).reshape(shape))

    def layer(x, name, channels, stride, kernel, depthwise=False):
        inputs = x.shape[-1]
        shape = (kernel, kernel, inputs, 1 if depthwise else channels)
        fan = kernel * kernel * (1 if depthwise else inputs)
        which = "depthwise_weights" if depthwise else "weights"
        weight = variable(f"{name}/{which}", shape, random.normal(0, (2 / fan) ** .5, shape))
        if depthwise: x = tf.nn.depthwise_conv2d(x, weight, (1, stride, stride, 1), "SAME", name=f"{name}/depthwise")
        else: x = tf.nn.conv2d(x, weight, (1, stride, stride, 1), "SAME", name=f"{name}/Conv2D")
        channels = x.shape[-1]
        gamma = variable(f"{name}/BatchNorm/gamma", channels, random.uniform(.7, 1.4, channels))
        beta = variable(f"{name}/BatchNorm/beta", channels, random.normal(.3, .4, channels))
        mean = variable(f"{name}/BatchNorm/moving_mean", channels, np.zeros(channels))
        variance = variable(f"{name}/BatchNorm/moving_variance", channels, np.ones(channels))
        norms.append((x, mean, variance))
        if design["batch_norm"] == "written-out":
            x = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3, name=f"{name}/BatchNorm/batchnorm")
        else:
            x = v1.nn.fused_batch_norm(x, gamma, beta, mean, variance, 1e-3, is_training=False,
                                       name=f"{name}/BatchNorm/FusedBatchNorm")[0]
        return tf.nn.relu6(x, name=f"{name}/Relu6")

    x = layer(x, f"{names}Conv2d_0", width(32), 2, 3)
    for i, (channels, stride) in enumerate(BLOCKS, 1):
        x = layer(x, f"{names}Conv2d_{i}_depthwise", None, stride, 3, depthwise=True)
        x = layer(x, f"{names}Conv2d_{i}_pointwise", width(channels), 1, 1)
    side, channels, classes = x.shape[1], x.shape[-1], design["classes"]
    x = tf.nn.avg_pool2d(x, (1, side, side, 1), (1, 1, 1, 1), "VALID", name="MobilenetV1/Logits/AvgPool_1a/AvgPool")
    bias = random.normal(0, .3, classes)
    weights = random.normal(0, 3 * channels ** -.5, (channels, classes))
    if design["end"] == "retrained":
        x = tf.squeeze(x, (1, 2), name="MobilenetV1/Predictions/Reshape")
        x = v1.placeholder_with_default(x, (None, channels), name="input_1/BottleneckInputPlaceholder")
        kernel = variable("final_retrain_ops/weights/final_weights", (channels, classes), weights)
        offset = variable("final_retrain_ops/biases/final_biases", classes, bias)
        logits = tf.add(tf.matmul(x, kernel, name="final_retrain_ops/Wx_plus_b/MatMul"), offset,
                        name="final_retrain_ops/Wx_plus_b/add")
        out = tf.nn.softmax(logits, name="final_result")
    else:
        kernel = variable("MobilenetV1/Logits/Conv2d_1c_1x1/weights", (1, 1, channels, classes), weights)
        offset = variable("MobilenetV1/Logits/Conv2d_1c_1x1/biases", classes, bias)
        x = tf.nn.conv2d(x, kernel, (1, 1, 1, 1), "SAME", name="MobilenetV1/Logits/Conv2d_1c_1x1/Conv2D")
        x = tf.nn.bias_add(x, offset, name="MobilenetV1/Logits/Conv2d_1c_1x1/BiasAdd")
        logits = out = tf.squeeze(x, (1, 2), name="MobilenetV1/Logits/SpatialSqueeze")
        if design["end"] == "slim":
            x = tf.reshape(out, (-1, classes), name="MobilenetV1/Predictions/Reshape")
            out = tf.reshape(tf.nn.softmax(x, name="MobilenetV1/Predictions/Softmax"), tf.shape(out),
                             name="MobilenetV1/Predictions/Reshape_1")
    return inputs, norms, logits, offset, out


for seed, design in enumerate(GRAPHS):
    design.setdefault("norm", "tf")
    design["output"] = "logits" if design["end"] == "logits" else "softmax"
    def make():
        pixels = normalized(design["size"], design["norm"])
        with tf.Graph().as_default(), v1.Session() as session:
            inputs, norms, logits, offset, out = graph(design, np.random.default_rng(500 + seed))
            session.run(v1.global_variables_initializer())
            feed = {inputs: pixels}
            for values, mean, variance in norms:
                values = session.run(values, feed).astype(np.float64)
                mean.load(values.mean((0, 1, 2)), session)
                variance.load(values.var((0, 1, 2)) + 1e-3, session)
            offset.load(session.run(offset) - session.run(logits, feed).mean(0), session)
            node = out.op.name
            frozen = v1.graph_util.convert_variables_to_constants(session, session.graph_def, [node])
            rows = session.run(out, {inputs: pixels[:3]})
        if design["batch_norm"] == "optimized":
            frozen = optimize_for_inference_lib.optimize_for_inference(frozen, ["input"], [node],
                                                                       tf.float32.as_datatype_enum)
        file = f"{design['name']}.pb"
        open(SLIM.file(file), "wb").write(frozen.SerializeToString())
        with tf.Graph().as_default(), v1.Session() as session:
            tf.import_graph_def(frozen, name="")
            again = session.run(f"{node}:0", {"input:0": pixels[:3]})
        check(np.abs(again - rows).max() < 1e-3, f"{design['name']}: the file is another network")
        SLIM.row(file, again, options={})
    making(SLIM, f"{design['name']}.pb", make)
for kind in (FROZEN, SLIM): kind.done()
