"""Writes optimizers.safetensors beside this file: five steps of each optimizer on given weights and gradients.

    pip install torch==2.15.0 numpy==2.4.6 safetensors==0.8.0 && python3 make-optimizers.py

SGD and AdamW are torch.optim's own, clipping is torch.nn.utils.clip_grad_norm_. RMSprop is written out, because
torch.optim adds epsilon outside the root where TensorFlow adds it inside, and begins its mean square at 0 where
TensorFlow begins at 1; check-rmsprop.py compares it with TensorFlow itself. All in float64, stored as float32.
"""
import numpy as np, torch
from files import write

SHAPES = {
    "stem.conv.weight": (8, 3, 3, 3), "stem.bn.weight": (8,), "stem.bn.bias": (8,),
    "blocks.0.depthwise.conv.weight": (8, 1, 3, 3), "blocks.0.depthwise.bn.weight": (8,),
    "blocks.0.pointwise.conv.weight": (17, 8, 1, 1), "classifier.weight": (5, 17), "classifier.bias": (5,),
}
# Filters that mix channels and the classifier's weights decay; depthwise filters, batch norms and biases do not.
DECAYING = ["stem.conv.weight", "blocks.0.pointwise.conv.weight", "classifier.weight"]
LEARNING_RATES = [0.05, 0.05, 0.02, 0.02, 0.01]
# The third gradient is long, so that clipping has something to clip.
GRADIENT_SCALES = [0.3, 0.3, 3, 0.3, 0.3]
# The keys and the spelling are those of the larger set (README.md): the tests read both.
SGD = dict(optimizer="sgd", momentum=0.9, nesterov=False, weightDecay=0.01)
CASES = {
    "sgd": SGD | dict(momentum=0.0, weightDecay=0.0),
    "sgd_momentum": SGD,
    "sgd_nesterov": SGD | dict(nesterov=True),
    "sgd_clipped": SGD | dict(clipGlobalNorm=5.0),
    "rmsprop": dict(optimizer="rmsprop", decay=0.9, momentum=0.9, epsilon=1.0, weightDecay=0.01),
    "rmsprop_small_epsilon": dict(optimizer="rmsprop", decay=0.95, momentum=0.9, epsilon=1e-3, weightDecay=0.0),
    "adamw": dict(optimizer="adamw", beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.05),
}


class TensorFlowRmsprop(torch.optim.Optimizer):
    """TensorFlow's RMSprop (tf.compat.v1.train.RMSPropOptimizer); decay is added to the gradient."""
    def __init__(self, groups, lr, decay, momentum, epsilon):
        super().__init__(groups, dict(lr=lr, decay=decay, momentum=momentum, epsilon=epsilon))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            decay, momentum = group["decay"], group["momentum"]
            for weights in group["params"]:
                state = self.state[weights]
                square = state.get("square", torch.ones_like(weights))
                moment = state.get("moment", torch.zeros_like(weights))
                gradient = weights.grad + group["weight_decay"] * weights
                state["square"] = decay * square + (1 - decay) * gradient**2
                root = torch.sqrt(state["square"] + group["epsilon"])
                state["moment"] = momentum * moment + group["lr"] * gradient / root
                weights -= state["moment"]


def optimizer_of(case, parameters):
    groups = [
        {"params": [values for name, values in parameters.items() if (name in DECAYING) == decays],
         "weight_decay": case["weightDecay"] if decays else 0.0}
        for decays in (True, False)
    ]
    rate = LEARNING_RATES[0]
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=case["momentum"], nesterov=case["nesterov"])
    if case["optimizer"] == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=(case["beta1"], case["beta2"]), eps=case["epsilon"])
    return TensorFlowRmsprop(groups, lr=rate, **{key: case[key] for key in ("decay", "momentum", "epsilon")})


def train(case, before, gradients):
    parameters = {name: torch.nn.Parameter(torch.from_numpy(values).double()) for name, values in before.items()}
    optimizer = optimizer_of(case, parameters)
    for rate, gradient in zip(LEARNING_RATES, gradients):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name, values in parameters.items():
            values.grad = torch.from_numpy(gradient[name]).double()
        if "clipGlobalNorm" in case:
            torch.nn.utils.clip_grad_norm_(parameters.values(), case["clipGlobalNorm"])
        optimizer.step()
    return {name: np.asarray(values.detach().numpy(), np.float32) for name, values in parameters.items()}


if __name__ == "__main__":
    random = np.random.default_rng(300)
    draw = lambda scale: {name: np.asarray(scale * random.normal(size=shape), np.float32) for name, shape in SHAPES.items()}
    before, gradients = draw(0.5), [draw(scale) for scale in GRADIENT_SCALES]
    tensors = {f"before.{name}": values for name, values in before.items()}
    for step, gradient in enumerate(gradients):
        tensors |= {f"gradient.{step}.{name}": values for name, values in gradient.items()}
    for name, case in CASES.items():
        tensors |= {f"after.{name}.{tensor}": values for tensor, values in train(case, before, gradients).items()}
    size = write("optimizers", tensors, {
        "cases": CASES, "learningRates": LEARNING_RATES, "weightDecayOn": DECAYING, "torch": torch.__version__,
    })
    print(f"optimizers: {size} bytes")
