"""Measures fastnn against NumPy and PyTorch: every op case and whole training steps (python -m benchmarks.run)."""
