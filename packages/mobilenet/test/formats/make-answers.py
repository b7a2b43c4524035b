"""Writes answers.json: what their own runtimes answer for those files of ../shared/weights that have no golden values.

    pip install tensorflow-cpu==2.21.0 tf_keras==2.21.0 ai-edge-litert==2.3.0 torch==2.15.0 pillow==13.0.0
    python make-answers.py ../../../../../shared

In the form of ../shared/wild/expected.json, on the same three photographs. Each file as it is run elsewhere: TensorFlow Lite's by
LiteRT (the person detector with the axis of its biases set to 0, which LiteRT asks for), TensorFlow.js's graph by
TensorFlow, PyTorch's weights in the network that their README describes, Keras's weights in Keras's network.
"""
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from PIL import Image, ImageOps

shared = sys.argv[1]
weights = os.path.join(shared, "weights")
PHOTOS = ["macaw.jpg", "tabby_cat.jpg", "espresso.png"]
NORMS = {"tf": (127.5, 127.5), "unit": (0, 255),
         "imagenet": (np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])), "raw": (0, 1)}


def pictures(size, mode, norm):
    rows = []
    for name in PHOTOS:
        picture = ImageOps.exif_transpose(Image.open(os.path.join(shared, "data/photos", name))).convert(mode)
        pixels = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR), np.float64)
        mean, std = NORMS[norm]
        rows.append((pixels.reshape(size, size, -1) - mean) / std)
    return np.stack(rows).astype(np.float32)


def lite(content, inputs):
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = out["quantization"]
    rows = []
    for picture in inputs:
        if into["dtype"] == np.int8: picture = picture - 128
        interpreter.set_tensor(into["index"], picture[None].astype(into["dtype"]))
        interpreter.invoke()
        row = interpreter.get_tensor(out["index"])[0].astype(np.float64)
        rows.append((row - zero) * scale if scale else row)
    return np.array(rows)


def glasses():
    content = open(os.path.join(weights, "glasses_v1_0.25_224.tflite"), "rb").read()
    return lite(content, pictures(224, "RGB", "tf"))


def person():
    from tensorflow.lite.python import schema_py_generated as schema
    import flatbuffers
    content = open(os.path.join(weights, "person_detect_v1_0.25_96_gray_int8.tflite"), "rb").read()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    for tensor in model.subgraphs[0].tensors:
        if tensor.quantization and len(tensor.shape) == 1: tensor.quantization.quantizedDimension = 0
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return lite(bytes(builder.Output()), pictures(96, "L", "raw"))


def tfjs_graph():
    import tensorflow as tf
    from google.protobuf import json_format
    folder = os.path.join(weights, "mobilenet_v1_0.25_224_tfjs_graph")
    model = json.load(open(os.path.join(folder, "model.json")))
    values, at = {}, 0
    for group in model["weightsManifest"]:
        data, at = b"".join(open(os.path.join(folder, path), "rb").read() for path in group["paths"]), 0
        for each in group["weights"]:
            dtype = np.dtype({"float32": "<f4", "int32": "<i4"}[each["dtype"]])
            count = int(np.prod(each["shape"]))
            values[each["name"]] = np.frombuffer(data, dtype, count, at).reshape(each["shape"])
            at += count * dtype.itemsize
    graph = json_format.ParseDict(model["modelTopology"], tf.compat.v1.GraphDef(), ignore_unknown_fields=True)
    for node in graph.node:
        if node.op == "Const": node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values[node.name]))
    used = {name.split(":")[0].lstrip("^") for node in graph.node for name in node.input}
    last = [node.name for node in graph.node if node.name not in used]
    assert len(last) == 1, last
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run(f"{last[0]}:0", {"images:0": pictures(224, "RGB", "unit")})


def leaky():
    import torch
    from torch import nn
    state = torch.load(os.path.join(weights, "mobilenet_v1_0.25_224_leaky_pytorch.tar"), map_location="cpu",
                       weights_only=True)["state_dict"]
    state = {name.removeprefix("module."): value for name, value in state.items()}
    act = lambda: nn.LeakyReLU(.1)
    def first(i, o, stride): return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), act())
    def block(i, o, stride):
        return nn.Sequential(nn.Conv2d(i, i, 3, stride, 1, groups=i, bias=False), nn.BatchNorm2d(i), act(),
                             nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), act())
    net = nn.Module()
    net.stage1 = nn.Sequential(first(3, 8, 2), block(8, 16, 1), block(16, 32, 2), block(32, 32, 1), block(32, 64, 2),
                               block(64, 64, 1))
    net.stage2 = nn.Sequential(block(64, 128, 2), *[block(128, 128, 1) for _ in range(5)])
    net.stage3 = nn.Sequential(block(128, 256, 2), block(256, 256, 1))
    net.fc = nn.Linear(256, 1000)
    net.load_state_dict(state)
    net.eval()
    x = torch.from_numpy(pictures(224, "RGB", "imagenet").transpose(0, 3, 1, 2).copy())
    with torch.no_grad(): return net.fc(net.stage3(net.stage2(net.stage1(x))).mean((2, 3))).numpy()


def without_top():
    import tf_keras
    model = tf_keras.applications.MobileNet((224, 224, 3), alpha=.25, include_top=False, weights=None, pooling="avg")
    model.load_weights(os.path.join(weights, "mobilenet_v1_0.25_224_no_top.h5"))
    return np.asarray(model(pictures(224, "RGB", "tf"), training=False))


answers = {}
for file, runtime, make in [
    ("glasses_v1_0.25_224.tflite", "LiteRT 2.3.0", glasses),
    ("person_detect_v1_0.25_96_gray_int8.tflite", "LiteRT 2.3.0", person),
    ("mobilenet_v1_0.25_224_tfjs_graph", "TensorFlow 2.21.0", tfjs_graph),
    ("mobilenet_v1_0.25_224_leaky_pytorch.tar", "PyTorch 2.15.0", leaky),
    ("mobilenet_v1_0.25_224_no_top.h5", "tf_keras 2.21.0", without_top),
]:
    outputs = np.asarray(make(), np.float64).reshape(3, -1)
    row = dict(runtime=runtime)
    if outputs.shape[1] <= 256: row["outputs"] = np.round(outputs, 6).tolist()
    else:
        row["best"] = [[[int(n), round(float(values[n]), 6)] for n in np.argsort(-values)[:5]] for values in outputs]
        row["count"] = outputs.shape[1]
    answers[file] = row
lines = ",\n".join(f"\t{json.dumps(file)}: {json.dumps(row)}" for file, row in answers.items())
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "answers.json"), "w").write("{\n" + lines + "\n}\n")
