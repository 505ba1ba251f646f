"""Pictures and arrays: reading, writing and resizing with Pillow, which is in the extra `images`."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError("images: expected the package Pillow; pip install pillow", name="PIL") from missing
    return Image


def _channels_last(where: str, data_format: str | None) -> None:
    if data_format not in (None, "channels_last"):
        raise ValueError(f"{where}: expected data_format 'channels_last', got {data_format!r}")


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """A picture of an array (height, width, channels) with one, three or four channels.

    Parameters
    ----------
    x : array
    data_format : None or "channels_last"
    scale : bool, default True
        Whether the smallest number becomes 0 and the largest 255.
    dtype : optional
        What is computed in; float32 when not given.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ValueError
        The array has other axes or channels.
    """
    _channels_last("array_to_img", data_format)
    array = np.asarray(x, np.float32 if dtype is None else dtype)
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4):
        raise ValueError(f"array_to_img: expected (height, width, 1, 3 or 4 channels), got shape {array.shape}")
    if scale:
        array = array - array.min()
        largest = array.max()
        array = array / largest * 255 if largest else array
    if array.shape[-1] == 1:
        wide = array.max() > 255  # more than 8 bits: whole numbers of 32
        return _pillow().fromarray(array[:, :, 0].astype(np.int32 if wide else np.uint8))
    return _pillow().fromarray(array.astype(np.uint8))


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray[Any, Any]:
    """The numbers of a picture, (height, width, channels), of float32 unless `dtype` says otherwise.

    Raises
    ------
    ValueError
        It isn't a picture.
    """
    _channels_last("img_to_array", data_format)
    array = np.asarray(img, dtype=np.float32 if dtype is None else dtype)
    if array.ndim not in (2, 3):
        raise ValueError(f"img_to_array: expected a picture of two or three axes, got shape {array.shape}")
    return array if array.ndim == 3 else array[..., None]


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array (height, width, channels) as a picture.

    Parameters
    ----------
    path : str, path or file
    x, data_format, scale
        As for `array_to_img`.
    file_format : str, optional
        Such as "png"; the suffix of the path says it when not given.
    **kwargs
        For Pillow's ``save``.
    """
    picture = array_to_img(x, data_format=data_format, scale=scale)
    if picture.mode == "RGBA" and file_format in ("jpg", "jpeg"):
        picture = picture.convert("RGB")
    picture.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read a picture.

    Parameters
    ----------
    path : str, path or file
    color_mode : {"rgb", "rgba", "grayscale"}, default "rgb"
    target_size : (height, width), optional
        What the picture is resized to.
    interpolation : {"nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"}, default "nearest"
    keep_aspect_ratio : bool, default False
        Whether the middle of the picture that has the target's shape is taken, instead of all of it.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ValueError
        A mode or an interpolation is not known.
    OSError
        The file can't be read.
    """
    if color_mode not in _MODES:
        raise ValueError(f"load_img: expected color_mode {', '.join(_MODES)}, got {color_mode!r}")
    if interpolation not in _FILTERS:
        raise ValueError(f"load_img: expected interpolation {', '.join(_FILTERS)}, got {interpolation!r}")
    images = _pillow()
    with images.open(path) as file:
        deep = color_mode == "grayscale" and file.mode in ("I;16", "I")  # more than 8 bits stay
        picture = file.copy() if deep else file.convert(_MODES[color_mode])
    if target_size is None:
        return picture
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        w, h = picture.size
        crop_h, crop_w = min(h, w * height // width), min(w, h * width // height)
        top, left = (h - crop_h) // 2, (w - crop_w) // 2
        box = (left, top, left + crop_w, top + crop_h)
    return picture.resize((width, height), getattr(images.Resampling, interpolation.upper()), box)
