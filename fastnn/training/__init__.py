"""compile, fit, evaluate and predict: what makes a layer a model.

`Trainer` is built up in stages, a file each: what compile was told (compilation), the functions that are recorded
(functions), the programs made of them and when they go (programs), data tried before anything changes (trials),
evaluation and prediction (inference), and the loop over epochs (fitting). State changes only when a step commits, so an
error or Ctrl-C leaves the last whole step.
"""
