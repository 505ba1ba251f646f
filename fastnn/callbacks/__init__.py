"""What `fit` tells while it runs, by Keras 3's names: `Callback` to subclass, and those that are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]

_FILES = {
    "backup_and_restore": "BackupAndRestore",
    "base": "Callback History",
    "callback_list": "CallbackList",
    "csv_logger": "CSVLogger",
    "early_stopping": "EarlyStopping",
    "lambda_callback": "LambdaCallback",
    "learning_rate_scheduler": "LearningRateScheduler",
    "model_checkpoint": "ModelCheckpoint",
    "progbar_logger": "ProgbarLogger",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
    "remote_monitor": "RemoteMonitor",
    "swap_ema_weights": "SwapEMAWeights",
    "tensorboard": "TensorBoard",
    "terminate_on_nan": "TerminateOnNaN",
}

if TYPE_CHECKING:
    from .backup_and_restore import BackupAndRestore
    from .base import Callback, History
    from .callback_list import CallbackList
    from .csv_logger import CSVLogger
    from .early_stopping import EarlyStopping
    from .lambda_callback import LambdaCallback
    from .learning_rate_scheduler import LearningRateScheduler
    from .model_checkpoint import ModelCheckpoint
    from .progbar_logger import ProgbarLogger
    from .reduce_lr_on_plateau import ReduceLROnPlateau
    from .remote_monitor import RemoteMonitor
    from .swap_ema_weights import SwapEMAWeights
    from .tensorboard import TensorBoard
    from .terminate_on_nan import TerminateOnNaN
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
