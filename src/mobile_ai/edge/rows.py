"""Decides from an ONNX graph whether rows of different clients may share one call.

A first axis with the same name everywhere is only the exporter's claim. This analysis follows the
rows of every tensor through the graph instead: joining is allowed only where each operator is known
to map row `i` of its inputs to row `i` of its output. An operator, domain or attribute that is not
listed, a subgraph or a function means no. Dynamic quantisation takes one scale from all rows of a
call, so it means no too (https://github.com/microsoft/onnxruntime/issues/10111).

Operators: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import onnx
from onnx import numpy_helper, shape_inference

_DEFAULT: Final = ("", "ai.onnx")
_ML: Final = "ai.onnx.ml"
_UNARY: Final = frozenset(
    """
    Abs Acos Acosh Asin Asinh Atan Atanh Cast CastLike Ceil Celu Cos Cosh Dropout Elu Erf Exp Floor
    Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round
    Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu
    """.split()  # noqa: SIM905  # a table, read as words
)
_BROADCAST: Final = frozenset(
    """
    Add And BitwiseAnd BitwiseOr BitwiseXor Clip Div Equal Greater GreaterOrEqual Less LessOrEqual
    Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor
    """.split()  # noqa: SIM905
)
# The first axis is the batch by definition of the operator; all other inputs are weights.
_BATCH_FIRST: Final = frozenset(
    """
    AveragePool BatchNormalization Conv ConvInteger ConvTranspose DepthToSpace
    GlobalAveragePool GlobalMaxPool InstanceNormalization LRN MaxPool QLinearConv SpaceToDepth
    """.split()  # noqa: SIM905
)
_ML_ROWS: Final = frozenset(
    """
    Binarizer CategoryMapper Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer
    OneHotEncoder Scaler SVMClassifier SVMRegressor TreeEnsembleClassifier TreeEnsembleRegressor
    """.split()  # noqa: SIM905
)
_MATRIX: Final = 2  # axes
_LARGEST_SHAPE: Final = 64  # entries of a constant that stands for axes or a shape


def keeps_rows_apart(source: bytes | Path) -> bool:
    """Return whether row `i` of every output depends on row `i` of the inputs alone.

    False for a file that cannot be read or whose shapes cannot be inferred.
    """
    try:
        model = (
            onnx.load_model(source) if isinstance(source, Path) else onnx.load_from_string(source)
        )
        if model.functions:
            return False
        _forget_shapes(model.graph)
        return _Graph(shape_inference.infer_shapes(model).graph).keeps_rows()
    except Exception:  # noqa: BLE001  # whatever the file is: its rows are not joined
        return False


def _forget_shapes(graph: Any) -> None:
    """Drop the file's declared shapes except the inputs': inference does not correct wrong ones."""
    graph.ClearField("value_info")
    for item in graph.output:
        item.type.tensor_type.ClearField("shape")


@dataclass(frozen=True, slots=True)
class _Node:
    """An operator with its attributes and the known facts of its tensors."""

    graph: _Graph
    proto: Any

    @property
    def inputs(self) -> list[str]:
        return list(self.proto.input)

    def attribute(self, name: str, default: Any) -> Any:
        found = [item for item in self.proto.attribute if item.name == name]
        return onnx.helper.get_attribute_value(found[0]) if found else default

    def rank(self, at: int = 0) -> int | None:
        return self.graph.ranks.get(self.inputs[at])

    def has_rows(self, at: int) -> bool:
        return at < len(self.inputs) and self.inputs[at] in self.graph.rows

    def only_first_has_rows(self) -> bool:
        return self.has_rows(0) and not any(map(self.has_rows, range(1, len(self.inputs))))

    def integers(self, at: int, attribute: str) -> list[int] | None:
        """Return axes or a shape from a constant input or, in older opsets, an attribute."""
        if at < len(self.inputs) and self.inputs[at]:
            return self.graph.integers.get(self.inputs[at])
        found = self.attribute(attribute, None)
        return None if found is None else [found] if isinstance(found, int) else list(found)


class _Graph:
    """Tracks the tensors whose first axis is the batch, operator by operator."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self.ranks = {
            item.name: rank for item in _values(graph) if (rank := _rank(item)) is not None
        }
        self.dims = {item.name: _dims(item) for item in _values(graph)}
        self.constants: set[str] = {""}
        self.integers: dict[str, list[int]] = {}
        for item in graph.initializer:
            self._constant(item.name, item)
        self.rows = {item.name for item in graph.input} - self.constants

    def keeps_rows(self) -> bool:
        """Follow the rows from the inputs to the outputs."""
        return all(map(self._follow, self._graph.node)) and all(
            item.name in self.rows for item in self._graph.output
        )

    def _follow(self, proto: Any) -> bool:
        if any(item.g.node or item.graphs for item in proto.attribute):
            return False
        if not any(name in self.rows for name in proto.input):
            return self._is_constant(proto)
        node = _Node(self, proto)
        if not _RULES.get((_domain(proto.domain), proto.op_type), _never)(node):
            return False
        self.rows.update(name for name in proto.output if name)
        return True

    def _is_constant(self, proto: Any) -> bool:
        if proto.op_type.startswith(("Random", "Multinomial", "Bernoulli")):
            return False
        self.constants.update(proto.output)
        if proto.op_type == "Constant":
            for item in proto.attribute:
                if item.name == "value":
                    self._constant(proto.output[0], item.t)
                elif item.name == "value_ints":
                    self.integers[proto.output[0]] = list(item.ints)
        return True

    def _constant(self, name: str, tensor: Any) -> None:
        self.constants.add(name)
        self.ranks[name] = len(tensor.dims)
        self.dims[name] = list(tensor.dims)
        integer = tensor.data_type in {onnx.TensorProto.INT64, onnx.TensorProto.INT32}
        if integer and len(tensor.dims) <= 1 and sum(tensor.dims) <= _LARGEST_SHAPE:
            self.integers[name] = [int(item) for item in numpy_helper.to_array(tensor).ravel()]


