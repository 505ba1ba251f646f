"""Pictures of models, drawn by Graphviz: its Python package is in the extra `plot`, its program dot is the system's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..layers.base.symbolic import tensors_in

if TYPE_CHECKING:
    from ..models.model import Model

__all__ = ["model_to_dot", "plot_model"]


def plot_model(
    model: Model,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """Draw a model into a file; arguments as for `model_to_dot`.

    Parameters
    ----------
    model : Model
    to_file : str, path or None, default "model.png"
        Its suffix says the format: .svg, .png, .pdf or .dot, Graphviz's own text. None writes nothing.

    Returns
    -------
    graphviz.Digraph
        Shown as a picture by notebooks.

    Raises
    ------
    ModuleNotFoundError
        The package graphviz isn't there.
    RuntimeError
        Graphviz's program dot isn't there.
    ValueError
        The suffix of to_file names no format.
    """
    drawn = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    )
    if to_file is None:
        return drawn
    from pathlib import Path

    path = Path(to_file)
    suffix = path.suffix[1:].lower()
    if suffix == "dot":
        path.write_text(drawn.source, encoding="utf-8")
        return drawn
    if suffix not in ("svg", "png", "pdf"):
        raise ValueError(f"plot_model: expected to_file to end in .svg, .png, .pdf or .dot, got {str(to_file)!r}")
    import graphviz

    try:
        path.write_bytes(drawn.pipe(format=suffix))
    except graphviz.ExecutableNotFound as missing:
        raise RuntimeError(
            "plot_model: expected Graphviz's program dot, which is not there; install Graphviz, or write a .dot file"
        ) from missing
    return drawn


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """A model as a graph, one box for each layer, arrows for what flows where; of a model with code of its own the
    layers stand side by side.

    Parameters
    ----------
    model : Model
    show_shapes : bool, default False
        Shapes of inputs and results, once the model is built.
    show_dtype : bool, default False
    show_layer_names : bool, default True
    rankdir : {"TB", "LR"}, default "TB"
        From top to bottom, or from left to right.
    expand_nested : bool, default False
        Draw the layers of models inside the model, in a frame each.
    dpi : int, default 200
        Dots per inch of a .png.
    subgraph : bool, default False
        As a frame, to be put into another graph.
    show_layer_activations : bool, default False
    show_trainable : bool, default False
    splines : {"ortho", "curved", "polyline", "spline", "line"}, default "ortho"
        How arrows are drawn.

    Returns
    -------
    graphviz.Digraph

    Raises
    ------
    ModuleNotFoundError
        The package graphviz isn't there.
    """
    try:
        import graphviz
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            'plot_model: expected the package graphviz; pip install "fastnn-core[plot]"', name="graphviz"
        ) from missing
    shown = {
        "names": show_layer_names,
        "shapes": show_shapes,
        "dtype": show_dtype,
        "activations": show_layer_activations,
        "trainable": show_trainable,
    }
    graph = graphviz.Digraph(
        f"cluster_{model.name}" if subgraph else model.name,
        graph_attr={"rankdir": rankdir, "dpi": str(dpi), "splines": splines},
        node_attr={"shape": "box", "fontname": "Helvetica", "style": "rounded"},
    )
    _draw(graph, model, "", shown, expand_nested)
    return graph


def _draw(graph: Any, model: Any, prefix: str, shown: dict[str, bool], expand: bool) -> tuple[list[str], list[str]]:
    """Adds the model's layers; the names of the boxes that its inputs go into, and of those that its outputs leave."""
    from ..models.functional import Functional
    from ..models.sequential import Sequential

    if isinstance(model, Functional):
        return _draw_functional(graph, model, prefix, shown, expand)
    before: list[str] = []
    first: list[str] = []
    shape = model._input_shape
    for index, layer in enumerate(model.layers):
        starts, ends = _box(graph, layer, f"{prefix}{index}", shape, layer._output_shape, shown, expand)
        shape = None
        if isinstance(model, Sequential):
            shape = layer._output_shape
            for source, target in zip(before, starts, strict=False):
                graph.edge(source, target)
            first, before = first or starts, ends
    return first, before


def _draw_functional(
    graph: Any, model: Any, prefix: str, shown: dict[str, bool], expand: bool
) -> tuple[list[str], list[str]]:
    """As `_draw`, by the calls of the layers on each other's results."""
    boxes: dict[int, tuple[list[str], list[str]]] = {}
    calls = model._node_calls
    for index, layer in enumerate(model.operations):
        node = next((call for call in calls if call.layer is layer), None)
        given = layer._input_shape if node is None else _shapes(node.inputs())
        made = given if node is None else _shapes(tensors_in(node.outputs))
        boxes[id(layer)] = _box(graph, layer, f"{prefix}{index}", given, made, shown, expand)

    def end(t: Any) -> str:
        ends = boxes[id(t.node.layer)][1]
        return str(ends[min(t.index, len(ends) - 1)])

    edges: dict[tuple[str, str], None] = {}  # each once, in order
    for node in calls:
        starts = boxes[id(node.layer)][0]
        for place, t in enumerate(node.inputs()):
            edges[end(t), starts[min(place, len(starts) - 1)]] = None
    for source, target in edges:
        graph.edge(source, target)
    return [end(t) for t in model.inputs], [end(t) for t in model.outputs]


def _box(
    graph: Any, layer: Any, key: str, given: Any, made: Any, shown: dict[str, bool], expand: bool
) -> tuple[list[str], list[str]]:
    """Adds a layer, a model within the model in a frame of its own; the names of its first and its last boxes."""
    from ..models.model import Model

    if expand and isinstance(layer, Model):
        with graph.subgraph(name=f"cluster_{key}") as frame:
            frame.attr(label=layer.name)
            starts, ends = _draw(frame, layer, f"{key}.", shown, expand)
            if starts:
                return starts, ends
    graph.node(key, _label(layer, given, made, shown))
    return [key], [key]


def _shapes(tensors: Any) -> Any:
    """The shape of one symbolic tensor, or of several in a list."""
    shapes = [t.shape for t in tensors]
    return shapes[0] if len(shapes) == 1 else shapes


def _label(layer: Any, given: Any, made: Any, shown: dict[str, bool]) -> str:
    lines = [type(layer).__name__]
    if shown["names"]:
        lines[0] = f"{layer.name} ({lines[0]})"
    activation = getattr(layer, "activation", None)
    if shown["activations"] and activation is not None:
        lines.append(f"activation: {getattr(activation, '__name__', activation)}")
    if shown["shapes"]:
        lines.append(f"{_shape(given)} → {_shape(made)}")
    if shown["dtype"]:
        lines.append(str(layer.dtype))
    if shown["trainable"]:
        lines.append("trainable" if layer.trainable else "not trainable")
    return "\n".join(lines)


def _shape(shape: Any) -> str:
    """A shape, several of them in a list, or a question mark for one that isn't known."""
    if isinstance(shape, list):
        return ", ".join(map(_shape, shape))
    return "?" if shape is None else str(tuple(shape))
