"""Measures fastnn beside other libraries: training steps, inference, kernels (python -m benchmarks.run; README.md)."""
