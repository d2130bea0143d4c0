"""Canonicalizes ONNX graphs: the same computation gives the same bytes.

tf2onnx numbers constants and nodes in an order that differs between runs, and keeps its counters
between conversions. Nodes are ordered and renamed by traversal from the outputs, so that a rebuild
has the same digest and a fine-tuned version has the tensor names of its parent.
"""

from __future__ import annotations

from typing import Any

from mobile_ai.model_build.errors import need


def canonical(model: Any) -> Any:
    """Order and rename the nodes of a model in place, and return it with inferred shapes.

    Inputs and outputs keep their names. Graphs with subgraphs are not changed.
    """
    graph = model.graph
    if any(a.type in {5, 10} for node in graph.node for a in node.attribute):  # GRAPH(S)
        return model
    ordered = _ordered(graph)
    names = {each.name: each.name for each in [*graph.input, *graph.output]}
    counts: dict[str, int] = {}
    for node in ordered:
        number = counts[node.op_type] = counts.get(node.op_type, -1) + 1
        node.name = f"{node.op_type}_{number}"
        for place, name in enumerate(node.input):
            names.setdefault(name, f"{node.name}.{place}")
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}")
    names[""] = ""  # an omitted optional input
    _rename(graph, ordered, names)
    for end in [*graph.input, *graph.output]:
        for size in end.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = "batch"  # the only free size; tf2onnx numbers it
    model.producer_version = ""
    model.doc_string = graph.doc_string = ""
    graph.name = "network"
    return need("onnx.shape_inference").infer_shapes(model)


def _ordered(graph: Any) -> list[Any]:
    """Return the nodes in topological order, by depth-first traversal from the outputs."""
    makers = {name: node for node in graph.node for name in node.output}
    done: dict[int, Any] = {}
    stack = [(makers[each.name], False) for each in reversed(graph.output) if each.name in makers]
    while stack:
        node, inputs_done = stack.pop()
        if id(node) in done:
            continue
        if inputs_done:
            done[id(node)] = node
            continue
        stack.append((node, True))
        stack += [(makers[name], False) for name in reversed(node.input) if name in makers]
    return list(done.values())


def _rename(graph: Any, ordered: list[Any], names: dict[str, str]) -> None:
    for node in ordered:
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    used = [each for each in graph.initializer if each.name in names]
    for each in used:
        each.name = names[each.name]
    fresh_nodes = [type(node).FromString(node.SerializeToString()) for node in ordered]
    fresh = sorted(
        (type(each).FromString(each.SerializeToString()) for each in used), key=lambda e: e.name
    )
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(fresh_nodes)
    graph.initializer.extend(fresh)
