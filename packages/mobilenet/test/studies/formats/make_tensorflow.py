"""What TensorFlow and its tools make of networks of Keras 3: TensorFlow Lite in six types, ONNX by tf2onnx.

    python make_tensorflow.py FOLDER PHOTOS
"""
import numpy as np
import flatbuffers, keras, onnxruntime, tensorflow as tf, tf2onnx
from ai_edge_litert.interpreter import Interpreter
from importlib.metadata import version
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from common import Kind, check, making, normalized, pictures, preprocessing
from keras_networks import DESIGNS, network

litert = f"LiteRT {version('ai_edge_litert')}"
KINDS = {what: Kind(f"tflite-{what}", litert)
         for what in ("float32", "float16", "dynamic", "int8", "uint8-io", "int8-float-io")}
ONNX = Kind("onnx-tf2onnx", f"onnxruntime {onnxruntime.__version__}")


def converted(model, what, inputs):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if what != "float32": converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if what == "float16": converter.target_spec.supported_types = [tf.float16]
    if "int8" in what:  # all three of integers
        converter.representative_dataset = lambda: ([picture[None]] for picture in inputs)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if what in ("int8", "uint8-io"):
        converter.inference_input_type = converter.inference_output_type = tf.int8 if what == "int8" else tf.uint8
    return converter.convert()


def in_floats(content):
    """The file with the weights of its dynamic range turned to the floats that they stand for."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    for tensor in model.subgraphs[0].tensors:
        if tensor.type != schema.TensorType.INT8: continue
        buffer, scale = model.buffers[tensor.buffer], np.asarray(tensor.quantization.scale, np.float32)
        shape = [1] * len(tensor.shape)
        shape[tensor.quantization.quantizedDimension] = scale.size
        codes = np.frombuffer(bytes(buffer.data), np.int8).reshape(tensor.shape)
        buffer.data = np.frombuffer((codes * scale.reshape(shape)).astype(np.float32).tobytes(), np.uint8)
        tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    builder = flatbuffers.Builder(len(content) * 4)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def answers(content, inputs, pixels):
    """Of LiteRT as it runs by default: values, and the scale of a quantized output."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    (scale, zero), least = into["quantization"], -128 if into["dtype"] == np.int8 else 0
    rows = []
    for picture, bytes in zip(inputs[:3], pixels):
        if scale:  # an integer input takes the bytes of a picture as they are, or less 128
            codes = bytes.astype(np.int32) + least
            check(np.abs((codes - zero) * scale - picture).max() < scale, "an integer input that is not the bytes of a picture")
            picture = codes.astype(into["dtype"])
        interpreter.set_tensor(into["index"], picture[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(out["index"])[0].astype(np.float64))
    scale, zero = out["quantization"]
    if scale: return (np.array(rows) - zero) * scale, scale
    # Behind a DEQUANTIZE: the codes are those of the tensor before it.
    ends = [each["quantization"][0] for each in interpreter.get_tensor_details()
            if each["dtype"] == np.int8 and list(each["shape"]) == list(out["shape"]) and each["quantization"][0]]
    return np.array(rows), ends[-1] if ends else None


for seed, design in enumerate(DESIGNS):
    model, outputs = network(keras, design, seed)
    inputs = normalized(design["size"], design["norm"])
    name = design["name"]
    for what, kind in KINDS.items():
        def make():
            written = converted(model, what, inputs)
            open(kind.file(f"{name}.tflite"), "wb").write(written)
            # LiteRT quantizes activations anew for every picture beside weights of dynamic range, which moves answers of
            # these networks by more than is between two of them: what the file holds is compared in floats.
            asked = in_floats(written) if what == "dynamic" else written
            rows, scale = answers(asked, inputs, pictures(design["size"]))
            options = {} if what in ("int8", "uint8-io") else preprocessing(design["norm"])
            kind.row(f"{name}.tflite", rows, options=options, **({"scale": float(scale)} if scale else {}))
        making(kind, f"{name}.tflite", make)

    def make():
        path = ONNX.file(f"{name}.onnx")
        # As people call it: an opset, sometimes pictures with channels first; of a frozen graph, which keeps constants.
        signature = tf.TensorSpec((None, design["size"], design["size"], 3), tf.float32, name="input")
        turned = seed % 3 == 2
        concrete = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
        frozen = convert_variables_to_constants_v2(concrete)
        tf2onnx.convert.from_graph_def(frozen.graph.as_graph_def(), input_names=["input:0"],
                                       output_names=[frozen.outputs[0].name], opset=[11, 13, 15, 17, 18][seed % 5],
                                       output_path=path, inputs_as_nchw=["input:0"] if turned else None)
        session = onnxruntime.InferenceSession(path)
        given = inputs[:3].transpose(0, 3, 1, 2) if turned else inputs[:3]
        rows = session.run(None, {session.get_inputs()[0].name: given})[0]
        check(np.abs(rows.reshape(3, -1) - outputs).max() < 1e-3, f"{design['name']}: the file is another network")
        ONNX.row(f"{name}.onnx", rows, options=preprocessing(design["norm"]))
    making(ONNX, f"{name}.onnx", make)
for kind in (*KINDS.values(), ONNX): kind.done()
