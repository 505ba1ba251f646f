"""What `fit` tells while it runs, by Keras 3's names: `Callback` to subclass, and those that are ready."""

from __future__ import annotations

from .base import Callback, History
from .logging import CSVLogger, LambdaCallback, LearningRateScheduler, ProgbarLogger, TensorBoard, TerminateOnNaN
from .monitoring import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from .restoring import BackupAndRestore, SwapEMAWeights

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