def _values(graph: Any) -> Iterable[Any]:
    return (*graph.input, *graph.value_info, *graph.output)


def _rank(item: Any) -> int | None:
    kind = item.type.tensor_type
    return len(kind.shape.dim) if kind.HasField("shape") else None


def _dims(item: Any) -> list[int | None]:
    dims = item.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]


def _domain(domain: str) -> str:
    return "" if domain in _DEFAULT else domain


def _normalizes_batches(node: _Node) -> bool:
    """Refuse the training form, which takes mean and variance from all rows.

    It has an attribute since opset 14; before, more than one output.
    """
    training = node.attribute("training_mode", 0) or len(node.proto.output) > 1
    return node.only_first_has_rows() and not training


def _pools(node: _Node) -> bool:
    """Refuse the second output: its indices count across the whole batch."""
    return node.only_first_has_rows() and len(node.proto.output) == 1


def _never(_: _Node) -> bool:
    return False


def _first(node: _Node) -> bool:
    return node.only_first_has_rows()


def _table_rows(node: _Node) -> bool:
    """Refuse a vector: operators of `ai.onnx.ml` treat it as one row of many columns."""
    rank = node.rank()
    return node.only_first_has_rows() and rank is not None and rank >= _MATRIX


def _broadcasts(node: _Node) -> bool:
    """Check that axis 0 of every operand aligns: equal ranks, and one row in any constant."""
    ranks = {node.rank(at) for at in range(len(node.inputs)) if node.has_rows(at)}
    if len(ranks) != 1 or None in ranks:
        return False
    (rank,) = ranks
    return all(
        node.has_rows(at) or _fits_below(node.graph, name, rank or 0)
        for at, name in enumerate(node.inputs)
        if name
    )


def _fits_below(graph: _Graph, name: str, rank: int) -> bool:
    """Return whether a constant is the same for every row of a tensor of this rank."""
    own = graph.ranks.get(name)
    if own is None or own > rank:
        return False
    return own < rank or graph.dims[name][:1] == [1]


def _matrix(node: _Node) -> bool:
    """Check MatMul and MatMulInteger: rows times weights, or row by row where both have rows."""
    left, right = node.rank(0), node.rank(1)
    if left is None or right is None or left < _MATRIX:
        return False
    if node.has_rows(0) and node.has_rows(1):
        return left == right and left > _MATRIX
    return (
        node.has_rows(0)
        and right <= _MATRIX
        and not any(node.has_rows(at) for at in range(2, len(node.inputs)))
    )


def _quantized_matrix(node: _Node) -> bool:
    left, right = node.rank(0), node.rank(3)
    return node.only_first_has_rows() and left is not None and left > 1 and right == _MATRIX


def _gemm(node: _Node) -> bool:
    rest = [name for name in node.inputs[2:] if name]
    return (
        node.only_first_has_rows()
        and not node.attribute("transA", 0)
        and all(_fits_below(node.graph, name, 2) for name in rest)
    )


def _quantizes(node: _Node) -> bool:
    """Check that scale and zero point are constants, not per row along axis 0."""
    scale = node.graph.ranks.get(node.inputs[1])
    rank = node.rank()
    axis = node.attribute("axis", 1)
    along_rows = scale != 0 and (rank is None or axis % rank == 0)
    return node.only_first_has_rows() and scale in {0, 1} and not along_rows


def _off_axis(name: str, default: int) -> Callable[[_Node], bool]:
    """Return the check of an operator that works along one axis: any but the first."""

    def check(node: _Node) -> bool:
        rank = node.rank()
        axis = node.attribute(name, default)
        return node.only_first_has_rows() and bool(rank) and axis % (rank or 1) != 0

    return check


