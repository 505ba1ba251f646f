"""Pictures of models, drawn by Graphviz: its Python package is in the extra `plot`, its program dot is the system's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..models import Model

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
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """A model as a graph, one box for each layer. What flows where is known of models that are layers in a row; of a
    model with code of its own the layers stand side by side.

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
    show_layer_activations : bool, default False
    show_trainable : bool, default False

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
        model.name,
        graph_attr={"rankdir": rankdir, "dpi": str(dpi)},
        node_attr={"shape": "box", "fontname": "Helvetica", "style": "rounded"},
    )
    _draw(graph, model, "", shown, expand_nested)
    return graph


def _draw(graph: Any, model: Model, prefix: str, shown: dict[str, bool], expand: bool) -> list[str]:
    """Adds the model's layers; the names of the first and the last one's boxes, when they are in a row."""
    from ..models import Model, Sequential

    ends: list[str] = []
    shape = model._input_shape
    for index, layer in enumerate(model.layers):
        key = f"{prefix}{index}"
        own = [key]
        if expand and isinstance(layer, Model):
            with graph.subgraph(name=f"cluster_{key}") as frame:
                frame.attr(label=layer.name)
                own = _draw(frame, layer, f"{key}.", shown, expand)
        else:
            graph.node(key, _label(layer, shape, shown))
        shape = layer._output_shape if isinstance(model, Sequential) else None
        if isinstance(model, Sequential):
            if ends and own:
                graph.edge(ends[-1], own[0])
            ends += own
    return [ends[0], ends[-1]] if ends else []


def _label(layer: Any, input_shape: Any, shown: dict[str, bool]) -> str:
    lines = [type(layer).__name__]
    if shown["names"]:
        lines[0] = f"{layer.name} ({lines[0]})"
    activation = getattr(layer, "activation", None)
    if shown["activations"] and activation is not None:
        lines.append(f"activation: {getattr(activation, '__name__', activation)}")
    if shown["shapes"]:
        lines.append(f"{_shape(input_shape)} → {_shape(layer._output_shape)}")
    if shown["dtype"]:
        lines.append(str(getattr(layer, "dtype", "float32")))
    if shown["trainable"]:
        lines.append("trainable" if layer.trainable else "not trainable")
    return "\n".join(lines)


def _shape(shape: Any) -> str:
    return "?" if shape is None else str(tuple(shape))