def _off_axes(at: int, *, needed: bool, shift: bool = False) -> Callable[[_Node], bool]:
    """Return the check of an operator that works along several axes, from an input or attribute.

    Args:
        at: The input that may contain them.
        needed: True if no axes means all, including the first.
        shift: True if they count in the output, which has that many more axes.
    """

    def check(node: _Node) -> bool:
        axes, rank = node.integers(at, "axes"), node.rank()
        if axes is None or rank is None:
            return not needed and node.only_first_has_rows() and not node.inputs[at : at + 1]
        total = rank + len(axes) if shift else rank
        return (
            node.only_first_has_rows()
            and (bool(axes) or not needed)
            and all(axis % total != 0 for axis in axes)
        )

    return check


def _slice(node: _Node) -> bool:
    axes, rank = node.integers(3, "axes"), node.rank()
    return (
        node.only_first_has_rows()
        and bool(axes)
        and rank is not None
        and all(axis % rank != 0 for axis in axes or ())
    )


def _concat(node: _Node) -> bool:
    ranks = {node.rank(at) for at in range(len(node.inputs))}
    rank = next(iter(ranks))
    return (
        all(map(node.has_rows, range(len(node.inputs))))
        and len(ranks) == 1
        and bool(rank)
        and node.attribute("axis", 1) % (rank or 1) != 0
    )


def _gather(node: _Node) -> bool:
    """Check for rows that index a constant table, or a constant index within every row."""
    axis, rank = node.attribute("axis", 0), node.rank()
    if node.has_rows(1):
        return not node.has_rows(0) and axis == 0
    return rank is not None and axis % rank != 0


def _transpose(node: _Node) -> bool:
    perm = node.attribute("perm", None)
    return node.only_first_has_rows() and perm is not None and list(perm)[:1] == [0]


def _reshape(node: _Node) -> bool:
    """Check that the first axis is kept: copied (0), or inferred (-1) with an equal tail."""
    shape = node.integers(1, "shape")
    tail = node.graph.dims.get(node.inputs[0], [])[1:]
    if not node.only_first_has_rows() or not shape:
        return False
    if shape[0] == 0 and not node.attribute("allowzero", 0):
        return True
    if shape[0] != -1 or any(size is None for size in tail):
        return False
    return _product(shape[1:]) == _product([size or 0 for size in tail]) > 0


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= max(0, size)
    return product


def _pad(node: _Node) -> bool:
    pads, rank = node.integers(1, "pads"), node.rank()
    axes = len(node.inputs) > 3 and node.inputs[3]  # noqa: PLR2004
    if not node.only_first_has_rows() or not pads or rank is None or axes:
        return False
    return len(pads) == 2 * rank and pads[0] == pads[rank] == 0


def _flatten(node: _Node) -> bool:
    return node.only_first_has_rows() and node.attribute("axis", 1) == 1


def _normalizes(node: _Node) -> bool:
    rank = node.rank()
    axis = node.attribute("axis", -1)
    return node.only_first_has_rows() and bool(rank) and axis % (rank or 1) != 0


_REDUCTIONS: Final = (
    *(f"Reduce{kind}" for kind in "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split()),  # noqa: SIM905
)
_RULES: Final[Mapping[tuple[str, str], Callable[[_Node], bool]]] = {
    **{("", name): _first for name in (*_UNARY, *_BATCH_FIRST)},
    **{("", name): _broadcasts for name in _BROADCAST},
    **{("", name): _off_axes(1, needed=True) for name in _REDUCTIONS},
    **{("", name): _off_axis("axis", -1) for name in ("Hardmax", "LogSoftmax", "Softmax", "TopK")},
    **{("", name): _off_axis("axis", 0) for name in ("ArgMax", "ArgMin", "Split")},
    **{("", name): _matrix for name in ("MatMul", "MatMulInteger")},
    **{("", name): _quantizes for name in ("DequantizeLinear", "QuantizeLinear")},
    **{(_ML, name): _table_rows for name in _ML_ROWS},
    ("", "BatchNormalization"): _normalizes_batches,
    ("", "Concat"): _concat,
    ("", "Flatten"): _flatten,
    ("", "Gather"): _gather,
    ("", "Gemm"): _gemm,
    ("", "LayerNormalization"): _normalizes,
    ("", "MaxPool"): _pools,
    ("", "Pad"): _pad,
    ("", "QLinearMatMul"): _quantized_matrix,
    ("", "Reshape"): _reshape,
    ("", "Slice"): _slice,
    ("", "Squeeze"): _off_axes(1, needed=True),
    ("", "Transpose"): _transpose,
    ("", "Unsqueeze"): _off_axes(1, needed=True, shift=True),
}
